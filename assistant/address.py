"""Which clauses stand at an address, among those of all policies, and which numbers a policy has.

An address is a clause number taken apart (clause_number). Where a law has 第十七条, all of the article is meant, with its
items; where a policy has 五、4, 第五条第4款 names it too.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from assistant.clause import Clause
from assistant.clause_number import Address, Step, address_of, heading_of
from assistant.numbering import HAN_DIGITS

_ARTICLE = re.compile(r"第[^条]{1,12}条")
_ITEM = re.compile(r"第[^条]{1,12}条\(")


class Places:
    """Which clauses stand at which address, so that a number is found among 100,000 clauses as among 100.

    `resolve` and the others take clause numbers of the index: `within` is the stretch of one policy.
    """

    def __init__(self, clauses: Sequence[Clause]) -> None:
        """Read the number of every clause once."""
        self.clauses = clauses
        self.known = [Address(()) if clause.kind == "preamble" else address_of(clause.clause) for clause in clauses]
        self.under: dict[tuple[Step, ...], list[int]] = {}
        self.inside: dict[tuple[str, int], list[int]] = {}
        self.anchors: dict[str, list[int]] = {}
        self.labels: dict[str, list[int]] = {}
        for number, (address, clause) in enumerate(zip(self.known, clauses, strict=True)):
            self.anchors.setdefault(clause.anchor, []).append(number)
            self.labels.setdefault(clause.clause, []).append(number)
            for length in range(1, len(address.steps) + 1):
                if not _is_inserted(address.steps[length:]):
                    self.under.setdefault(address.steps[:length], []).append(number)
            for heading in {heading for step in clause.path if (heading := heading_of(step))}:
                self.inside.setdefault(heading, []).append(number)

    def resolve(self, address: Address, within: range) -> list[int]:
        """Return the clauses of one policy at an address, in reading order: itself, or all that stands under it.

        第五条第4款 names the fourth paragraph of article 5; where there is none, the fourth number under 五.
        """
        if address.inside:
            return self._under_headings(address, within)
        under = _cut(self.under.get(address.steps, ()), within)
        if address.listed:
            under = [n for n in under if not _ITEM.match(self.clauses[n].clause)]
        here = [n for n in under if self.known[n].steps == address.steps and not self.known[n].table]
        if address.table:
            return [n for n in under if _same(address, self.known[n])]
        if any(_ARTICLE.match(self.clauses[n].clause) for n in here):
            return self._of_article(address, under)
        if address.part and not address.item:
            found = [n for n in here if self.known[n].part == address.part or (address.part == 1 and len(here) == 1)]
            return found or self.resolve(Address((*address.steps, address.part)), within)
        return self.resolve(Address((*address.steps, *address.item)), within) if address.item else here or under

    def policies(self, address: Address, among: Iterable[range]) -> Iterator[list[int]]:
        """Yield what `resolve` finds in every policy that has anything there."""
        lists = [self.inside.get(heading, []) for heading in address.inside] or [self.under.get(address.steps, [])]
        if address.inside and not address.steps:  # 第三章 may be 三 in a policy without chapters
            lists = [[*self.inside.get(address.inside[0], []), *self.under.get((address.inside[0][1],), [])]]
        touched = sorted(lists[0])
        for within in among:
            if bisect_left(touched, within.stop) > bisect_left(touched, within.start) and (
                found := self.resolve(address, within)
            ):
                yield found

    def span(self, address: Address, within: range) -> str:
        """Return the numbers of one policy at the deepest level of an address that exists: 第一条～第七十四条, 五、1～五、6."""
        if address.inside and not address.steps:
            return self._headings(address.inside[-1][0], within) or self.span(Address(()), within)
        steps = address.steps
        under = _cut(self.under.get(steps, ()), within)
        if under and (address.part or address.item):
            return self._parts(under)
        while steps and not under:
            steps = steps[:-1]
            under = _cut(self.under.get(steps, ()), within) if steps else [n for n in within if self.known[n].steps]
        deeper = [
            n for n in under if len(self.known[n].steps) > len(steps) and not isinstance(self.known[n].steps[len(steps)], str)
        ]
        if not steps and (articles := [n for n in deeper if _ARTICLE.match(self.clauses[n].clause)]):
            deeper = articles
        if not deeper:
            return ""
        ordered = sorted(deeper, key=lambda n: abs(int(self.known[n].steps[len(steps)])))
        first, last = (self._label(n, len(steps) + 1) for n in (ordered[0], ordered[-1]))
        return first if first == last else f"{first}～{last}"

    def _under_headings(self, address: Address, within: range) -> list[int]:
        """Return what stands at an address that begins with headings: 第三章, 第二编第三章, 第三章第二十条."""
        lists = [set(_cut(self.inside.get(heading, ()), within)) for heading in address.inside]
        inside = set.intersection(*lists)
        if address.steps:
            return [number for number in self.resolve(replace(address, inside=()), within) if number in inside]
        return sorted(inside) or self._instead(address, within)

    def _instead(self, address: Address, within: range) -> list[int]:
        """Return what stands under 三 where 第三章 is asked for, in a policy that numbers neither chapters nor articles."""
        if len(address.inside) > 1 or self._headings(address.inside[0][0], within):
            return []
        found = self.resolve(Address((address.inside[0][1],)), within)
        return [] if any(_ARTICLE.match(self.clauses[n].clause) for n in found) else found

    def _of_article(self, address: Address, under: Sequence[int]) -> list[int]:
        """Return an article of a law with its items, or only the 款 and 项 of it that are named."""
        found, part = [], 0
        wanted = (*address.steps, *address.item)
        for number in under:
            known = self.known[number]
            if known.steps == address.steps and not known.table:
                part = known.part or 1
            if address.part in (0, part or 1) and known.steps[: len(wanted)] == wanted:
                found.append(number)
        return found

    def _parts(self, under: Sequence[int]) -> str:
        """Return what an article or number is divided into."""
        labels = [self.clauses[n].clause for n in under]
        own = [label for label in labels if re.search(r" 第\d+[款段]$", label)]
        if own and own[0] != own[-1]:
            return f"{own[0]}～{own[-1].rpartition(' ')[2]}".replace(" ", "")
        return labels[0] if len(labels) == 1 else f"{labels[0]}～{labels[-1]}"

    def _headings(self, unit: str, within: range) -> str:
        """Return the first and the last heading of a unit in one policy, 第一章～第八章; "" if it has none."""
        firsts = sorted(
            (key[1], here[0]) for key, numbers in self.inside.items() if key[0] == unit and (here := _cut(numbers, within))
        )
        named = [step.split()[0] for value, n in firsts for step in self.clauses[n].path if heading_of(step) == (unit, value)]
        return f"{named[0]}～{named[-1]}" if named else ""

    def _label(self, number: int, steps: int) -> str:
        """Return the number of a clause cut to so many steps."""
        label = self.clauses[number].clause.partition(" ")[0]
        if steps == 1 and (article := _ARTICLE.match(label)):
            return article.group()
        ends = [token.end() for token in re.finditer(rf"[{HAN_DIGITS}]+|\d+|[a-zA-Z]+", label)]
        end = ends[steps - 1] if len(ends) >= steps else len(label)
        return label[: end + 1] if label[end : end + 1] in (")", "条") else label[:end]


def _cut(numbers: Sequence[int], within: range) -> list[int]:
    """Return those of ascending numbers that are in a range."""
    return list(numbers[bisect_left(numbers, within.start) : bisect_left(numbers, within.stop)])


def _is_inserted(steps: Sequence[Step]) -> bool:
    """Whether what follows is 之一, another article."""
    return bool(steps) and isinstance(steps[0], int) and steps[0] < 0


def _same(wanted: Address, known: Address) -> bool:
    """Whether a row of a table is at an address; a table without a row stands for all its rows."""
    return (
        wanted.steps == known.steps
        and (not wanted.part or wanted.part == known.part)
        and wanted.table == known.table
        and (not wanted.row or wanted.row == known.row)
    )
