"""What legal staff type -> which clauses are meant: words, "exact phrases", -exclusions, a clause number, filters.

"用户画像" -营销 reads: clauses that hold 用户画像 as it stands and not 营销. Whatever is left over is searched for by meaning.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.answer import clean_question, is_askable
from assistant.clause import Clause, Hit, Kind, Policy
from assistant.errors import ClauseNotFound
from assistant.index import Index
from assistant.locate import missing
from assistant.retrieve import Found, Scope, as_hit, narrowed, ranges_of, retrieve
from assistant.segment import fold
from assistant.settings import Settings
from assistant.signals import Retrievers
from assistant.understand import Query

_QUOTED = r"[\"“”「『]([^\"“”」』]{1,2000})[\"“”」』]"
_EXCLUDED = re.compile(rf"(?:^|(?<=\s))[-－](?:{_QUOTED}|([^\s\"“”「『]{{1,100}}))|{_QUOTED}")
_PHRASE = re.compile(_QUOTED)
NEAR = 0.15  # what scores less than this share of the best is not shown unless it holds the words themselves


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search: all that was typed, and where to look.

    :param policy: the id of one policy, or several; none means all
    :param chapter: anchor of a heading; only clauses under it
    :param by_place: order by place in the text instead of by relevance
    """

    typed: str
    policy: str | Sequence[str] | None = None
    chapter: str = ""
    kind: Kind | None = None
    by_place: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search gave.

    :param literal: for each hit, whether it holds all words and phrases as they were typed
    :param threshold: the confidence from which on the words count as covered by the policy, as in an answer
    """

    hits: tuple[Hit, ...]
    literal: tuple[bool, ...]
    confidence: float
    threshold: float
    took_ms: float


@dataclass(frozen=True, slots=True)
class Words:
    """The typed text taken apart; phrases, excluded and chunks are folded for comparing."""

    meant: str
    phrases: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def chunks(self) -> tuple[str, ...]:
        """Everything that a clause must hold to be a literal hit."""
        return (*self.phrases, *(fold(chunk) for chunk in _PHRASE.sub(" ", self.meant).split()))


def read_words(typed: str) -> Words:
    """Take apart what was typed; a hyphen excludes only at the start of a word, so 5-10 and e-mail stay whole."""
    excluded = [found[1] or found[2] for found in _EXCLUDED.finditer(typed) if found[1] or found[2]]
    meant = " ".join(_EXCLUDED.sub(_kept, typed).split())
    return Words(meant, tuple(fold(p) for p in _PHRASE.findall(meant)), tuple(fold(e) for e in excluded))


def _kept(found: re.Match[str]) -> str:
    """Return a phrase as it stands, a hyphen inside it is part of it; an exclusion leaves a blank."""
    return found[0] if found[3] else " "


def find(
    wanted: Wanted, retrievers: Retrievers, settings: Settings, confidence: Callable[[str, Found], float], threshold: float
) -> Finding:
    """Search the clauses of some policies or of all.

    `wanted.policy` is a tuple of ids that are there, see Assistant.find.

    A number gives the clauses at that number and no others; without words, everything that passes the filters, by place.

    :param confidence: (words, what was found) -> probability that the policy covers them
    :raises QuestionError: if nothing is asked for, or too much
    :raises ClauseNotFound: if the words are a clause number that does not exist
    """
    began = time.perf_counter()
    filtered = bool(wanted.chapter or wanted.kind)
    typed = "" if filtered and not wanted.typed.strip() else clean_question(wanted.typed, settings.longest_question)
    words = read_words(typed)
    index = retrievers.index
    among = _allowed(wanted, words, retrievers)
    hits, sure = _ranked(words, retrievers, settings, Scope(tuple(wanted.policy or ()), among, settings.found), confidence)
    if not words.meant and among is not None:
        hits = [as_hit(index.clauses[i]) for i in sorted(among)]
    if wanted.by_place:
        hits = sorted(hits, key=lambda hit: (index.ranges[hit.policy].start, hit.place))
    literal = tuple(_is_literal(hit, words) for hit in hits)
    return Finding(tuple(hits), literal, sure, threshold, round((time.perf_counter() - began) * 1000, 2))


def _ranked(
    words: Words, retrievers: Retrievers, settings: Settings, scope: Scope, confidence: Callable[[str, Found], float]
) -> tuple[list[Hit], float]:
    """Return the hits for words, best first, and how sure it is that the policy covers them."""
    index, meant = retrievers.index, words.meant
    if not is_askable(meant):
        return [], 0.0
    located = retrievers.locator.locate(_PHRASE.sub(" ", meant), scope.policies)  # a phrase is words and names no document
    scope = narrowed(scope, located, index)
    within = scope.among if scope.among is not None else _numbers(index, scope.policies)
    chunks = words.chunks
    holding = [i for i in within if _holds(retrievers.folded[i], chunks)] if chunks else []
    query = Query(meant, ((meant, 1.0),))
    found = retrieve(query, retrievers, settings, scope)
    best = max((hit.score for hit in found.hits), default=0.0)
    least = NEAR * best if best > 0 and not words.phrases else -math.inf  # a phrase has chosen already
    hits = [hit for hit in found.hits if hit.score >= least or hit.evidence.exact or _is_literal(hit, words)]
    shown = {(hit.policy, number) for hit in hits for number in (hit.clause, *hit.also)}
    left = frozenset(i for i in holding if (index.clauses[i].policy, index.clauses[i].clause) not in shown)
    hits += retrieve(query, retrievers, settings, replace(scope, among=left, limit=len(left))).hits if left else ()
    exact = [hit for hit in hits if hit.evidence.exact]
    if located.only and (exact or located.certain):
        if not located.numbers:
            raise ClauseNotFound(missing(located))
        hits = exact
    return hits, round(confidence(meant, found), 4) if found.best >= 0 else 0.0


def _numbers(index: Index, policies: Collection[str]) -> list[int]:
    """Return the numbers of the clauses of some policies, or of all for none."""
    return [number for part in ranges_of(index, policies) for number in part]


def _allowed(wanted: Wanted, words: Words, retrievers: Retrievers) -> frozenset[int] | None:
    """Return the numbers of the clauses that a search may find; None if it may find any."""
    if not (words.phrases or words.excluded or wanted.kind or wanted.chapter):
        return None
    index = retrievers.index
    under = {policy.source.policy: extent(policy, wanted.chapter) for policy in index.policies} if wanted.chapter else {}
    kept = (
        i
        for i in _numbers(index, wanted.policy or ())
        if not under or index.clauses[i].place[0] in under[index.clauses[i].policy]
    )
    kept = (i for i in kept if not wanted.kind or index.clauses[i].kind == wanted.kind)
    if words.phrases or words.excluded:
        kept = (i for i in kept if _passes(retrievers.folded[i][1], words))
    return frozenset(kept)


def extent(policy: Policy, chapter: str) -> range:
    """Return the stretch of the source from a heading to the next one that is not below it; empty if it has no such one."""
    for n, heading in enumerate(policy.headings):
        if heading.anchor == chapter:
            after = (later.span[0] for later in policy.headings[n + 1 :] if later.depth <= heading.depth)
            return range(heading.span[0], next(after, len(policy.source.text)))
    return range(0)


def _passes(text: str, words: Words) -> bool:
    """Whether a folded text holds every phrase and nothing that is excluded."""
    return all(phrase in text for phrase in words.phrases) and not any(word in text for word in words.excluded)


def _holds(folded: tuple[str, str], chunks: tuple[str, ...]) -> bool:
    """Whether the folded headings or text of a clause hold all that was typed, word for word."""
    headings, text = folded
    return all(chunk in text or chunk in headings for chunk in chunks)


def _is_literal(clause: Clause, words: Words) -> bool:
    """Whether a clause or the headings above it hold all that was typed, word for word."""
    return bool(words.chunks) and _holds((_folded("\n".join(clause.path)), _folded(clause.text)), words.chunks)


@lru_cache(maxsize=10_000)
def _folded(text: str) -> str:
    """Return a text folded for comparing; the same clauses are found again and again."""
    return fold(text)
