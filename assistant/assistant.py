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
    Judged,
    clean_question,
    contacts_of,
    is_askable,
)
from assistant.bank import bank_files, digest_of
from assistant.building import Progress, built
from assistant.calibration import Calibration, load_calibration
from assistant.clause import Answer, Contact, Hit, Policy, Source
from assistant.corpus import fingerprints
from assistant.embed import Encoder, StaticEncoder, fingerprint, load_encoder
from assistant.errors import AssistantError, ClauseNotFound, QuestionError
from assistant.index import Index
from assistant.judge import Judge
from assistant.known import load_known
from assistant.lexicon import Lexicon, load_lexicon
from assistant.locate import Locator, missing
from assistant.numbering import spelled_out
from assistant.retrieve import Scope
from assistant.search import Finding, Wanted, find
from assistant.segment import ngrams
from assistant.settings import Settings
from assistant.signals import Retrievers
from assistant.small_talk import SmallTalk
from assistant.store import check, load_index, located, read_manifest, recipe, save_index
from assistant.swap import undisturbed
from assistant.terms import Terms
from assistant.understand import understand

MANY_WORDS = 20_000  # with so many the first question with a slip would wait for them, and starting takes seconds anyway
MOST_NAMED = 20
Chosen = str | Sequence[str] | None


class Assistant:
    """Answers questions about the policies of one index, with their clauses word for word."""

    def __init__(self, index: Index, encoder: Encoder, calibration: Calibration, settings: Settings) -> None:
        self.index, self.encoder, self.calibration, self.settings = index, encoder, calibration, settings
        self.retrievers = Retrievers(index, encoder, _terms(index, encoder), load_known(settings.model), Locator(index))
        self.lexicon = _lexicon(index)
        self.judge = Judge(self.retrievers, calibration, SmallTalk(encoder), settings)
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
        self, question: str, history: Sequence[Mapping[str, Any]] = (), *, policy: Chosen = None, id: str | None = None
    ) -> Answer:
        """Answer one question from one policy, from several, or from all.

        :param history: earlier turns, {"role": "user" | "assistant", "content": str}
        :param id: handed through to the answer
        :raises QuestionError: if the question is empty or too long, or there is no such policy
        """
        began = time.perf_counter()
        cleaned = spelled_out(clean_question(question, self.settings.longest_question))
        policies = self._chosen(policy)
        query = understand(cleaned, history, self.lexicon)
        found = Judged((), 0.0, "not_covered", NO_WORDS)
        if is_askable(query.standalone):
            found = self.judge.pointed(cleaned, query, Scope(policies))
        source = self._source([*(hit.policy for hit in found.hits[:1]), *policies] if len(policies) != 1 else policies)
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

    def search(self, words: str, policy: Chosen = None) -> list[Hit]:
        """Return the best clauses for words, "exact phrases", -exclusions or a clause number, best first; as `find`."""
        return list(self.find(Wanted(words, policy)).hits)

    def find(self, wanted: Wanted) -> Finding:
        """Search with filters and order.

        :raises QuestionError: if nothing is asked for, or there is no such policy
        :raises ClauseNotFound: if the words are a clause number that does not exist
        """
        wanted = replace(wanted, policy=self._chosen(wanted.policy))
        return find(wanted, self.retrievers, self.settings, self.judge.confidence, self.calibration.threshold)

    def show(self, number: str, policy: Chosen = None) -> list[tuple[Policy, list[int]]]:
        """Return the policies that have a clause number or an anchor, each with the positions of its clauses, in order.

        :param number: as people write it, with or without the name of its document
        :raises ClauseNotFound: if no policy has that number; it says which numbers there are
        """
        policies = self._chosen(policy)
        located = self.retrievers.locator.locate(number, policies)
        anchors = self.index.places.anchors
        found = anchors.get(number.strip(), ()) or located.numbers or self.index.places.labels.get(number.strip(), ())
        shown = [
            (candidate, positions)
            for candidate in self.policies
            if (not policies or candidate.source.policy in policies)
            and (within := self.index.ranges[candidate.source.policy])
            and (positions := [n - within.start for n in found if n in within])
        ]
        if not shown:
            raise ClauseNotFound(missing(located, number))
        return shown

    def _chosen(self, policy: Chosen) -> tuple[str, ...]:
        """Return the ids of the policies meant, in the order of the index, () for all; several may come as one string, "a,b".

        :raises QuestionError: if one of them is not in the index
        """
        named = [policy] if isinstance(policy, str) else policy or ()
        names = [name.strip() for each in named for name in ([each] if each in self.index.ranges else each.split(","))]
        chosen = tuple(dict.fromkeys(name for name in names if name))
        if unknown := next((name for name in chosen if name not in self.index.ranges), None):
            known = list(self.index.ranges)
            shown = "、".join(known[:MOST_NAMED]) + (f" 等 {len(known)} 份" if len(known) > MOST_NAMED else "")
            raise QuestionError(f"没有名为「{unknown[:80]}」的政策。可选: {shown}。")
        return () if len(chosen) == len(self.index.ranges) else tuple(name for name in self.index.ranges if name in chosen)

    def _source(self, policies: Sequence[str]) -> Source:
        """Return the source of the first of some policies, or of all."""
        return next((p.source for p in self.policies if p.source.policy in policies[:1]), self.policies[0].source)


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
