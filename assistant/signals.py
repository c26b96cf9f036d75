"""Stage 5a, question -> Signals: what every retriever thinks of every candidate clause.

Each signal is one view of how well a clause answers; the names are those of `Settings.weights`:
clause, sentence: cosine to the whole clause and to its best sentence; bm25: shared terms; term: for every term of the
question its nearest term in the clause (late interaction, Khattab and Zaharia 2020); taught: cosine to what the clause has
learned from the question bank; asked: share of the clause among the nearest questions of the bank; known: the same through
questions that were answered by other policies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from assistant.embed import Encoder
from assistant.index import QUESTIONS_READ, Index
from assistant.known import KnownQuestions
from assistant.locate import Locator
from assistant.segment import fold, segment
from assistant.settings import Settings
from assistant.terms import Terms

ASKED_NEAREST, ASKED_SHARPNESS, ASKED_LEAST = 30, 15.0, 0.01


@dataclass(frozen=True)
class Retrievers:
    """All that is asked about one question; `terms` and `known` are None for an encoder that has none."""

    index: Index
    encoder: Encoder
    terms: Terms | None
    known: KnownQuestions | None
    locator: Locator

    @cached_property
    def folded(self) -> tuple[tuple[str, str], ...]:
        """The headings and the text of every clause, folded for comparing; made at the first search, it takes seconds."""
        headings = cache(lambda path: fold("\n".join(path)))
        return tuple((headings(clause.path), fold(clause.text)) for clause in self.index.clauses)


@dataclass(frozen=True, slots=True)
class Signals:
    """The scores of all candidates of one question, each array aligned with `candidates`.

    :param sentence: number of each candidate's best sentence in the index, -1 if none was near
    :param answered: cosine of the nearest bank question that a clause answers, 0 without a bank
    :param refused: cosine of the nearest bank question that no clause answers, 0 without a bank
    """

    candidates: np.ndarray
    scores: Mapping[str, np.ndarray]
    sentence: np.ndarray
    answered: float = 0.0
    refused: float = 0.0


def standardise(scores: np.ndarray) -> np.ndarray:
    """Return scores with mean 0 and deviation 1; all 0 if they do not differ."""
    deviation = scores.std()
    return (scores - scores.mean()) / deviation if deviation > 0 else np.zeros_like(scores)


def fuse(signals: Signals, weights: Mapping[str, float]) -> np.ndarray:
    """Return the weighted sum of the standardised signals.

    A convex combination (Bruch et al. 2022, arXiv:2210.11934), which beat rank fusion on every set tried.
    """
    total = np.zeros(len(signals.candidates))
    for name, weight in weights.items():
        if weight:
            total += weight * standardise(signals.scores[name])
    return total


def gather(
    question: str, retrievers: Retrievers, settings: Settings, within: Sequence[range], also: Sequence[int] = ()
) -> Signals:
    """Ask every retriever; a clause that one of them did not return gets that one's least score.

    :param within: the clauses that are asked, in ranges that do not touch, in order
    :param also: numbers of clauses that are candidates whatever their scores
    """
    index = retrievers.index
    vector = retrievers.encoder.encode([question], query=True)[0]
    clause_ids, clause_scores = nearest_of(
        lambda part: index.nearest_clauses(vector, settings.depth, part), within, settings.depth
    )
    sentence_ids, sentence_scores = nearest_of(
        lambda part: index.nearest_sentences(vector, settings.depth, part), within, settings.depth
    )
    # results come best first, so the first sentence of each clause is its best
    owners, first = np.unique(index.sentences[sentence_ids, 0], return_index=True)
    terms = segment(question)
    lexical = index.lexical(terms)
    matched = np.concatenate([part.start + np.flatnonzero(lexical[part.start : part.stop]) for part in within])
    if len(matched) > settings.depth:  # sorting all that share a character takes longer than everything else
        shared = lexical[matched]
        matched = matched[shared >= np.partition(shared, -settings.depth)[-settings.depth]]
    matched = matched[np.argsort(-lexical[matched], kind="stable")][: settings.depth]
    taught_ids, taught_scores = nearest_of(
        lambda part: index.nearest_taught(vector, settings.depth, part), within, settings.depth
    )
    asked = _asked(index, vector, within)
    candidates = np.unique(
        np.concatenate([clause_ids, owners, matched, taught_ids, asked.clauses, np.array(also, dtype=np.int64)])
    ).astype(np.int64)

    def spread(ids: np.ndarray, values: np.ndarray, missing: float) -> np.ndarray:
        out = np.full(len(candidates), missing, dtype=np.float64)
        out[np.searchsorted(candidates, ids)] = values
        return out

    none = np.zeros(len(candidates))
    known = retrievers.known
    scores = {
        "clause": spread(clause_ids, clause_scores, float(clause_scores.min(initial=1.0))),
        "sentence": spread(owners, sentence_scores[first], float(sentence_scores.min(initial=1.0))),
        "bm25": lexical[candidates].astype(np.float64),
        "term": none,
        "taught": spread(taught_ids, taught_scores, float(taught_scores.min(initial=1.0))) if len(taught_ids) else none,
        "asked": np.log(spread(asked.clauses, asked.shares, 0.0) + ASKED_LEAST) if len(asked.clauses) else none,
        "known": known.scores(vector, index.vectors_of(candidates)) if known and len(candidates) else none,
    }
    if retrievers.terms and len(candidates):
        so_far = fuse(Signals(candidates, scores, candidates), settings.weights)
        read = np.sort(np.argsort(-so_far, kind="stable")[: settings.closely])
        close = retrievers.terms.scores(terms, candidates[read])
        scores["term"] = spread(candidates[read], close, float(close.min()))
    return Signals(candidates, scores, spread(owners, sentence_ids[first], -1).astype(np.int64), asked.answered, asked.refused)


def nearest_of(
    search: Callable[[range], tuple[np.ndarray, np.ndarray]], within: Sequence[range], depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """Search each of several ranges -> (numbers, scores) of the best of all, best first; one range is searched as it is."""
    found = [search(part) for part in within]
    if len(found) == 1:
        return found[0]
    numbers, scores = (np.concatenate(each) for each in zip(*found, strict=True))
    best = np.argsort(-scores, kind="stable")[:depth]
    return numbers[best], scores[best]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Clauses among the nearest bank questions with their shares, and the cosines of `Signals`."""

    clauses: np.ndarray
    shares: np.ndarray
    answered: float
    refused: float


def _asked(index: Index, vector: np.ndarray, within: Sequence[range]) -> _Asked:
    """Lay a question beside those of the bank."""
    ids, near = nearest_of(lambda part: index.nearest_questions(vector, part), within, QUESTIONS_READ)
    owners = index.asked[ids, 1]
    answering = np.flatnonzero(owners >= 0)
    silent = np.flatnonzero(owners < 0)
    answered = float(near[answering[0]]) if len(answering) else 0.0
    refused = float(near[silent[0]]) if len(silent) else 0.0
    nearest = answering[:ASKED_NEAREST]
    if not len(nearest):
        return _Asked(np.empty(0, dtype=np.int64), np.empty(0), answered, refused)
    weights = np.exp(ASKED_SHARPNESS * (near[nearest] - near[nearest[0]]))
    clauses, place = np.unique(owners[nearest], return_inverse=True)
    shares = np.zeros(len(clauses))
    np.add.at(shares, place, weights / weights.sum())
    return _Asked(clauses.astype(np.int64), shares, answered, refused)
