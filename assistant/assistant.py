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
from assistant.answer import NO_WORDS, NOT_COVERED, cite, clean_question, contacts_of, is_askable, verdict_of
from assistant.calibration import Calibration, features_of, load_calibration
from assistant.clause import Answer, Clause, Contact, Hit, Policy, Source
from assistant.corpus import read_corpus
from assistant.embed import Encoder, fingerprint, load_encoder
from assistant.errors import AssistantError, ClauseNotFound, CorpusError, QuestionError
from assistant.index import Index, build_index
from assistant.parse import parse
from assistant.retrieve import Scope, phrases_of, retrieve
from assistant.settings import Settings
from assistant.store import check, identity, load_index, located, read_manifest, recipe, save_index

Progress = Callable[[str, int, int], None]


class Assistant:
    """Answers questions about the policies of one index, with their clauses word for word."""

    def __init__(self, index: Index, encoder: Encoder, calibration: Calibration, settings: Settings) -> None:
        self.index, self.encoder, self.calibration, self.settings = index, encoder, calibration, settings
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
        index = build_index(policies, encoder, settings)
        progress("建立索引", 1, 1)
        return cls(index, encoder, load_calibration(settings.model), settings)

    @classmethod
    def cached(cls, corpus: str | Path, settings: Settings | None = None) -> Assistant:
        """Return an assistant for any file or folder; its index is kept in the cache, by content."""
        settings = settings or Settings.from_environment()
        sources = read_corpus(Path(corpus))
        encoder = fingerprint(settings.model)
        folder = settings.cache / _content_key(sources, encoder)
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
        self, question: str, history: Sequence[Mapping[str, Any]] = (), *, policy: str | None = None, id: str | None = None
    ) -> Answer:
        """Answer one question from one policy, or from all.

        :param history: earlier turns, {"role": "user" | "assistant", "content": str}
        :param id: handed through to the answer
        :raises QuestionError: if the question is empty or too long, or there is no such policy
        """
        began = time.perf_counter()
        standalone = clean_question(question, self.settings.longest_question)
        self._check_policy(policy)
        hits: tuple[Hit, ...] = ()
        confidence, note = 0.0, NO_WORDS
        if is_askable(standalone):
            found, signals = retrieve(standalone, self.index, self.encoder, self.settings, Scope(policy))
            hits, note = tuple(found), NOT_COVERED
            named = hits[0].evidence.exact  # a clause that is asked for by its number is there
            confidence = 1.0 if named else self.calibration.confidence(features_of(standalone, found, signals))
        verdict = verdict_of(confidence, self.calibration.threshold)
        covered = verdict != "not_covered"
        source = self._source(policy or (hits[0].policy if hits else None))
        return Answer(
            id=id,
            question=question.encode("utf-8", "replace").decode(),  # half a surrogate pair cannot be written as JSON
            standalone=standalone,
            verdict=verdict,
            confidence=round(confidence, 4),
            citations=cite(hits, self.settings.cited) if covered else (),
            hits=hits,
            policy_version=source.version,
            took_ms=round((time.perf_counter() - began) * 1000, 2),
            note="" if covered else note,
            contacts=() if covered else self.contacts[source.policy],
        )

    def search(self, words: str, policy: str | None = None) -> list[Hit]:
        """Return the best clauses for words, "exact phrases" or a clause number, best first.

        A number gives the clauses at that number and no others, a phrase only clauses that contain it.

        :raises ClauseNotFound: if the words are a clause number that does not exist
        """
        question = clean_question(words, self.settings.longest_question)
        self._check_policy(policy)
        scope = Scope(policy, phrases_of(question), self.settings.found)
        hits = retrieve(question, self.index, self.encoder, self.settings, scope)[0] if is_askable(question) else []
        address = find_address(question)
        exact = [hit for hit in hits if hit.evidence.exact]
        # 五、4 and 第九条 can only be numbers of clauses; a bare 30 may be a word as well
        if address and address[1] and (exact or not question.isalnum() or question.startswith("第")):
            if not exact:
                raise ClauseNotFound(f"没有编号为「{question}」的条款。请核对编号, 或用文字搜索。")
            return exact
        return hits

    def show(self, number: str, policy: str | None = None) -> tuple[Policy, list[int]]:
        """Return the policy and the positions of the clauses at a number or an anchor, in reading order.

        :raises ClauseNotFound: if no policy has that number
        """
        self._check_policy(policy)
        for candidate in self.policies:
            if policy in (None, candidate.source.policy) and (positions := _positions(number, candidate.clauses)):
                return candidate, positions
        raise ClauseNotFound(f"没有编号为「{number}」的条款。请核对编号, 或用 assistant search 按文字搜索。")

    def _check_policy(self, policy: str | None) -> None:
        """Refuse the name of a policy that is not in the index."""
        if policy is not None and policy not in self.index.ranges:
            raise QuestionError(f"没有名为「{policy}」的政策。可选: {'、'.join(self.index.ranges)}。")

    def _source(self, policy: str | None) -> Source:
        """Return the source of a policy, or the first."""
        return next((p.source for p in self.policies if p.source.policy == policy), self.policies[0].source)


def _positions(number: str, clauses: Sequence[Clause]) -> list[int]:
    """Return where a clause number or an anchor leads in one policy."""
    named = [i for i, clause in enumerate(clauses) if number.strip() in (clause.anchor, clause.clause)]
    if named:
        return named
    address = find_address(number)
    return resolve(address[0], clauses) if address else []


def _content_key(sources: Sequence[Source], encoder: str) -> str:
    """Return a folder name for the index of these sources."""
    digest = hashlib.sha256("\n".join([recipe(), encoder, *(identity(s) for s in sources)]).encode())
    return digest.hexdigest()[:20]
