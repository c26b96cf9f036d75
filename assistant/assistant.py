"""The class that users meet: composes the stages and does nothing else.

>>> from assistant import Assistant
>>> Assistant.load().ask("怎么注销账户").citations[0].clause
'五、4'
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.answer import (
    NO_WORDS,
    NOT_COVERED,
    Judged,
    cite,
    clean_question,
    contacts_of,
    is_askable,
    judge_parts,
    merge,
    verdict_of,
)
from assistant.bank import bank_files, digest_of
from assistant.building import Progress, built
from assistant.calibration import Calibration, features_of, load_calibration
from assistant.clause import Answer, Contact, Hit, Policy, Source
from assistant.corpus import fingerprints
from assistant.embed import Encoder, StaticEncoder, fingerprint, load_encoder
from assistant.errors import AssistantError, ClauseNotFound, QuestionError
from assistant.index import Index
from assistant.known import load_known
from assistant.lexicon import Lexicon, load_lexicon
from assistant.locate import MORE, Located, Locator, missing
from assistant.numbering import spelled_out
from assistant.retrieve import Found, Scope, narrowed, retrieve
from assistant.search import Finding, Wanted, find
from assistant.segment import ngrams
from assistant.settings import Settings
from assistant.signals import Retrievers, Signals
from assistant.small_talk import SmallTalk
from assistant.store import check, load_index, located, read_manifest, recipe, save_index
from assistant.swap import undisturbed
from assistant.terms import Terms
from assistant.understand import Query, understand

MOST_PARTS = 4
MANY_WORDS = 20_000  # with so many the first question with a slip would wait for them, and starting takes seconds anyway


class Assistant:
    """Answers questions about the policies of one index, with their clauses word for word."""

    def __init__(self, index: Index, encoder: Encoder, calibration: Calibration, settings: Settings) -> None:
        self.index, self.encoder, self.calibration, self.settings = index, encoder, calibration, settings
        self.retrievers = Retrievers(index, encoder, _terms(index, encoder), load_known(settings.model), Locator(index))
        self.lexicon = _lexicon(index)
        self.small_talk = SmallTalk(encoder)
        encoder.encode(["预热"], query=True)  # jieba reads its dictionary now, not at the first question
        self.contacts: dict[str, tuple[Contact, ...]] = {p.source.policy: contacts_of(p) for p in index.policies}

    @classmethod
    def load(cls, settings: Settings | None = None) -> Assistant:
        """Load the built index, if it belongs to the corpus and the encoder of the settings.

        :raises IndexMissing, IndexStale, IndexDamaged: with the command that mends it
        """
        settings = located(settings or Settings.from_environment())
        encoder = load_encoder(settings.model)
        with undisturbed(settings.index):
            manifest = read_manifest(settings.index)
            check(manifest, settings.index, fingerprint(settings.model), settings, fingerprints(settings.corpus))
            index = load_index(settings.index, manifest)
        return cls(index, encoder, load_calibration(settings.model), settings)

    @classmethod
    def build(cls, corpus: str | Path, settings: Settings | None = None, progress: Progress = lambda *_: None) -> Assistant:
        """Read, parse, embed and index a policy file or a folder of them; nothing is written.

        Files that the index of the settings holds already are taken from there, with the same result.

        :param progress: called with (stage, done, total), where `done` counts files in 解析 and clauses in 向量; what it
            raises ends the building
        :raises CorpusError: if a file cannot be read
        """
        settings = replace(settings or Settings.from_environment(), corpus=Path(corpus))
        encoder = load_encoder(settings.model)
        index = built(encoder, settings, progress)
        return cls(index, encoder, load_calibration(settings.model), settings)

    @classmethod
    def cached(cls, corpus: str | Path, settings: Settings | None = None) -> Assistant:
        """Return an assistant for any file or folder; its index is kept in the cache, by content."""
        settings = replace(settings or Settings.from_environment(), corpus=Path(corpus))
        files, encoder = fingerprints(settings.corpus), fingerprint(settings.model)
        folder = settings.cache / _content_key(files, encoder, digest_of(bank_files(settings.banks)))
        try:
            with undisturbed(folder):
                manifest = read_manifest(folder)
                check(manifest, folder, encoder, settings, files)
                index = load_index(folder, manifest)
            return cls(index, load_encoder(settings.model), load_calibration(settings.model), settings)
        except AssistantError:
            built = cls.build(corpus, settings)
            with contextlib.suppress(AssistantError):  # a cache that cannot be written only costs time
                built.save(folder)
            return built

    def save(self, folder: Path) -> None:
        """Write the index to a folder, replacing the one that is there."""
        save_index(self.index, folder, fingerprint(self.settings.model), self.settings)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies in the index."""
        return self.index.policies

    def ask(
        self, question: str, history: Sequence[Mapping[str, Any]] = (), *, policy: str | None = None, id: str | None = None
    ) -> Answer:
        """Answer one question from one policy, or from all.

        :param history: earlier turns, {"role": "user" | "assistant", "content": str}
        :param id: handed through to the answer
        :raises QuestionError: if the question is empty or too long, or there is no such policy
        """
        began = time.perf_counter()
        cleaned = spelled_out(clean_question(question, self.settings.longest_question))
        self._check_policy(policy)
        query = understand(cleaned, history, self.lexicon)
        found = Judged((), 0.0, "not_covered", NO_WORDS)
        if is_askable(query.standalone):
            found = self._pointed(cleaned, query, Scope(policy))
        source = self._source(policy or (found.hits[0].policy if found.hits else None))
        covered = found.verdict != "not_covered"
        return Answer(
            id=id,
            question=question.encode("utf-8", "replace").decode(),  # half a surrogate pair cannot be written as JSON
            standalone=query.standalone,
            verdict=found.verdict,
            confidence=round(found.confidence, 4),
            citations=found.cited if covered else (),
            hits=found.hits,
            policy_version=source.version,
            took_ms=round((time.perf_counter() - began) * 1000, 2),
            note=found.note,
            contacts=() if covered else self.contacts[source.policy],
            parts=found.parts,
        )

    def _pointed(self, asked: str, query: Query, scope: Scope) -> Judged:
        """Judge a query among the documents that it names, and say what the documents and numbers in it lead to."""
        within = (scope.policy,) if scope.policy else ()
        located = self.retrievers.locator.follow(asked, query.standalone, within)
        inner = narrowed(scope, located, self.index)
        judged = self._judge(query, inner, located)
        if located.certain and not located.numbers:
            return Judged(judged.hits, 0.0, "not_covered", missing(located))
        notes = [judged.note, located.note]
        if located.only and len(located.numbers) > scope.limit:
            notes.append(MORE.format(len(located.numbers), len(judged.cited)))
        return replace(judged, note="\n".join(filter(None, notes)))

    def _judge(self, query: Query, scope: Scope, located: Located) -> Judged:
        """Find the clauses for a query and decide whether they cover it, part by part if it has parts."""
        gathered: dict[str, Signals] = {}
        found = retrieve(query, self.retrievers, self.settings, scope, gathered)
        words = query.views[0][0]
        if talk := self.small_talk.reply(words, gathered.get(words, found.signals)):
            return Judged(found.hits, 0.0, "not_covered", talk)
        confidence = self._confidence(query.standalone, found)
        if not query.parts:
            verdict = verdict_of(confidence, self.calibration.threshold)
            cited = cite(found.hits, scope.limit if located.whole else self.settings.cited)
            return Judged(found.hits, confidence, verdict, "" if verdict == "answered" else NOT_COVERED, cited)
        parts = query.parts[:MOST_PARTS]
        asked = [(part, self._part(part, scope, gathered)) for part in parts]
        if query.listed:
            hits = merge(found.hits, [found.hits for _, found in asked], scope.limit)
            verdict = verdict_of(confidence, self.calibration.threshold)
            return Judged(hits, confidence, verdict, "" if verdict == "answered" else NOT_COVERED, hits[: len(asked)])
        sure = [self._confidence(part.standalone, found) for part, found in asked]
        return judge_parts(found.hits, confidence, asked, sure, self.calibration.threshold, self.settings.cited)

    def _part(self, part: Query, scope: Scope, gathered: dict[str, Signals]) -> Found:
        """Return the clauses for one question of several, among the documents that it names itself."""
        located = self.retrievers.locator.locate(part.views[0][0], (scope.policy,) if scope.policy else ())
        inner = narrowed(scope, located, self.index)
        return retrieve(part, self.retrievers, self.settings, inner, gathered if inner == scope else {})

    def _confidence(self, question: str, found: Found) -> float:
        """Return the probability that the policy covers a question; a clause asked for by its number is there."""
        if found.hits and found.hits[0].evidence.exact:
            return 1.0
        return self.calibration.confidence(features_of(question, found, self.retrievers))

    def search(self, words: str, policy: str | None = None) -> list[Hit]:
        """Return the best clauses for words, "exact phrases", -exclusions or a clause number, best first; as `find`."""
        return list(self.find(Wanted(words, policy)).hits)

    def find(self, wanted: Wanted) -> Finding:
        """Search with filters and order.

        :raises QuestionError: if nothing is asked for, or there is no such policy
        :raises ClauseNotFound: if the words are a clause number that does not exist
        """
        self._check_policy(wanted.policy)
        return find(wanted, self.retrievers, self.settings, self._confidence, self.calibration.threshold)

    def show(self, number: str, policy: str | None = None) -> list[tuple[Policy, list[int]]]:
        """Return the policies that have a clause number or an anchor, each with the positions of its clauses, in order.

        :param number: as people write it, with or without the name of its document
        :raises ClauseNotFound: if no policy has that number; it says which numbers there are
        """
        self._check_policy(policy)
        located = self.retrievers.locator.locate(number, (policy,) if policy else ())
        anchors = self.index.places.anchors
        found = anchors.get(number.strip(), ()) or located.numbers or self.index.places.labels.get(number.strip(), ())
        shown = [
            (candidate, positions)
            for candidate in self.policies
            if policy in (None, candidate.source.policy)
            and (within := self.index.ranges[candidate.source.policy])
            and (positions := [n - within.start for n in found if n in within])
        ]
        if not shown:
            raise ClauseNotFound(missing(located, number))
        return shown

    def _check_policy(self, policy: str | None) -> None:
        """Refuse the name of a policy that is not in the index."""
        if policy is not None and policy not in self.index.ranges:
            raise QuestionError(f"没有名为「{policy}」的政策。可选: {'、'.join(self.index.ranges)}。")

    def _source(self, policy: str | None) -> Source:
        """Return the source of a policy, or the first."""
        return next((p.source for p in self.policies if p.source.policy == policy), self.policies[0].source)


def _content_key(files: Mapping[str, str], encoder: str, bank: str) -> str:
    """Return a folder name for the index of these files."""
    digest = hashlib.sha256("\n".join([recipe(), encoder, bank, *(f"{name} {file}" for name, file in files.items())]).encode())
    return digest.hexdigest()[:20]


def _terms(index: Index, encoder: Encoder) -> Terms | None:
    """Return the late interaction that comes with the encoder, if one does."""
    if not isinstance(encoder, StaticEncoder) or encoder.terms is None:
        return None
    return Terms(encoder.vocabulary, encoder.terms, index.terms)


def _lexicon(index: Index) -> Lexicon:
    """Return the words of the domain together with those of these policies."""
    lexicon = load_lexicon()
    lexicon.learn(index.bm25.vocab_dict)
    lexicon.pairs.update(gram for question in index.questions for gram in ngrams(question) if len(gram) == 2)
    if len(lexicon.pending) > MANY_WORDS:
        lexicon.settle()
    return lexicon
