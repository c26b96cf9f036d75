"""Stage 5, question -> [Hit]: fuse what the retrievers think, honour clause numbers, fold rows that say the same.

`benchmarks/retrieval.py` prints what each signal is worth.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from rapidfuzz import fuzz

from assistant.clause import Clause, Evidence, Hit, Sign, Span
from assistant.index import Index
from assistant.locate import Located
from assistant.segment import HAN_ONLY, fold, identifiers, segment
from assistant.segment import words as search_words
from assistant.settings import Settings
from assistant.signals import Retrievers, Signals, fuse, gather, standardise
from assistant.understand import Query

_CODE = re.compile(r"\([^()]*[A-Za-z][^()]*\)|\s")
SAME_ROW = 85
MOST_CANDIDATES = 1000  # clauses of one number in many documents


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look and what to return: some policies or all (), only these clauses (by number), so many hits at most."""

    policies: tuple[str, ...] = ()
    among: frozenset[int] | None = None
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of a query, best first, the number of the best clause, and the signals of the text it is judged by."""

    hits: tuple[Hit, ...]
    best: int
    signals: Signals


def retrieve(
    query: Query, retrievers: Retrievers, settings: Settings, scope: Scope, gathered: dict[str, Signals] | None = None
) -> Found:
    """Return the best clauses for a query: every view is asked, and what they find is added up by their weights.

    :param gathered: signals of texts that were already asked in this scope; new ones are added
    """
    index = retrievers.index
    within = ranges_of(index, scope.policies)
    words = query.views[0][0]
    named = _named(retrievers.locator.locate(words, scope.policies), scope)
    also = [*named, *(scope.among or ())]
    gathered = {} if gathered is None or also else gathered
    texts = {**dict(query.views), query.standalone: 0.0}
    for text in texts.keys() - gathered.keys():
        gathered[text] = gather(text, retrievers, settings, within, also)
    candidates = np.unique(np.concatenate([gathered[text].candidates for text in texts]))
    scores = np.zeros(len(candidates))
    for text, weight in query.views:
        scores += weight * _spread(candidates, gathered[text].candidates, fuse(gathered[text], settings.weights))
    # ties are broken by place in the text, so that results do not depend on the machine
    first = np.array([named.get(number, len(named)) for number in candidates.tolist()] if named else np.zeros(len(candidates)))
    order = np.lexsort((-scores, first))
    if scope.among is not None:
        order = order[np.isin(candidates[order], list(scope.among))]
    ranked = ((int(candidates[i]), float(scores[i])) for i in order)
    terms = set(segment(" ".join(text for text, _ in query.views)))
    evidence = _Evidence(gathered[words], settings.weights, terms, named, index)
    best = int(candidates[order[0]]) if len(order) else -1
    return Found(tuple(_folded(ranked, scope.limit, evidence)), best, gathered[query.standalone])


def _spread(candidates: np.ndarray, ids: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values in the order of all candidates; what was not asked for gets the least of them."""
    out = np.full(len(candidates), values.min(initial=0.0))
    out[np.searchsorted(candidates, ids)] = values
    return out


class _Evidence:
    """Makes a hit of a candidate: why it was found, by the words of the question itself."""

    def __init__(
        self, signals: Signals, weights: Mapping[str, float], terms: set[str], named: dict[int, int], index: Index
    ) -> None:
        self.signals, self.terms, self.named, self.index = signals, terms, named, index
        self.places = {int(candidate): n for n, candidate in enumerate(signals.candidates)}
        used = {name: weight for name, weight in weights.items() if weight and signals.scores[name].any()}
        self.ranks = {name: _ranks(signals.scores[name]) for name in used}
        self.shares = {name: weight * standardise(signals.scores[name]) for name, weight in used.items()}

    def hit(self, number: int, score: float) -> Hit:
        """Return a clause as a hit."""
        clause = self.index.clauses[number]
        at = self.places.get(number)
        words, exact = _matched(self.terms, clause), number in self.named
        if at is None:
            return as_hit(clause, score, None, Evidence((), words, exact))
        signs = tuple(self._sign(name, at) for name in self.ranks)
        return as_hit(clause, score, _marked(self.index, int(self.signals.sentence[at])), Evidence(signs, words, exact))

    def _sign(self, name: str, at: int) -> Sign:
        """Return what one retriever made of a candidate; no shared term is no rank."""
        score = float(self.signals.scores[name][at])
        rank = None if name == "bm25" and score <= 0 else int(self.ranks[name][at])
        return Sign(name, rank, round(score, 4), round(float(self.shares[name][at]), 4))


def _folded(ranked: Iterable[tuple[int, float]], limit: int, evidence: _Evidence) -> list[Hit]:
    """Return the first hits, with clauses that say the same folded into the first of them."""
    hits: list[Hit] = []
    for number, score in ranked:
        clause = evidence.index.clauses[number]
        twin = next((n for n, hit in enumerate(hits) if same_words(hit, clause)), None)
        if twin is not None:
            hits[twin] = replace(hits[twin], also=(*hits[twin].also, clause.clause))
        elif len(hits) < limit:
            hits.append(evidence.hit(number, score))
        else:
            break
    return hits


def ranges_of(index: Index, policies: Collection[str]) -> list[range]:
    """Return the numbers of the clauses of some policies, or of all for none, as ranges that do not touch, in order."""
    if not policies:
        return [range(len(index.clauses))]
    ranges: list[range] = []
    for part in (part for name, part in index.ranges.items() if name in policies):
        if ranges and ranges[-1].stop == part.start:
            ranges[-1] = range(ranges[-1].start, part.stop)
        else:
            ranges.append(part)
    return ranges


def narrowed(scope: Scope, located: Located, index: Index) -> Scope:
    """Return a scope confined to the documents that a question names."""
    if not located.policies:
        return scope
    among = frozenset(number for policy in located.policies for number in index.ranges[policy])
    if scope.among is not None:
        among &= scope.among
    return replace(scope, policies=tuple(located.policies), among=None if scope.among is None else among)


def _named(located: Located, scope: Scope) -> dict[int, int]:
    """Return the clauses that the question names by number, with their order.

    Beside other words, and in several documents, those words decide; where there are too many to be shown, each document
    is heard before another one goes on.
    """
    numbers = [number for number in located.numbers if scope.among is None or number in scope.among]
    if located.shared and not located.only:
        return dict.fromkeys(_in_turn(numbers)[:MOST_CANDIDATES], 0)
    if len(located.holders) > 1 and len(numbers) > scope.limit:
        turns = _in_turn(numbers)[:MOST_CANDIDATES]
        numbers = [*sorted(turns[: scope.limit]), *turns[scope.limit :]]
    return {number: n for n, number in enumerate(numbers)}


def _in_turn(numbers: Sequence[int]) -> list[int]:
    """Return the first of every run of neighbouring numbers, then the second of each, and so on."""
    place: dict[int, int] = {}
    turns = []
    for n, number in enumerate(numbers):
        place[number] = place[numbers[n - 1]] + 1 if n and numbers[n - 1] == number - 1 else 0
        turns.append((place[number], n))
    return [numbers[n] for _, n in sorted(turns)]


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
    found = sorted(_shared(terms, clause.text), key=lambda t: (-len(t), t))
    return tuple(t for i, t in enumerate(found) if not any(t in longer for longer in found[:i]))


def _shared(terms: set[str], text: str) -> set[str]:
    """Return the terms of two characters or more that `segment` finds in a text; jieba is asked only where it decides.

    Two Han characters side by side are always a term, a longer stretch is one only if jieba cuts it so.
    """
    folded = fold(text)
    held = {term for term in terms & set(identifiers(text)) if len(term) > 1}
    stands = {term for term in terms - held if len(term) > 1 and term in folded}
    held |= {term for term in stands if len(term) == 2 and HAN_ONLY.fullmatch(term)}
    return held | (stands & set(search_words(text)) if stands - held else set())


def _marked(index: Index, sentence: int) -> Span | None:
    """Return the place of a sentence."""
    return (int(index.sentences[sentence, 1]), int(index.sentences[sentence, 2])) if sentence >= 0 else None


def as_hit(clause: Clause, score: float = 0.0, marked: Span | None = None, evidence: Evidence | None = None) -> Hit:
    """Return a clause as a hit."""
    values = {f.name: getattr(clause, f.name) for f in fields(Clause)}
    return Hit(**values, score=round(score, 4), marked=marked, evidence=evidence or Evidence())
