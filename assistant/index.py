"""Stage 4, [Entry] + banks -> Index: FAISS over clauses, sentences and bank questions, bm25s over the clauses' terms.

A long clause answers many questions, each with one of its sentences; so a clause is found by the whole of it and by its
best sentence, and that sentence is the one marked in the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assistant import vectors
from assistant.address import Places
from assistant.clause import Clause, Policy
from assistant.embed import Encoder
from assistant.entry import Entry, joined_rows
from assistant.lexical import BM25, Counts, bm25_of, read_bm25
from assistant.ragged import Ragged
from assistant.settings import IndexFiles, Settings
from assistant.teach import taught
from assistant.vectors import Vectors, flat, nearest, quick, rows_of

QUESTIONS_READ = 200


@dataclass(frozen=True)
class Index:
    """Everything a question needs. Clauses of one policy stand together, in `ranges`.

    :param sentences: int32 [m, 3]: number of the clause, start and end in its source
    :param questions: the questions of the banks, policy by policy
    :param asked: int32 [questions, 2]: a clause of the policy it was asked about, and the clause that answers it, or -1
    :param bank: digest of the banks that the questions come from
    :param taught_vectors: the clauses of policies with a bank, after learning from it; their numbers are `taught`
    :param terms: the terms of each clause for the late interaction; `counts` those for BM25, to build another index from
    """

    policies: tuple[Policy, ...]
    clauses: tuple[Clause, ...]
    ranges: dict[str, range]
    sentences: np.ndarray
    questions: tuple[str, ...]
    asked: np.ndarray
    bank: str
    taught: np.ndarray
    clause_vectors: Vectors
    sentence_vectors: Vectors
    question_vectors: Vectors
    taught_vectors: Vectors
    bm25: BM25
    terms: Ragged
    counts: Counts

    @cached_property
    def places(self) -> Places:
        """Where each clause number leads; made when the first number is asked for."""
        return Places(self.clauses)

    @cached_property
    def _clauses_searched(self) -> Vectors:
        return quick(self.clause_vectors)

    @cached_property
    def _sentences_searched(self) -> Vectors:
        return quick(self.sentence_vectors)

    def nearest_clauses(self, vector: np.ndarray, depth: int, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (clause numbers, cosines) of the clauses nearest to float32 [d], best first."""
        return nearest(self._clauses_searched, vector, depth, within)

    def nearest_sentences(self, vector: np.ndarray, depth: int, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (sentence numbers, cosines) of the sentences nearest to float32 [d], best first."""
        first = int(np.searchsorted(self.sentences[:, 0], within.start))
        last = int(np.searchsorted(self.sentences[:, 0], within.stop))
        return nearest(self._sentences_searched, vector, depth, range(first, last))

    def nearest_questions(self, vector: np.ndarray, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (numbers, cosines) of the bank questions nearest to float32 [d] about clauses in a range, best first."""
        rows = np.flatnonzero((self.asked[:, 0] >= within.start) & (self.asked[:, 0] < within.stop))
        about = range(int(rows[0]), int(rows[-1]) + 1) if len(rows) else range(0)
        return nearest(self.question_vectors, vector, QUESTIONS_READ, about)

    def nearest_taught(self, vector: np.ndarray, depth: int, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (clause numbers, scores) by what the clauses have learned; empty if none in the range has learned.

        Clauses of policies without a bank stand beside them with what they are.
        """
        first, last = (int(row) for row in np.searchsorted(self.taught, [within.start, within.stop]))
        rows, scores = nearest(self.taught_vectors, vector, depth, range(first, last))
        numbers = self.taught[rows]
        if last - first in (0, len(within)):
            return numbers, scores
        others, likeness = self.nearest_clauses(vector, depth + last - first, within)
        plain = ~np.isin(others, self.taught[first:last])
        numbers, scores = np.concatenate([numbers, others[plain]]), np.concatenate([scores, likeness[plain]])
        best = np.argsort(-scores, kind="stable")[:depth]
        return numbers[best], scores[best]

    def vectors_of(self, clauses: np.ndarray) -> np.ndarray:
        """Return the vectors of clauses, float32 [n, d]."""
        return rows_of(self.clause_vectors, clauses)

    def lexical(self, terms: Sequence[str]) -> np.ndarray:
        """Return the BM25 score of every clause, float32 [clauses]."""
        known = [term for term in terms if term in self.bm25.vocab_dict]
        return self.bm25.get_scores(known) if known else np.zeros(len(self.clauses), dtype=np.float32)

    def policy(self, clause: Clause) -> Policy:
        """Return the policy that a clause belongs to."""
        return next(p for p in self.policies if p.source.policy == clause.policy)

    def entries(self) -> list[Entry]:
        """Return the policies one by one, to build another index from."""
        return [self._entry(policy) for policy in self.policies]

    def _entry(self, policy: Policy) -> Entry:
        """Return one policy as `read_policy` made it."""
        within = self.ranges[policy.source.policy]
        first, last = (int(row) for row in np.searchsorted(self.sentences[:, 0], [within.start, within.stop]))
        return Entry(
            policy=policy,
            clause_vectors=self.vectors_of(np.arange(within.start, within.stop)),
            sentences=self.sentences[first:last] - np.array([within.start, 0, 0], dtype=np.int32),
            sentence_vectors=rows_of(self.sentence_vectors, np.arange(first, last)),
            terms=self.terms.cut(within),
            counts=self.counts.cut(within),
        )

    def write(self, files: IndexFiles) -> None:
        """Write vectors, terms and sentence places; the policies themselves are the store's."""
        np.save(files.sentences, self.sentences, allow_pickle=False)
        vectors.write(self.clause_vectors, files.clause_vectors)
        vectors.write(self.sentence_vectors, files.sentence_vectors)
        vectors.write(self.question_vectors, files.question_vectors)
        vectors.write(self.taught_vectors, files.taught_vectors)
        np.save(files.asked, self.asked, allow_pickle=False)
        files.questions.write_text("".join(json.dumps(q, ensure_ascii=False) + "\n" for q in self.questions), "utf-8")
        self.bm25.save(str(files.bm25), show_progress=False)
        self.terms.write(files.terms)
        self.counts.write(files.counts)

    @classmethod
    def read(cls, policies: tuple[Policy, ...], bank: str, files: IndexFiles) -> Index:
        """Read what `write` wrote.

        :raises OSError, ValueError, RuntimeError: from the libraries, if a file is not what it should be
        """
        ranges, asked, bm25 = _ranges(policies), np.load(files.asked, allow_pickle=False), read_bm25(files.bm25)
        return cls(
            policies=policies,
            clauses=tuple(clause for policy in policies for clause in policy.clauses),
            ranges=ranges,
            sentences=np.load(files.sentences, allow_pickle=False),
            questions=tuple(json.loads(line) for line in files.questions.read_text("utf-8").splitlines()),
            asked=asked,
            bank=bank,
            taught=_learners(asked, ranges),
            clause_vectors=vectors.read(files.clause_vectors),
            sentence_vectors=vectors.read(files.sentence_vectors),
            question_vectors=vectors.read(files.question_vectors),
            taught_vectors=vectors.read(files.taught_vectors),
            bm25=bm25,
            terms=Ragged.read(files.terms),
            counts=Counts.read(files.counts, list(bm25.vocab_dict)),
        )


def _ranges(policies: Sequence[Policy]) -> dict[str, range]:
    """Return which clause numbers belong to which policy."""
    ranges, start = {}, 0
    for policy in policies:
        ranges[policy.source.policy] = range(start, start + len(policy.clauses))
        start += len(policy.clauses)
    return ranges


def build_index(
    entries: Sequence[Entry],
    encoder: Encoder,
    settings: Settings,
    banks: Mapping[str, Sequence[tuple[str, int]]] | None = None,
    bank: str = "",
) -> Index:
    """Put read policies together, in the order given.

    :param banks: per policy id its (question, position of the clause that answers it, or -1); `bank` is their digest
    """
    policies = tuple(entry.policy for entry in entries)
    ranges, sentences = _ranges(policies), joined_rows(entries)
    questions, asked = _asked(banks or {}, ranges)
    clause_vectors = np.concatenate([entry.clause_vectors for entry in entries])
    sentence_vectors = np.concatenate([entry.sentence_vectors for entry in entries])
    question_vectors = encoder.encode(questions, query=True) if questions else np.empty((0, clause_vectors.shape[1]), np.float32)
    counts = Counts.joined([entry.counts for entry in entries])
    return Index(
        policies=policies,
        clauses=tuple(clause for policy in policies for clause in policy.clauses),
        ranges=ranges,
        sentences=sentences,
        questions=tuple(questions),
        asked=asked,
        bank=bank,
        taught=_learners(asked, ranges),
        clause_vectors=flat(clause_vectors),
        sentence_vectors=flat(sentence_vectors),
        question_vectors=flat(question_vectors),
        taught_vectors=flat(_taught(clause_vectors, sentence_vectors, sentences, question_vectors, asked, ranges)),
        bm25=bm25_of(counts, settings),
        terms=Ragged.joined(entry.terms for entry in entries),
        counts=counts,
    )


def _asked(banks: Mapping[str, Sequence[tuple[str, int]]], ranges: dict[str, range]) -> tuple[list[str], np.ndarray]:
    """Return the questions of all banks in the order of the policies, and `Index.asked`."""
    rows = [
        (question, within.start, within.start + position if position >= 0 else -1)
        for policy, within in ranges.items()
        for question, position in banks.get(policy, ())
    ]
    return [question for question, *_ in rows], np.array([row[1:] for row in rows], dtype=np.int32).reshape(-1, 2)


def _learners(asked: np.ndarray, ranges: dict[str, range]) -> np.ndarray:
    """Return the numbers of all clauses of policies with a bank, in order, int64."""
    return np.array([number for within in _with_bank(asked, ranges) for number in within], dtype=np.int64)


def _with_bank(asked: np.ndarray, ranges: dict[str, range]) -> list[range]:
    """Return the clause numbers of every policy that answers questions of a bank."""
    answering = np.unique(asked[asked[:, 1] >= 0, 0])  # every question is kept with the first clause of its policy
    return [within for within in ranges.values() if within.start in answering]


def _taught(
    clauses: np.ndarray,
    sentences: np.ndarray,
    owners: np.ndarray,
    questions: np.ndarray,
    asked: np.ndarray,
    ranges: dict[str, range],
) -> np.ndarray:
    """Return the vectors of `_learners` after learning from their banks."""
    learned = [clauses[:0]]
    for within in _with_bank(asked, ranges):
        own = np.flatnonzero((asked[:, 1] >= within.start) & (asked[:, 1] < within.stop))
        said = np.flatnonzero((owners[:, 0] >= within.start) & (owners[:, 0] < within.stop))
        texts = np.concatenate([questions[own], sentences[said]])
        answers = np.concatenate([asked[own, 1], owners[said, 0]]) - within.start
        learned.append(taught(clauses[within.start : within.stop], texts, answers))
    return np.concatenate(learned)
