"""Clause numbers as people write them -> clauses: 五、4 · 五4 · 5.4 · 第五条第4款 · 三（一）3(2) · 一(一)2表1序号8.

No vectors are involved: a number is found, or it is not.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.clause import Clause
from assistant.numbering import HAN_DIGITS, value_of

_N = rf"(?:[{HAN_DIGITS}]+|\d{{1,4}})"
_STEP = (
    rf"(?:[、.．·]?\s*\(\s*{_N}\s*\)|[、.．·]\s*{_N}(?![\d%])|(?<=\))\s*{_N}|(?<=[{HAN_DIGITS}])\d{{1,3}}|(?<=[\d)])\([a-z]\))"
)
_TAIL = rf"(?:\s*第\s*({_N})\s*(?:款|段|项))?(?:\s*第\s*{_N}\s*项)?(?:\s*表\s*({_N})\s*(?:(序号|第)\s*({_N})\s*行?)?)?"
_ARTICLE = rf"第\s*{_N}\s*(?:条|章|部分)(?:之{_N})?"
# in running text: 第X条, or a Han number with 、and digits or with brackets; not 一、两天, not the article of another law
_OWN = rf"(?:(?<=本法)|(?<=本条例)|(?<=本规定)|(?<![\d{HAN_DIGITS}.法典例定则办》]))"
_FIRST = rf"(?:\s*\(\s*{_N}\s*\)|、\s*\d{{1,3}}(?![\d%年月天日]))"
_ADDRESS = re.compile(rf"{_OWN}({_ARTICLE}{_STEP}*|[{HAN_DIGITS}]+{_FIRST}{_STEP}*){_TAIL}")
_BARE = re.compile(rf"\s*({_ARTICLE}|{_N}){_STEP}*\s*[、.]?{_TAIL}\s*[。?？]?\s*")
_FILLER = re.compile(
    r"[\s,，。.?？!！:：、]|请问|帮我|给我|本?(?:隐私)?政策|里面?|中|看一?看|看一下|查一下|读|念|说|讲|写|规定|内容|原文|意思|什么|啥|怎么|的|了|是|有|吗|呢|条款"
)
LONGEST = 60  # characters of a clause number
_CHAPTER = re.compile(rf"第\s*({_N})\s*(章|部分)")
_CLAUSE = re.compile(r"(?P<steps>.*?)(?: 第(?P<part>\d+)[段款])?(?: 表(?P<table>\d+) (?P<by>序号|第)(?P<row>.+?)行?)?")


@dataclass(frozen=True, slots=True)
class Address:
    """A clause number taken apart; `part` is a 段 or 款, `row` the row of a table, 序号8 or 第2行; 0 and "" where not named.

    `unit` is 章 or 部分 where the number is that of a heading.
    """

    steps: tuple[int, ...]
    part: int = 0
    table: int = 0
    row: str = ""
    unit: str = ""


def find_address(text: str) -> tuple[Address, bool] | None:
    """Return the clause number in `text`, and whether `text` asks for nothing else; None if there is none."""
    folded = " ".join(unicodedata.normalize("NFKC", text).split())  # runs of blanks would make the patterns below slow
    if len(folded) <= LONGEST and (found := _BARE.fullmatch(folded)):
        return _parse(folded[: found.start(2)] if found.group(2) else folded, found), True
    if found := _ADDRESS.search(folded):
        return _parse(found.group(1), found), not _FILLER.sub("", folded[: found.start()] + folded[found.end() :])
    return None


def _parse(head: str, found: re.Match[str]) -> Address:
    """Build an address from the groups (head, part, table, by, row) of a match."""
    _, part, table, by, row = found.groups()
    head = re.split(r"表", head)[0]
    head = re.sub(r"第\s*$", "", head)
    steps = tuple(value_of(n) for n in re.findall(_N, head))
    chapter = _CHAPTER.match(head.strip())
    row = f"{by}{value_of(row)}" if row else ""
    return Address(steps, value_of(part or ""), value_of(table or ""), row, chapter[2] if chapter else "")


def address_of(clause: Clause) -> Address:
    """Return the address of a clause from its number."""
    return Address(()) if clause.kind == "preamble" else _read(clause.clause)


@lru_cache(maxsize=20_000)
def _read(number: str) -> Address:
    """Return the address that a clause's number is; the same few thousand numbers occur in all policies."""
    found = _CLAUSE.fullmatch(unicodedata.normalize("NFKC", number))
    if not found:
        return Address(())
    steps = tuple(value_of(n) for n in re.findall(_N, found["steps"]))
    row = f"{found['by']}{value_of(found['row'])}" if found["row"] else ""
    return Address(steps, int(found["part"] or 0), int(found["table"] or 0), row)


class Places:
    """Which clauses stand at which address, so that a number is found among 100,000 clauses as among 100."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        """Read the number of every clause once."""
        self.known = [address_of(clause) for clause in clauses]
        self.at: dict[tuple[int, ...], list[int]] = {}
        self.under: dict[tuple[int, ...], list[int]] = {}
        self.inside: dict[tuple[str, int], list[int]] = {}
        for number, (address, clause) in enumerate(zip(self.known, clauses, strict=True)):
            self.at.setdefault(address.steps, []).append(number)
            for length in range(1, len(address.steps) + 1):
                self.under.setdefault(address.steps[:length], []).append(number)
            for chapter in {chapter for step in clause.path if (chapter := _chapter(step))}:
                self.inside.setdefault(chapter, []).append(number)

    def resolve(self, address: Address, within: range) -> list[int]:
        """Return the numbers of the clauses at an address, in reading order: itself, or all that stands under it.

        第五条第4款 names the fourth paragraph of article 5; where there is none, the fourth number under 五.
        """
        if address.unit and (inside := _cut(self.inside.get((address.unit, address.steps[0]), ()), within)):
            return inside
        tries = [address]
        if address.part:
            tries.append(Address((*address.steps, address.part), 0, address.table, address.row))
        for wanted in tries:
            here = _cut(self.at.get(wanted.steps, ()), within)
            if wanted.part or wanted.table:
                found = [n for n in here if _same(wanted, self.known[n])]
            else:
                found = [n for n in here if not self.known[n].table] or _cut(self.under.get(wanted.steps, ()), within)
            if found:
                return found
        return []


def _cut(numbers: Sequence[int], within: range) -> list[int]:
    """Return those of ascending numbers that are in a range."""
    return list(numbers[bisect_left(numbers, within.start) : bisect_left(numbers, within.stop)])


def _chapter(step: str) -> tuple[str, int] | None:
    """Return (章 or 部分, its number) of a heading that has one."""
    found = _CHAPTER.match(step)
    return (found[2], value_of(found[1])) if found else None


def _same(wanted: Address, known: Address) -> bool:
    """Whether a clause is at a fully given address; a table without a row stands for all its rows."""
    return (
        wanted.steps == known.steps
        and (not wanted.part or wanted.part == known.part)
        and wanted.table == known.table
        and (not wanted.row or wanted.row == known.row)
    )
