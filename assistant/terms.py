"""Late interaction over terms: every term of a question looks for its nearest term in a clause (ColBERT, 2020).

A clause that holds 销户 answers 注销 even if the rest of it is about something else, which a single vector blurs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assistant.ragged import Ragged

MOST_TERMS = 40  # of a long message the heaviest, as in training


class Terms:
    """The terms of every clause, as rows of one table of vectors."""

    def __init__(self, vocabulary: Mapping[str, int], vectors: np.ndarray, clauses: Ragged) -> None:
        """Keep the terms of every clause, as `numbered` gives them.

        :param vectors: [terms, d]; the length of a row is the weight of its term
        """
        self.vocabulary, self.vectors, self.clauses = vocabulary, vectors, clauses
        self.units = _unit(vectors.astype(np.float32))

    def scores(self, terms: Sequence[str], clauses: np.ndarray) -> np.ndarray:
        """Return for each clause the mean cosine of the question's terms to their nearest terms, by weight."""
        weights, nearest = self.nearest(terms, clauses)
        scores: np.ndarray = weights @ nearest
        return scores

    def nearest(self, terms: Sequence[str], clauses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (weights [t], which sum to 1, and cosines [t, clauses]) of the question's known terms."""
        known = [self.vocabulary[term] for term in dict.fromkeys(terms) if term in self.vocabulary]
        if not known or not len(clauses):
            return np.zeros(0), np.zeros((0, len(clauses)))
        asked = self.vectors[known].astype(np.float32)
        weights = np.linalg.norm(asked, axis=1)
        if len(known) > MOST_TERMS:
            heaviest = np.sort(np.argsort(-weights, kind="stable")[:MOST_TERMS])
            asked, weights = asked[heaviest], weights[heaviest]
        held, firsts = self.clauses.picked(clauses)
        used, places = np.unique(held, return_inverse=True)
        # terms of clauses as rows, so that the maximum runs over memory in order
        alike = (self.units[used] @ _unit(asked).T)[places]
        return weights / weights.sum(), np.maximum.reduceat(alike, firsts, axis=0).T


def numbered(terms: Sequence[str], vocabulary: Mapping[str, int]) -> list[int]:
    """Return the numbers of the terms that have a vector, each once, in order; never empty if there is a vocabulary."""
    return (sorted({vocabulary[term] for term in terms if term in vocabulary}) or [0]) if vocabulary else []


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
