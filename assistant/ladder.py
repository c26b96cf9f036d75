"""Stage 1c, the ladder of numbers: which level a numbered line or a heading enters, and by what number it is cited.

The families of numbering.py say how deep a number usually stands; what a document itself shows goes before: # of Markdown,
1. that begins anew inside 2.3, 一、 that begins anew under another heading.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from assistant import numbering
from assistant.blocks import Block
from assistant.citing import cite_paragraph
from assistant.clause import Doubt, Span
from assistant.numbering import Marker

Sibling = Literal["", "name", "leaf", "statement"]

PREFACE = "前言"
TOP = -1
PARTS = 2  # 编, 章, 节
LIST = 5  # families from here on can number the items of lists


@dataclass(slots=True)
class Level:
    """One rung of the ladder while the parser stands on it.

    :param number: its citation number, unique among the levels; for an unnumbered heading at the top its name
    :param labels: what the numbers below it begin with
    :param look: how an unnumbered heading is set off, see Block.look
    :param bullets: whether it is a name with a colon above mere bullets
    :param last: family and value of the last number right below it, and what that line was
    """

    rank: float
    family: str
    labels: tuple[tuple[str, str], ...]
    path: tuple[str, ...]
    own: str
    number: str = ""
    is_item: bool = False
    stem: Span | None = None
    tables: int = 0
    last_value: int = 0
    hashes: int = 0
    ruled: bool = False
    value: int = 0
    look: str = ""
    bullets: bool = False
    last: tuple[str, int, Sibling] = ("", 0, "")


class Ladder:
    """The levels that the parser stands in, outermost first, and the numbers that are taken."""

    def __init__(self) -> None:
        self.stack = [Level(TOP - 1, "", (), (), "")]
        self.used: Counter[str] = Counter()
        self.paragraphs: Counter[str] = Counter()
        self.doubts: list[Doubt] = []
        self.numbered = False

    @property
    def level(self) -> Level:
        """The level that the next paragraph belongs to."""
        return self.stack[-1]

    @property
    def depth(self) -> int:
        """How many levels hold the present one, 0 for the outermost."""
        return len(self.stack) - 2

    def enter(self, block: Block, marker: Marker, own: str, before: bool) -> Level:
        """Enter the level of a numbered line -> the level that holds it; the caller says whether it is an item.

        :param own: the line as a step of a path
        :param before: whether it stands before the contents list, as part of the preface
        """
        self.numbered = True
        family, rank = marker.family, self._rank(block, marker)
        while self.level.rank >= rank or (block.hashes and self.level.is_item and not self.level.hashes):
            self.stack.pop()
        holds = 0 < self.level.hashes < block.hashes or self.level.own.startswith("附")
        if self.level.rank == TOP and family.rank <= LIST and marker.label not in self.used and not holds:
            self.stack.pop()
        parent = self.level
        self._check_order(parent, family.name, marker.value, block.line)
        labels = (*parent.labels, (family.name, marker.label))
        number = self._unused(parent, labels, block.line, before)
        self.stack.append(
            Level(
                rank=rank,
                family=family.name,
                labels=labels if number == numbering.join(labels) else ((family.name, number),),
                path=(*parent.path, *([parent.own] if parent.own else [])),
                own=own,
                number=number,
                hashes=block.hashes,
                value=numbering.value_of(marker.value),
            )
        )
        return parent

    def enter_name(self, block: Block, own: str) -> None:
        """Enter an unnumbered heading: below the last with fewer #; if it has none, below the last number or at the top.

        It stands half a rung below what holds it, so that numbers of the next rung go on inside it.
        """
        alike = next(
            (at for at, level in enumerate(self.stack) if level.look == block.look and level.hashes == block.hashes == 0), 0
        )
        if alike and not block.is_part:
            del self.stack[alike + 1 :]
        while self.level.is_item or self._ends(self.level, block):
            self.stack.pop()
        parent = self.level
        path = (*parent.path, *([parent.own] if parent.own else []))
        rank, number = (TOP, own) if parent.rank < TOP else (parent.rank + 0.5, parent.number)
        self.stack.append(
            Level(rank, "", parent.labels, path, own, number, hashes=block.hashes, ruled=block.ruled, look=block.look)
        )

    def leave_preface(self) -> None:
        """Leave all but parts and chapters, which go on behind the contents list."""
        while self.level.rank > PARTS or TOP - 1 < self.level.rank < 0:
            self.stack.pop()

    def leave_list(self, following: float) -> None:
        """Leave a list with a stem if what follows stands higher: the next paragraph belongs to what holds the list."""
        level = self.level
        if level.is_item and level.rank >= LIST and len(self.stack) > 2 and self.stack[-2].stem and following < level.rank:
            self.stack.pop()

    def leave_item(self) -> None:
        """Leave an item before a stem of further items: 下列情形: between 第四条 and 第五条 belongs to what holds both."""
        if self.level.is_item:
            self.stack.pop()

    def leave_bullets(self) -> None:
        """Leave a name with a colon above bullets: what stands behind them belongs to what holds the name."""
        if self.level.bullets:
            self.stack.pop()

    def _ends(self, level: Level, block: Block) -> bool:
        """Whether an unnumbered heading ends a level."""
        if level.rank < TOP or (level.ruled and not block.ruled and not block.hashes):
            return False
        if block.is_part:
            return True
        if block.hashes:
            return not 0 < level.hashes < block.hashes
        return not level.hashes and (not level.family or not self.numbered)

    def _rank(self, block: Block, marker: Marker) -> float:
        """Return the rung of a number: that of its family, but 1. inside 2.3 is an item and no chapter."""
        family, value = marker.family, numbering.value_of(marker.value)
        inside = next((level for level in reversed(self.stack) if level.family in ("1.1", "1.1.1")), None)
        if family.name != "1、" or not inside:
            return family.rank
        same = [level for level in self.stack if level.family == family.name]
        chapter = next((level for level in same if level.rank == family.rank), None)
        items = next((level.value for level in same if level.rank != family.rank), 0)
        if inside.hashes or block.hashes or (chapter and chapter.hashes):
            is_item = not block.hashes and bool(inside.hashes or (chapter and chapter.hashes))
        elif items and value == items + 1:
            is_item = not (chapter and value == chapter.value + 1 and block.is_title_like)
        else:
            is_item = value == 1
        return inside.rank + 0.5 if is_item else family.rank

    def _unused(self, parent: Level, labels: tuple[tuple[str, str], ...], line: int, before: bool) -> str:
        """Return a citation number that no level has yet; `before` the contents list, numbers are those of the preface.

        A list that starts again is told from the one before by the paragraph that it follows (第六条 第2款(一)) or by the
        heading that it stands under (第二章第一条); failing both, it is counted and noted.
        """
        label, plain = labels[-1][1], numbering.join(labels)
        tries = [f"{PREFACE} {plain}" if before and self._is_preface(labels) else plain]
        if parent.family and self.paragraphs[parent.number] > 1:
            tries.append(f"{cite_paragraph(parent.number, self.paragraphs[parent.number])}{label}")
        if parent.number and not plain.startswith(parent.number):
            tries.append(f"{parent.number}{'' if parent.family else ' '}{label}")
        number = next((each for each in tries if each not in self.used), "")
        if not number:
            first = tries[0]
            self.used[first] += 1
            number = f"{first} ({self.used[first]})"
            self.doubts.append(Doubt(line, f"编号 {first} 第 {self.used[first]} 次出现"))
        self.used[number] += 1
        return number

    def _is_preface(self, labels: tuple[tuple[str, str], ...]) -> bool:
        """Whether a number before the contents list would be one of the outermost, taken from the chapters behind it."""
        return len(labels) == 1 and labels[0][0] not in ("编", "章", "节")

    def _check_order(self, parent: Level, family: str, value: str, line: int) -> None:
        """Note numbers that skip, repeat or restart within one level."""
        number = numbering.value_of(value.removesuffix("条")) if family != "a." else 0
        if family in ("1.1", "1.1.1") or not number:
            return
        if parent.last_value and number not in (parent.last_value + 1, 1) and parent.family != family:
            self.doubts.append(Doubt(line, f"编号不连续: {parent.last_value} 之后是 {number}"))
        parent.last_value = number
