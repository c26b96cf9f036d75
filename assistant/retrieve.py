"""Stage 5, question -> [Hit]: fuse dense and lexical scores, honour clause numbers, fold rows that say the same.

Scores of each signal are standardised over the candidates and added with weights (convex combination, Bruch et al.
2022, arXiv:2210.11934), which beat rank fusion on every set tried; `benchmarks/retrieval.py` prints the comparison.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from rapidfuzz import fuzz

from assistant.address import find_address, resolve
from assistant.clause import Clause, Evidence, Hit, Span
from assistant.embed import Encoder
from assistant.index import Index
from assistant.segment import fold, segment
from assistant.settings import Settings

_CODE = re.compile(r"\([^()]*[A-Za-z][^()]*\)|\s")
_PHRASE = re.compile(r"[\"“”「『]([^\"“”」』]{1,100})[\"“”」』]")
SAME_ROW = 85


@dataclass(frozen=True, slots=True)
class Signals:
    """The scores of all candidates of one question, each array aligned with `candidates`.

    :param sentence: number of each candidate's best sentence in the index, -1 if none was near
    """

    candidates: np.ndarray
    clause: np.ndarray
    sentences: np.ndarray
    bm25: np.ndarray
    sentence: np.ndarray


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look and what to return: one policy or all, clauses that hold all phrases, so many hits at most."""

    policy: str | None = None
    phrases: tuple[str, ...] = ()
    limit: int = 10


def standardise(scores: np.ndarray) -> np.ndarray:
    """Return scores with mean 0 and deviation 1; all 0 if they do not differ."""
    deviation = scores.std()
    return (scores - scores.mean()) / deviation if deviation > 0 else np.zeros_like(scores)


def fuse(signals: Signals, settings: Settings) -> np.ndarray:
    """Return the weighted sum of the standardised signals."""
    return (
        settings.clause_weight * standardise(signals.clause)
        + settings.sentence_weight * standardise(signals.sentences)
        + settings.bm25_weight * standardise(signals.bm25)
    )


def gather(question: str, index: Index, encoder: Encoder, settings: Settings, within: range, also: Sequence[int] = ()) -> Signals:
    """Ask every retriever for its best clauses; a clause that one of them did not return gets that one's least score.

    :param also: numbers of clauses that are candidates whatever their scores
    """
    vector = encoder.encode([question], query=True)[0]
    clause_ids, clause_scores = index.nearest_clauses(vector, settings.depth, within)
    sentence_ids, sentence_scores = index.nearest_sentences(vector, settings.depth, within)
    # results come best first, so the first sentence of each clause is its best
    owners, first = np.unique(index.sentences[sentence_ids, 0], return_index=True)
    lexical = index.lexical(segment(question))
    matched = within.start + np.flatnonzero(lexical[within.start : within.stop])
    matched = matched[np.argsort(-lexical[matched], kind="stable")][: settings.depth]
    candidates = np.unique(np.concatenate([clause_ids, owners, matched, np.array(also, dtype=np.int64)])).astype(np.int64)

    def spread(ids: np.ndarray, values: np.ndarray, missing: float) -> np.ndarray:
        out = np.full(len(candidates), missing, dtype=np.float64)
        out[np.searchsorted(candidates, ids)] = values
        return out

    return Signals(
        candidates=candidates,
        clause=spread(clause_ids, clause_scores, float(clause_scores.min(initial=1.0))),
        sentences=spread(owners, sentence_scores[first], float(sentence_scores.min(initial=1.0))),
        bm25=lexical[candidates].astype(np.float64),
        sentence=spread(owners, sentence_ids[first], -1).astype(np.int64),
    )


def retrieve(question: str, index: Index, encoder: Encoder, settings: Settings, scope: Scope) -> tuple[list[Hit], Signals]:
    """Return the best clauses for a question, best first, and the signals they come from."""
    within = index.ranges[scope.policy] if scope.policy else range(len(index.clauses))
    named = _named(question, index, within)
    holding = _holding(scope.phrases, index, within)
    signals = gather(question, index, encoder, settings, within, [*named, *holding])
    scores = fuse(signals, settings)
    ranks = _ranks(signals.clause), _ranks(signals.sentences), _ranks(signals.bm25)
    terms = set(segment(question))
    # ties are broken by place in the text, so that results do not depend on the machine
    order = sorted(range(len(scores)), key=lambda i: (named.get(int(signals.candidates[i]), len(named)), -scores[i], i))
    hits: list[Hit] = []
    for i in order:
        clause = index.clauses[signals.candidates[i]]
        if scope.phrases and int(signals.candidates[i]) not in holding:
            continue
        twin = next((n for n, hit in enumerate(hits) if same_words(hit, clause)), None)
        if twin is not None:
            hits[twin] = replace(hits[twin], also=(*hits[twin].also, clause.clause))
        elif len(hits) < scope.limit:
            evidence = Evidence(
                bm25_rank=int(ranks[2][i]) if signals.bm25[i] > 0 else None,
                bm25_score=round(float(signals.bm25[i]), 4),
                dense_rank=int(ranks[0][i]),
                dense_score=round(float(signals.clause[i]), 4),
                sentence_rank=int(ranks[1][i]),
                sentence_score=round(float(signals.sentences[i]), 4),
                words=_matched(terms, clause),
                exact=int(signals.candidates[i]) in named,
            )
            hits.append(_hit(clause, float(scores[i]), _marked(index, int(signals.sentence[i])), evidence))
        else:
            break
    return hits, signals


def _named(question: str, index: Index, within: range) -> dict[int, int]:
    """Return the clauses that the question names by number, with their order."""
    address = find_address(question)
    if not address:
        return {}
    positions = resolve(address[0], [index.clauses[i] for i in within])
    return {within.start + position: n for n, position in enumerate(positions)}


def phrases_of(question: str) -> tuple[str, ...]:
    """Return the phrases that a question puts in quotation marks, folded for searching."""
    return tuple(fold(phrase) for phrase in _PHRASE.findall(question))


def _holding(phrases: Sequence[str], index: Index, within: range) -> set[int]:
    """Return the clauses that hold all phrases, which are folded already."""
    return {i for i in within if all(phrase in fold(index.clauses[i].text) for phrase in phrases)} if phrases else set()


def same_words(one: Clause, other: Clause) -> bool:
    """Whether two clauses say the same: equal texts, or the same row in two tables, whatever the code in its brackets."""
    if one.policy != other.policy:
        return False
    if "table_row" not in (one.kind, other.kind):
        return one.text == other.text
    if one.kind != other.kind or one.clause.split(" ")[0] != other.clause.split(" ")[0]:
        return False
    mine, theirs = _cells(one), _cells(other)
    named = [next((words for words, own in cells if own), "") for cells in (mine, theirs)]
    return named[0] == named[1] and fuzz.ratio(str([c for c, _ in mine]), str([c for c, _ in theirs])) >= SAME_ROW


def _cells(row: Clause) -> list[tuple[str, bool]]:
    """Return the cells of a row without bracketed codes and running number, and whether they are its own."""
    values = [line.partition(":")[2] for line in row.text.split("\n")]
    own = [role == "cell" for role in row.roles if role != "column"]
    cells = [(_CODE.sub("", value), mine) for value, mine in zip(values, own, strict=False)]
    return [cell for cell in cells if not cell[0].isdigit()]


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Return the rank of every score, 1 for the highest; ties by position."""
    ranks = np.empty(len(scores), dtype=np.int64)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return ranks


def _matched(terms: set[str], clause: Clause) -> tuple[str, ...]:
    """Return the question's terms that stand in the clause, the longest of those that overlap."""
    found = sorted((t for t in terms & set(segment(clause.text)) if len(t) > 1), key=lambda t: (-len(t), t))
    return tuple(t for i, t in enumerate(found) if not any(t in longer for longer in found[:i]))


def _marked(index: Index, sentence: int) -> Span | None:
    """Return the place of a sentence."""
    return (int(index.sentences[sentence, 1]), int(index.sentences[sentence, 2])) if sentence >= 0 else None


def _hit(clause: Clause, score: float, marked: Span | None, evidence: Evidence) -> Hit:
    """Return a clause as a hit."""
    values = {f.name: getattr(clause, f.name) for f in fields(Clause)}
    return Hit(**values, score=round(score, 4), marked=marked, evidence=evidence)
