"""Stage 4, [Policy] + banks -> Index: FAISS over clauses, sentences and bank questions, bm25s over the clauses' terms.

A long clause answers many questions, each with one of its sentences; so a clause is found by the whole of it and by its
best sentence, and that sentence is the one marked in the answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bm25s
import numpy as np

from assistant import vectors
from assistant.clause import Clause, Policy, Span
from assistant.embed import Encoder
from assistant.segment import segment
from assistant.settings import IndexFiles, Settings
from assistant.teach import taught
from assistant.vectors import Vectors, flat, nearest, rows_of

_SENTENCE = re.compile(r"[^。；;！!？?\n]+(?:[。；;！!？?]+[”」』）)]?)?")
SHORTEST_SENTENCE = 6
QUESTIONS_READ = 200


@dataclass(frozen=True, slots=True)
class Index:
    """Everything a question needs. Clauses of one policy stand together, in `ranges`.

    :param sentences: int32 [m, 3]: number of the clause, start and end in its source
    :param questions: the questions of the banks, policy by policy
    :param asked: int32 [questions, 2]: a clause of the policy it was asked about, and the clause that answers it, or -1
    :param bank: digest of the banks that the questions come from
    :param taught_vectors: the clauses after learning from their bank; empty if no policy has one
    """

    policies: tuple[Policy, ...]
    clauses: tuple[Clause, ...]
    ranges: dict[str, range]
    sentences: np.ndarray
    questions: tuple[str, ...]
    asked: np.ndarray
    bank: str
    clause_vectors: Vectors
    sentence_vectors: Vectors
    question_vectors: Vectors
    taught_vectors: Vectors
    bm25: bm25s.BM25

    def nearest_clauses(self, vector: np.ndarray, depth: int, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (clause numbers, cosines) of the clauses nearest to float32 [d], best first."""
        return nearest(self.clause_vectors, vector, depth, within)

    def nearest_sentences(self, vector: np.ndarray, depth: int, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (sentence numbers, cosines) of the sentences nearest to float32 [d], best first."""
        first = int(np.searchsorted(self.sentences[:, 0], within.start))
        last = int(np.searchsorted(self.sentences[:, 0], within.stop))
        return nearest(self.sentence_vectors, vector, depth, range(first, last))

    def nearest_questions(self, vector: np.ndarray, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (numbers, cosines) of the bank questions nearest to float32 [d] about clauses in a range, best first."""
        rows = np.flatnonzero((self.asked[:, 0] >= within.start) & (self.asked[:, 0] < within.stop))
        about = range(int(rows[0]), int(rows[-1]) + 1) if len(rows) else range(0)
        return nearest(self.question_vectors, vector, QUESTIONS_READ, about)

    def nearest_taught(self, vector: np.ndarray, depth: int, within: range) -> tuple[np.ndarray, np.ndarray]:
        """Return (clause numbers, scores) by what the clauses have learned; empty if none in the range has learned."""
        learned = np.any((self.asked[:, 0] >= within.start) & (self.asked[:, 0] < within.stop))
        return nearest(self.taught_vectors, vector, depth, within if learned else range(0))

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

    @classmethod
    def read(cls, policies: tuple[Policy, ...], bank: str, files: IndexFiles) -> Index:
        """Read what `write` wrote.

        :raises OSError, ValueError, RuntimeError: from the libraries, if a file is not what it should be
        """
        return cls(
            policies=policies,
            clauses=tuple(clause for policy in policies for clause in policy.clauses),
            ranges=_ranges(policies),
            sentences=np.load(files.sentences, allow_pickle=False),
            questions=tuple(json.loads(line) for line in files.questions.read_text("utf-8").splitlines()),
            asked=np.load(files.asked, allow_pickle=False),
            bank=bank,
            clause_vectors=vectors.read(files.clause_vectors),
            sentence_vectors=vectors.read(files.sentence_vectors),
            question_vectors=vectors.read(files.question_vectors),
            taught_vectors=vectors.read(files.taught_vectors),
            bm25=bm25s.BM25.load(str(files.bm25), show_progress=False),
        )


def _ranges(policies: Sequence[Policy]) -> dict[str, range]:
    """Return which clause numbers belong to which policy."""
    ranges, start = {}, 0
    for policy in policies:
        ranges[policy.source.policy] = range(start, start + len(policy.clauses))
        start += len(policy.clauses)
    return ranges


def build_index(
    policies: Sequence[Policy],
    encoder: Encoder,
    settings: Settings,
    banks: Mapping[str, Sequence[tuple[str, int]]] | None = None,
    bank: str = "",
) -> Index:
    """Embed and index parsed policies, in the order given.

    :param banks: per policy id its (question, position of the clause that answers it, or -1); `bank` is their digest
    """
    clauses = tuple(clause for policy in policies for clause in policy.clauses)
    ranges = _ranges(policies)
    texts, rows = [], []
    for policy in policies:
        for number in ranges[policy.source.policy]:
            for words, span in sentences_of(clauses[number], policy.source.text):
                texts.append(words)
                rows.append((number, *span))
    sentences = np.array(rows, dtype=np.int32).reshape(-1, 3)
    questions, asked = _asked(banks or {}, ranges)
    clause_vectors = encoder.encode([searched_text(c, headings=1) for c in clauses])
    sentence_vectors = encoder.encode(texts)
    question_vectors = encoder.encode(questions, query=True) if questions else np.empty((0, clause_vectors.shape[1]), np.float32)
    return Index(
        policies=tuple(policies),
        clauses=clauses,
        ranges=ranges,
        sentences=sentences,
        questions=tuple(questions),
        asked=asked,
        bank=bank,
        clause_vectors=flat(clause_vectors),
        sentence_vectors=flat(sentence_vectors),
        question_vectors=flat(question_vectors),
        taught_vectors=flat(_taught(clause_vectors, sentence_vectors, sentences, question_vectors, asked, ranges)),
        bm25=_bm25([segment(searched_text(c, headings=2)) for c in clauses], settings),
    )


def _asked(banks: Mapping[str, Sequence[tuple[str, int]]], ranges: dict[str, range]) -> tuple[list[str], np.ndarray]:
    """Return the questions of all banks in the order of the policies, and `Index.asked`."""
    rows = [
        (question, within.start, within.start + position if position >= 0 else -1)
        for policy, within in ranges.items()
        for question, position in banks.get(policy, ())
    ]
    return [question for question, *_ in rows], np.array([row[1:] for row in rows], dtype=np.int32).reshape(-1, 2)


def _taught(
    clauses: np.ndarray,
    sentences: np.ndarray,
    owners: np.ndarray,
    questions: np.ndarray,
    asked: np.ndarray,
    ranges: dict[str, range],
) -> np.ndarray:
    """Return the clause vectors, those of every policy with a bank after learning from it; no rows without any bank."""
    if not len(asked):
        return clauses[:0]
    learned = clauses.copy()
    for within in ranges.values():
        own = np.flatnonzero((asked[:, 1] >= within.start) & (asked[:, 1] < within.stop))
        said = np.flatnonzero((owners[:, 0] >= within.start) & (owners[:, 0] < within.stop))
        if len(own):
            texts = np.concatenate([questions[own], sentences[said]])
            answers = np.concatenate([asked[own, 1], owners[said, 0]]) - within.start
            learned[within.start : within.stop] = taught(clauses[within.start : within.stop], texts, answers)
    return learned


def searched_text(clause: Clause, headings: int) -> str:
    """Return the words a clause is found by: its innermost headings and its text."""
    return "\n".join([*clause.path[-headings:], clause.text])


def sentences_of(clause: Clause, raw: str) -> list[tuple[str, Span]]:
    """Return the sentences of a clause's own words with their place; of a table row its cells with their column names."""
    found: list[tuple[str, Span]] = []
    column = ""
    for role, (start, end) in zip(clause.roles, clause.spans, strict=True):
        if role == "column":
            column = raw[start:end] + ":"
        elif role in ("cell", "inherited"):
            found.append((column + raw[start:end], (start, end)))
            column = ""
        elif role == "body":
            found += [(s.group(), _stripped(raw, start + s.start(), start + s.end())) for s in _SENTENCE.finditer(raw[start:end])]
    kept = [(words, span) for words, span in found if len(words.strip()) >= SHORTEST_SENTENCE]
    return kept or found


def _stripped(raw: str, start: int, end: int) -> Span:
    """Return a span without white space at its ends."""
    words = raw[start:end]
    return end - len(words.lstrip()), start + len(words.rstrip())


def _bm25(documents: Sequence[Sequence[str]], settings: Settings) -> bm25s.BM25:
    """Index terms with our own ordered vocabulary, so that the files are the same in every run."""
    vocabulary: dict[str, int] = {}
    ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms] for terms in documents]
    index = bm25s.BM25(k1=settings.k1, b=settings.b, method="lucene")
    index.index((ids, vocabulary), show_progress=False)
    return index
