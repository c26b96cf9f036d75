"""Stage 4a, [terms of a clause] -> counts -> BM25: the only module that knows bm25s.

The scores of BM25 depend on all clauses together, the counts of a clause on itself alone; so the counts are kept, and a
changed policy costs a new sum over counts instead of reading all policies again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import bm25s
import numpy as np

from assistant.ragged import Ragged
from assistant.settings import Settings

COUNTS = "counts.npy"
BM25: TypeAlias = bm25s.BM25


@dataclass(frozen=True, slots=True)
class Counts:
    """How often every clause holds which terms, in the order in which it first holds them.

    :param vocabulary: what the numbers in `terms` stand for
    :param times: int32, beside `terms.values`
    """

    vocabulary: Sequence[str]
    terms: Ragged
    times: np.ndarray

    @classmethod
    def of(cls, documents: Sequence[Sequence[str]]) -> Counts:
        """Count the terms of every document; the vocabulary is in the order of the text."""
        numbers: dict[str, int] = {}
        counted = [Counter(numbers.setdefault(term, len(numbers)) for term in document) for document in documents]
        times = np.array([count for document in counted for count in document.values()], dtype=np.int32)
        return cls(list(numbers), Ragged.of([list(document) for document in counted]), times)

    def cut(self, within: range) -> Counts:
        """Return the counts of a range of clauses, in the same vocabulary."""
        first, last = self.terms.starts[within.start], self.terms.starts[within.stop]
        return Counts(self.vocabulary, self.terms.cut(within), self.times[first:last])

    @classmethod
    def joined(cls, parts: Sequence[Counts]) -> Counts:
        """Put counts below one another, in one vocabulary in the order of the text, whatever that of the parts was."""
        vocabulary: dict[str, int] = {}
        known: dict[int, np.ndarray] = {}
        renumbered = []
        for part in parts:
            to = known.setdefault(id(part.vocabulary), np.full(len(part.vocabulary), -1, dtype=np.int32))
            new, first = np.unique(part.terms.values[to[part.terms.values] < 0], return_index=True)
            for number in new[np.argsort(first)].tolist():
                to[number] = vocabulary.setdefault(part.vocabulary[number], len(vocabulary))
            renumbered.append(Ragged(part.terms.starts, to[part.terms.values]))
        times = np.concatenate([np.zeros(0, np.int32), *(part.times for part in parts)])
        return cls(list(vocabulary), Ragged.joined(renumbered), times)

    def write(self, folder: Path) -> None:
        """Write everything but the vocabulary, which is that of BM25."""
        self.terms.write(folder)
        np.save(folder / COUNTS, self.times, allow_pickle=False)

    @classmethod
    def read(cls, folder: Path, vocabulary: Sequence[str]) -> Counts:
        """Read what `write` wrote; the numbers stay on disk until they are used, a question needs none of them."""
        return cls(vocabulary, Ragged.read(folder, mapped=True), np.load(folder / COUNTS, mmap_mode="r", allow_pickle=False))


class _Counted(bm25s.BM25):  # type: ignore[misc]
    """BM25 as bm25s computes it, from counts: it would go through the terms one by one, a minute for 100,000 clauses."""

    def build_index_from_ids(self, unique_token_ids: list[int], corpus_token_ids: Counts, **_: object) -> dict[str, Any]:
        """Return the scores of all terms, column by column; bm25s names this method as the one to replace."""
        terms, times = corpus_token_ids.terms, corpus_token_ids.times
        documents = len(terms.starts) - 1
        rows = np.repeat(np.arange(documents, dtype=np.int32), np.diff(terms.starts))
        lengths = np.bincount(rows, weights=times, minlength=documents)
        holding = np.bincount(terms.values, minlength=len(unique_token_ids))
        rarity = {df: math.log(1 + (documents - df + 0.5) / (df + 0.5)) for df in np.unique(holding).tolist()}
        idf = np.array([rarity[df] for df in holding.tolist()], dtype=np.float32)
        norm = self.k1 * ((1 - self.b) + self.b * lengths / lengths.mean())
        scores = (idf[terms.values] * (times / (norm[rows] + times))).astype(np.float32)
        order = np.argsort(terms.values, kind="stable")
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(holding)])
        self.nonoccurrence_array = None
        return {"data": scores[order], "indices": rows[order], "indptr": starts, "num_docs": documents}


@dataclass(frozen=True, slots=True)
class _Corpus:
    """The form in which bm25s takes numbered terms."""

    ids: Counts
    vocab: dict[str, int]


def bm25_of(counts: Counts, settings: Settings) -> BM25:
    """Index counted terms with our own ordered vocabulary, so that the files are the same in every run."""
    index = _Counted(k1=settings.k1, b=settings.b, method="lucene")
    vocabulary = {term: number for number, term in enumerate(counts.vocabulary)}
    index.index(_Corpus(counts, vocabulary), show_progress=False)
    return index


def read_bm25(folder: Path) -> BM25:
    """Read what `BM25.save` wrote."""
    return BM25.load(str(folder), show_progress=False)
