"""The class that users meet: composes the stages and does nothing else.

>>> from assistant import Assistant
>>> Assistant.load().ask("怎么注销账户").citations[0].clause
'五、4'
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.address import find_address, resolve
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
from assistant.bank import bank_files, digest_of, read_bank, tie
from assistant.calibration import Calibration, features_of, load_calibration
from assistant.clause import Answer, Clause, Contact, Hit, Policy, Source
from assistant.corpus import read_corpus
from assistant.embed import Encoder, StaticEncoder, fingerprint, load_encoder
from assistant.errors import AssistantError, ClauseNotFound, CorpusError, QuestionError
from assistant.index import Index, build_index, searched_text
from assistant.known import load_known
from assistant.lexicon import Lexicon, load_lexicon
from assistant.parse import parse
from assistant.retrieve import Found, Scope, retrieve
from assistant.search import Finding, Wanted, find
from assistant.segment import ngrams, segment
from assistant.settings import Settings
from assistant.signals import Retrievers, Signals
from assistant.small_talk import SmallTalk
from assistant.store import check, identity, load_index, located, read_manifest, recipe, save_index
from assistant.terms import Terms
from assistant.understand import Query, understand

MOST_PARTS, MOST_NAMED = 4, 20
Chosen = str | Sequence[str] | None
Progress = Callable[[str, int, int], None]


class Assistant:
    """Answers questions about the policies of one index, with their clauses word for word."""

    def __init__(self, index: Index, encoder: Encoder, calibration: Calibration, settings: Settings) -> None:
        self.index, self.encoder, self.calibration, self.settings = index, encoder, calibration, settings
        self.retrievers = Retrievers(index, encoder, _terms(index, encoder), load_known(settings.model))
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
        manifest = read_manifest(settings.index)
        sources = read_corpus(settings.corpus)
        check(manifest, settings.index, fingerprint(settings.model), settings, sources)
        return cls(load_index(settings.index, manifest), encoder, load_calibration(settings.model), settings)

    @classmethod
    def build(cls, corpus: str | Path, settings: Settings | None = None, progress: Progress = lambda *_: None) -> Assistant:
        """Read, parse, embed and index a policy file or a folder of them; nothing is written.

        :param progress: called with (stage, done, total)
        :raises CorpusError: if a file cannot be read
        """
        settings = replace(settings or Settings.from_environment(), corpus=Path(corpus))
        sources = read_corpus(settings.corpus)
        encoder = load_encoder(settings.model)
        policies: list[Policy] = []
        for done, source in enumerate(sources, 1):
            policies.append(parse(source))
            progress("解析", done, len(sources))
        progress("建立索引", 0, 1)
        if empty := [p.source.filename for p in policies if not p.clauses]:
            raise CorpusError(f"没有读出任何条款: {'、'.join(empty)}。请检查文件里是否有正文。")
        files = bank_files(settings.banks)
        index = build_index(policies, encoder, settings, _banks(policies, files), digest_of(files))
        progress("建立索引", 1, 1)
        return cls(index, encoder, load_calibration(settings.model), settings)

    @classmethod
    def cached(cls, corpus: str | Path, settings: Settings | None = None) -> Assistant:
        """Return an assistant for any file or folder; its index is kept in the cache, by content."""
        settings = replace(settings or Settings.from_environment(), corpus=Path(corpus))
        sources = read_corpus(Path(corpus))
        encoder = fingerprint(settings.model)
        folder = settings.cache / _content_key(sources, encoder, digest_of(bank_files(settings.banks)))
        try:
            manifest = read_manifest(folder)
            check(manifest, folder, encoder, settings, sources)
            index = load_index(folder, manifest)
            return cls(index, load_encoder(settings.model), load_calibration(settings.model), settings)
        except AssistantError:
            built = cls.build(corpus, settings)
            with contextlib.suppress(OSError, AssistantError):  # a cache that cannot be written only costs time
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
        cleaned = clean_question(question, self.settings.longest_question)
        policies = self._chosen(policy)
        query = understand(cleaned, history, self.lexicon)
        found = Judged((), 0.0, "not_covered", NO_WORDS)
        if is_askable(query.standalone):
            found = self._judge(query, Scope(policies))
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

    def _judge(self, query: Query, scope: Scope) -> Judged:
        """Find the clauses for a query and decide whether they cover it, part by part if it has parts."""
        gathered: dict[str, Signals] = {}
        found = retrieve(query, self.retrievers, self.settings, scope, gathered)
        words = query.views[0][0]
        if talk := self.small_talk.reply(words, gathered.get(words, found.signals)):
            return Judged(found.hits, 0.0, "not_covered", talk)
        confidence = self._confidence(query.standalone, found)
        if not query.parts:
            verdict = verdict_of(confidence, self.calibration.threshold)
            cited = cite(found.hits, self.settings.cited)
            return Judged(found.hits, confidence, verdict, "" if verdict == "answered" else NOT_COVERED, cited)
        parts = query.parts[:MOST_PARTS]
        asked = [(part, retrieve(part, self.retrievers, self.settings, scope, gathered)) for part in parts]
        if query.listed:
            hits = merge(found.hits, [found.hits for _, found in asked], scope.limit)
            verdict = verdict_of(confidence, self.calibration.threshold)
            return Judged(hits, confidence, verdict, "" if verdict == "answered" else NOT_COVERED, hits[: len(asked)])
        sure = [self._confidence(part.standalone, found) for part, found in asked]
        return judge_parts(found.hits, confidence, asked, sure, self.calibration.threshold, self.settings.cited)

    def _confidence(self, question: str, found: Found) -> float:
        """Return the probability that the policy covers a question; a clause asked for by its number is there."""
        if found.hits and found.hits[0].evidence.exact:
            return 1.0
        return self.calibration.confidence(features_of(question, found, self.retrievers))

    def search(self, words: str, policy: Chosen = None) -> list[Hit]:
        """Return the best clauses for words, "exact phrases", -exclusions or a clause number, best first; as `find`."""
        return list(self.find(Wanted(words, policy)).hits)

    def find(self, wanted: Wanted) -> Finding:
        """Search with filters and order.

        :raises QuestionError: if nothing is asked for, or there is no such policy
        :raises ClauseNotFound: if the words are a clause number that does not exist
        """
        wanted = replace(wanted, policy=self._chosen(wanted.policy))
        return find(wanted, self.retrievers, self.settings, self._confidence, self.calibration.threshold)

    def show(self, number: str, policy: Chosen = None) -> tuple[Policy, list[int]]:
        """Return the policy and the positions of the clauses at a number or an anchor, in reading order.

        :raises ClauseNotFound: if no policy has that number
        """
        policies = self._chosen(policy)
        for candidate in self.policies:
            if (not policies or candidate.source.policy in policies) and (positions := _positions(number, candidate.clauses)):
                return candidate, positions
        raise ClauseNotFound(f"没有编号为「{number}」的条款。请核对编号, 或按文字搜索。")

    def _chosen(self, policy: Chosen) -> tuple[str, ...]:
        """Return the ids of the policies that are meant, () for all; several may come as one string, "a,b".

        :raises QuestionError: if one of them is not in the index
        """
        named = [policy] if isinstance(policy, str) else policy or ()
        names = [name.strip() for each in named for name in ([each] if each in self.index.ranges else each.split(","))]
        chosen = tuple(dict.fromkeys(name for name in names if name))
        if unknown := next((name for name in chosen if name not in self.index.ranges), None):
            known = list(self.index.ranges)
            shown = "、".join(known[:MOST_NAMED]) + (f" 等 {len(known)} 份" if len(known) > MOST_NAMED else "")
            raise QuestionError(f"没有名为「{unknown[:80]}」的政策。可选: {shown}。")
        return () if len(chosen) == len(self.index.ranges) else chosen

    def _source(self, policies: Sequence[str]) -> Source:
        """Return the source of the first of some policies, or of all."""
        return next((p.source for p in self.policies if p.source.policy in policies[:1]), self.policies[0].source)


def _positions(number: str, clauses: Sequence[Clause]) -> list[int]:
    """Return where a clause number or an anchor leads in one policy."""
    named = [i for i, clause in enumerate(clauses) if number.strip() in (clause.anchor, clause.clause)]
    if named:
        return named
    address = find_address(number)
    return resolve(address[0], clauses) if address else []


def _content_key(sources: Sequence[Source], encoder: str, bank: str) -> str:
    """Return a folder name for the index of these sources."""
    digest = hashlib.sha256("\n".join([recipe(), encoder, bank, *(identity(s) for s in sources)]).encode())
    return digest.hexdigest()[:20]


def _banks(policies: Sequence[Policy], files: Sequence[Path]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the questions of each policy that has a bank."""
    banks = [read_bank(file) for file in files]
    found = {p.source.policy: [ties.held for bank in banks if (ties := tie(bank, p.clauses))] for p in policies}
    return {policy: tuple(question for held in ties for question in held) for policy, ties in found.items() if ties}


def _terms(index: Index, encoder: Encoder) -> Terms | None:
    """Return the late interaction that comes with the encoder, if one does."""
    if not isinstance(encoder, StaticEncoder) or encoder.terms is None:
        return None
    return Terms(encoder.vocabulary, encoder.terms, [segment(searched_text(c, headings=1)) for c in index.clauses])


def _lexicon(index: Index) -> Lexicon:
    """Return the words of the domain together with those of these policies."""
    lexicon = load_lexicon()
    lexicon.learn(index.bm25.vocab_dict)
    lexicon.pairs.update(gram for question in index.questions for gram in ngrams(question) if len(gram) == 2)
    return lexicon
