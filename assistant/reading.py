"""Policy -> Reading: the import report as its page shows it, every line with a link to its place in the text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from assistant.cards import permalink
from assistant.clause import Policy
from assistant.report import DEEPEST, Skipped, report_on

MOST_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a document, each of the lists MOST_SHOWN long at most.

    :param kinds: clauses by kind
    :param furniture: what is no clause, by why
    :param outline: (depth, title, line, link) of the headings
    :param doubts: (line, message, link) of the doubtful spots
    """

    id: str
    title: str
    kinds: Counter[str]
    furniture: Counter[str]
    outline: tuple[tuple[int, str, int, str], ...]
    skipped: tuple[Skipped, ...]
    doubts: tuple[tuple[int, str, str], ...]
    headings: int
    doubtful: int


def reading(policy: Policy) -> Reading:
    """Return what was read of a document; a doubt leads to the clause or heading in which its line is."""
    source, report = policy.source, report_on(policy)
    places = sorted([(c.line, c.anchor) for c in policy.clauses] + [(h.line, h.anchor) for h in policy.headings])
    doubts = []
    for doubt in policy.doubts[:MOST_SHOWN]:
        anchor = max((place for place in places if place[0] <= doubt.line), default=places[0])[1]
        doubts.append((doubt.line, doubt.message, permalink(source.policy, anchor)))
    shown = policy.headings[:MOST_SHOWN]
    return Reading(
        id=source.policy,
        title=source.title,
        kinds=Counter(report.clauses),
        furniture=Counter(item.kind for item in policy.furniture),
        outline=tuple((min(h.depth, DEEPEST), h.title, h.line, permalink(source.policy, h.anchor)) for h in shown),
        skipped=report.skipped[:MOST_SHOWN],
        doubts=tuple(doubts),
        headings=len(policy.headings),
        doubtful=len(policy.doubts),
    )
