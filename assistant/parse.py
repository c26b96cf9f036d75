"""Stage 1, Source -> Policy: blocks become clauses with number, heading path, stem and exact offsets.

A stack of levels follows the ladder of numbers. A line that only names what follows is a heading; every other paragraph
is a clause of the level it stands in, and where a level has several they are its 第1段, 第2段. An item of a list carries
the last sentence before the list, its stem: 与国家安全有关的 means nothing without it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant import numbering
from assistant.blocks import BLANK, HEADING_LIMIT, SENTENCE_END, Block, read_blocks
from assistant.citing import Draft, cite_paragraph, finish
from assistant.clause import Doubt, Furniture, Heading, Kind, Policy, Role, Source, Span
from assistant.doubts import find_doubts
from assistant.numbering import Marker
from assistant.tables import Row, Table

LONGEST = 700
PREFACE = "前言"
_TOP = -1
_ALWAYS = ("编", "章", "节")  # never clauses, even where nothing stands below
_LIST = 5  # families from here on can number the items of lists
_CHAPTERS = 4  # 一、 is mostly the number of a chapter; its name may end like a sentence
_LOOSE_NAME = re.compile(rf"[^，,。；;！!？?]{{2,{HEADING_LIMIT}}}[。；;]")
_ROW_NUMBER = re.compile(r"序号|编号|序|NO\.?|#", re.IGNORECASE)


@dataclass(slots=True)
class _Level:
    """One rung of the ladder while the parser stands on it; the only mutable thing here.

    :param number: its citation number, unique among the levels; for an unnumbered heading at the top its name
    :param labels: what the numbers below it begin with
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
    value: int = 0


def parse(source: Source) -> Policy:
    """Parse one source; never raises: what it does not understand becomes a paragraph where it stands."""
    return _Parser(source).run()


class _Parser:
    """Walks the blocks once, keeping the stack of levels."""

    def __init__(self, source: Source) -> None:
        self.source, self.raw = source, source.text
        self.blocks = read_blocks(self.raw, source.markdown)
        self.stack = [_Level(_TOP - 1, "", (), (), "")]
        self.drafts: list[Draft] = []
        self.headings: list[Heading] = []
        self.furniture: list[Furniture] = []
        self.doubts: list[Doubt] = []
        self.numbered = False
        self.used: Counter[str] = Counter()
        self.paragraphs: Counter[str] = Counter()
        self.next_words = self._next(lambda block: block.kind not in ("layout", "contents"))
        self.next_number = self._next(lambda block: block.kind == "number")
        self.body = self._body()
        self.next_step = self._next(lambda block: block.kind in ("number", "heading", "table"))

    def _next(self, wanted: Callable[[Block], bool]) -> list[Block | None]:
        """Return for every block the first wanted one after it; one pass, so that long texts stay linear."""
        following: list[Block | None] = []
        latest: Block | None = None
        for block in reversed(self.blocks):
            following.append(latest)
            latest = block if wanted(block) else latest
        return following[::-1]

    def _body(self) -> int:
        """Return where the first contents list ends if numbers start from one behind it; those before it are the preface's."""
        end = next((at for at, block in enumerate(self.blocks) if block.kind == "contents"), 0)
        while end + 1 < len(self.blocks) and self.blocks[end + 1].kind == "contents":
            end += 1
        first = self.next_number[end] if self.blocks else None
        return end if first and first.marker and numbering.value_of(first.marker.value) == 1 else 0

    def run(self) -> Policy:
        """Parse everything -> Policy."""
        for at, block in enumerate(self.blocks):
            if block.kind == "table" and block.table:
                self._table(block.table)
            elif block.kind == "number" and block.marker:
                self._number(at, block)
            elif block.kind == "heading":
                self._heading(block)
            elif block.kind == "paragraph":
                self._close_list(at)
                self._paragraph(block.place, block.core, block.line)
            elif block.kind in ("title", "contents", "layout"):
                self.furniture.append(Furniture(block.kind, block.place))
        clauses = finish(self.drafts, self.headings, self.source)
        self.doubts += find_doubts(self.source, clauses, self.headings)
        doubts = tuple(sorted(self.doubts, key=lambda d: (d.line, d.message)))
        return Policy(self.source, clauses, tuple(self.headings), tuple(self.furniture), doubts)

    def _number(self, at: int, block: Block) -> None:
        """Enter the level of a numbered line, as a heading or as the first paragraph of its own level."""
        marker = block.marker
        assert marker is not None
        self.numbered = True
        family, rank = marker.family, self._rank(block, marker)
        while self.stack[-1].rank >= rank:
            self.stack.pop()
        parent = self.stack[-1]
        if parent.rank == _TOP and family.rank <= 5 and marker.label not in self.used:
            self.stack.pop()
            parent = self.stack[-1]
        self._check_order(parent, family.name, marker.value, block.line)
        named = block.is_title_like or (family.rank == _CHAPTERS and _LOOSE_NAME.fullmatch(block.title))
        is_heading = bool(named) and (family.name in _ALWAYS or self._has_content(at, block, family.rank))
        labels = (*parent.labels, (family.name, marker.label))
        number = self._unused(parent, labels, block.line, before=at < self.body)
        level = _Level(
            rank=rank,
            family=family.name,
            labels=labels if number == numbering.join(labels) else ((family.name, number),),
            path=(*parent.path, *([parent.own] if parent.own else [])),
            own=self._name(block),
            number=number,
            is_item=not is_heading,
            hashes=block.hashes,
            value=numbering.value_of(marker.value),
        )
        self.stack.append(level)
        if is_heading:
            self._add_heading(block, level.number)
        else:
            self._paragraph(block.place, block.core, block.line, stem=parent.stem, after_marker=block.core[0] + marker.length)

    def _rank(self, block: Block, marker: Marker) -> float:
        """Return the rung of a number: that of its family, but 1. inside 2.3 is an item and no chapter."""
        family = marker.family
        chapter = next((level for level in self.stack if level.family == family.name == "1、"), None)
        inside = next((level for level in reversed(self.stack) if level.family in ("1.1", "1.1.1")), None)
        if not chapter or not inside:
            return family.rank
        if chapter.hashes or block.hashes:
            goes_on = chapter.hashes == block.hashes
        else:
            goes_on = numbering.value_of(marker.value) == chapter.value + 1 and (chapter.is_item or block.is_title_like)
        return family.rank if goes_on else inside.rank + 0.5

    def _unused(self, parent: _Level, labels: tuple[tuple[str, str], ...], line: int, before: bool) -> str:
        """Return a citation number that no level has yet; `before` the contents list, numbers are those of the preface.

        A list that starts again is told from the one before by the paragraph that it follows (第六条 第2款(一)) or by the
        heading that it stands under (第二章第一条); failing both, it is counted and noted.
        """
        label, plain = labels[-1][1], numbering.join(labels)
        tries = [f"{PREFACE} {plain}" if before and parent.rank < _LIST else plain]
        if parent.family and self.paragraphs[parent.number] > 1:
            tries.append(f"{cite_paragraph(parent.number, self.paragraphs[parent.number])}{label}")
        if parent.number and not plain.startswith(parent.number):
            tries.append(f"{parent.number}{'' if parent.family else ' '}{label}")
        number = next((each for each in tries if each not in self.used), "")
        if not number:
            self.used[plain] += 1
            number = f"{plain} ({self.used[plain]})"
            self.doubts.append(Doubt(line, f"编号 {plain} 第 {self.used[plain]} 次出现"))
        self.used[number] += 1
        return number

    def _check_order(self, parent: _Level, family: str, value: str, line: int) -> None:
        """Note numbers that skip, repeat or restart within one level."""
        number = numbering.value_of(value.removesuffix("条")) if family != "a." else 0
        if family in ("1.1", "1.1.1") or not number:
            return
        if parent.last_value and number not in (parent.last_value + 1, 1) and parent.family != family:
            self.doubts.append(Doubt(line, f"编号不连续: {parent.last_value} 之后是 {number}"))
        parent.last_value = number

    def _has_content(self, at: int, block: Block, rank: int) -> bool:
        """Whether something stands under the numbered line at `at` before the next line of its height."""
        following = self.next_words[at]
        if following is None:
            return False
        if following.kind == "number" and following.marker:
            return following.marker.family.rank > rank
        return not (following.kind == "heading" and following.hashes) or 0 < block.hashes < following.hashes

    def _name(self, block: Block) -> str:
        """Return the line as a step of a path: whole if short, else to its first stop; always words of the source."""
        text = self.source.words(block.core).strip()
        if len(text) <= 48:
            return text.rstrip(SENTENCE_END + "：:，,")
        start = block.marker.length if block.marker else 0
        for stops in ("。；;：:", "，,、"):
            cut = re.search(f"[{stops}]", text[start:])
            if cut and 2 <= cut.start() <= 48:
                return text[: start + cut.start()]
        return text[:48]

    def _heading(self, block: Block) -> None:
        """Enter an unnumbered heading: below the last heading with fewer #; if it has none, below the last number or at the top.

        It stands half a rung below what holds it, so that numbers of the next rung go on inside it.
        """
        while self.stack[-1].is_item or self._ends(self.stack[-1], block):
            self.stack.pop()
        parent = self.stack[-1]
        top = parent.rank < _TOP
        own = self.source.words(block.core).strip("【】" + BLANK)
        path = (*parent.path, *([parent.own] if parent.own else []))
        rank, number = (_TOP, own) if top else (parent.rank + 0.5, parent.number)
        self.stack.append(_Level(rank, "", parent.labels, path, own, number, hashes=block.hashes))
        self._add_heading(block, number)

    def _ends(self, level: _Level, block: Block) -> bool:
        """Whether an unnumbered heading ends a level."""
        if level.rank < _TOP:
            return False
        if block.hashes:
            return not 0 < level.hashes < block.hashes
        return not level.hashes and (not level.family or not self.numbered)

    def _add_heading(self, block: Block, number: str) -> None:
        """Record a heading line for the outline."""
        depth = len(self.stack) - 2
        title = self.source.words(block.core).strip()
        self.headings.append(Heading(number, title, depth, block.place, block.line, f"h{len(self.headings) + 1}"))

    def _close_list(self, at: int) -> None:
        """Leave a list whose last item is behind: a paragraph that no further item follows belongs to what holds the list."""
        level = self.stack[-1]
        if not (level.is_item and level.rank >= _LIST and len(self.stack) > 2 and self.stack[-2].stem):
            return
        number, step = self.next_number[at], self.next_step[at]
        following = number.marker.family.rank if number and number.marker else _TOP
        if following < level.rank or (step and step.kind == "heading"):
            self.stack.pop()

    def _paragraph(self, place: Span, core: Span, line: int, stem: Span | None = None, after_marker: int = 0) -> None:
        """Add one paragraph as a clause of the current level, in pieces if it is over the limit."""
        level = self.stack[-1]
        ends = self._cuts(core)
        self.paragraphs[level.number] += len(ends)
        starts = [core[0], *ends[:-1]]
        for first, end in zip(starts, ends, strict=True):
            start = first + len(self.raw[first:end]) - len(self.raw[first:end].lstrip(BLANK))
            own = (place[0] if first == core[0] else start, place[1] if end == core[1] else end)
            begin = line + self.raw.count("\n", place[0], start)
            parts: tuple[tuple[Role, Span], ...] = (("body", (start, end)),)
            if stem and stem[1] - stem[0] + end - start <= LONGEST:
                parts = (("stem", stem), *parts)
            self.drafts.append(self._draft(level, parts, own, begin))
        level.stem = self._stem((max(core[0], after_marker), core[1]))

    def _draft(self, level: _Level, parts: tuple[tuple[Role, Span], ...], place: Span, line: int) -> Draft:
        """Return a clause draft of a level; what stands before the first number is preamble."""
        path = level.path if level.is_item else (*level.path, *([level.own] if level.own else []))
        kind: Kind = "clause" if self.numbered else "preamble"
        return Draft(level.number or PREFACE, path, kind, parts, place, line)

    def _cuts(self, core: Span) -> list[int]:
        """Return where a paragraph is cut so that no piece is over the limit: at ends of sentences, else of phrases."""
        ends, start = [], core[0]
        while core[1] - start > LONGEST - 50:
            window = self.raw[start : start + LONGEST - 50]
            cut = max(window.rfind(c) for c in SENTENCE_END + "\n")
            cut = cut if cut > 200 else max(window.rfind(c) for c in "，,、:： ")
            start += (cut if cut > 0 else len(window) - 1) + 1
            ends.append(start)
        return [*ends, core[1]]

    def _stem(self, core: Span) -> Span | None:
        """Return the last sentence of a paragraph that ends with a colon, which what follows depends on."""
        text = self.raw[slice(*core)].rstrip(BLANK + "*_")
        if not text.endswith((":", "：")):
            return None
        start = core[0] + max(text.rfind(c) for c in SENTENCE_END) + 1
        start += len(self.raw[start : core[1]]) - len(self.raw[start : core[1]].lstrip(BLANK))
        return start, core[0] + len(text)

    def _table(self, table: Table) -> None:
        """Add a table's rows as clauses of the current level."""
        level = self.stack[-1]
        level.tables += 1
        head, rows = table.head, table.rows
        self.furniture.append(Furniture("columns", head))
        numbered = bool(_ROW_NUMBER.fullmatch(table.columns[0].words.strip("*_ ")))
        path = (*level.path, *([level.own] if level.own else []))
        seen: set[str] = set()
        for position, row in enumerate(rows, 1):
            number = row.cells[0].words if numbered and row.cells[0].words not in seen else ""
            seen.add(number)
            label = f"表{level.tables} " + (f"序号{number}" if number else f"第{position}行")
            if parts := tuple(self._row_parts(table, row)):
                self.drafts.append(Draft(level.number or PREFACE, path, "table_row", parts, row.place, row.line, label))
                if sum(end - start for _, (start, end) in parts) > LONGEST:
                    self.doubts.append(Doubt(row.line, f"{label} 超过 {LONGEST} 字, 请在原文中拆开"))
            else:
                self.furniture.append(Furniture("layout", row.place))

    def _row_parts(self, table: Table, row: Row) -> Iterator[tuple[Role, Span]]:
        """Yield column name and cell by turns, for the cells that are not empty."""
        for column, cell in zip(table.columns, row.cells, strict=False):
            if cell.span:
                if column.span:
                    yield "column", column.span
                yield ("inherited" if cell.inherited else "cell"), cell.span
