"""Stage 1, Source -> Policy: blocks become clauses with number, heading path, stem and exact offsets.

A stack of levels follows the ladder of numbers. A line that only names what follows is a heading; every other paragraph
is a clause of the level it stands in, and where a level has several they are its 第1段, 第2段. An item of a list carries
the last sentence before the list, its stem: 与国家安全有关的 means nothing without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from assistant import numbering
from assistant.blocks import BLANK, HEADING_LIMIT, SENTENCE_END, Block, read_blocks
from assistant.citing import Draft, finish
from assistant.clause import Doubt, Furniture, Heading, Kind, Policy, Role, Source, Span
from assistant.cutting import LONGEST, Parts, paragraph_cuts, row_pieces
from assistant.doubts import find_doubts
from assistant.ladder import PREFACE, TOP, Ladder, Level, Sibling
from assistant.names import mark_names
from assistant.numbering import Marker
from assistant.tables import Row, Table

_ALWAYS = ("编", "章", "节")  # never clauses, even where nothing stands below
_CHAPTERS = 4  # 一、 is mostly the number of a chapter; its name may end like a sentence
_LOOSE_NAME = re.compile(rf"[^，,。；;！!？?]{{2,{HEADING_LIMIT}}}[。；;.．]")
_COLON_NAME = re.compile(r"[^，,。；;：:！!？?]{2,20}[：:]")
_ANNOUNCES = re.compile(r"以下|下列|如下")
_ROW_NUMBER = re.compile(r"序号|编号|序|NO\.?|#", re.IGNORECASE)


def parse(source: Source) -> Policy:
    """Parse one source; never raises: what it does not understand becomes a paragraph where it stands."""
    return _Parser(source).run()


class _Parser:
    """Walks the blocks once, keeping the stack of levels."""

    def __init__(self, source: Source) -> None:
        self.source, self.raw = source, source.text
        self.blocks = mark_names(read_blocks(self.raw, source.markdown))
        self.ladder = Ladder()
        self.drafts: list[Draft] = []
        self.headings: list[Heading] = []
        self.furniture: list[Furniture] = []
        self.doubts: list[Doubt] = list(source.notes)
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
                self._number(at, block, block.marker)
            elif block.kind == "heading":
                self._heading(at, block)
            elif block.kind == "paragraph":
                self._close_list(at, block)
                self._paragraph(block.place, block.core, block.line)
            elif block.kind in ("title", "contents", "layout"):
                self.furniture.append(Furniture(block.kind, block.place))
        clauses = finish(self.drafts, self.headings, self.source)
        self.doubts += [*self.ladder.doubts, *find_doubts(self.source, clauses, self.headings)]
        doubts = tuple(sorted(self.doubts, key=lambda d: (d.line, d.message)))
        return Policy(self.source, clauses, tuple(self.headings), tuple(self.furniture), doubts)

    def _number(self, at: int, block: Block, marker: Marker) -> None:
        """Read a numbered line, as a heading or as the first paragraph of its own level."""
        if at > self.body > 0:
            self.ladder.leave_preface()
            self.body = 0
        parent = self.ladder.enter(block, marker, self._name(block), before=at < self.body)
        family, value = marker.family, numbering.value_of(marker.value)
        before: Sibling = parent.last[2] if parent.last[:2] == (family.name, value - 1) else ""
        holds = family.name in _ALWAYS or self._has_content(at, block, family.rank)
        is_heading = holds and self._is_name(at, block, marker, before)
        self.ladder.level.is_item = not is_heading
        what: Sibling = "name" if is_heading else "leaf" if block.is_title_like else "statement"
        parent.last = (family.name, value, what)
        if is_heading:
            self._add_heading(block)
        else:
            self._paragraph(block.place, block.core, block.line, stem=parent.stem, after_marker=block.core[0] + marker.length)

    def _is_name(self, at: int, block: Block, marker: Marker, before: Sibling) -> bool:
        """Whether a numbered line that holds something is a name, also if it ends like a sentence as 一、引言。 does.

        Lines of one list are alike: beside a mere name with nothing below it stands no heading, and 2、公开披露。 is one where
        1、转让 was.
        """
        following = self.next_words[at]
        if block.is_title_like and block.title[-1] not in ".．":
            return before != "leaf" or bool(block.hashes) or not self._ends_list(at, marker)
        if _LOOSE_NAME.fullmatch(block.title):
            if marker.family.rank == _CHAPTERS:
                return before != "statement"
            if block.title[-1] in ".．":
                return True
            return before == "name" and marker.family.name != "条"
        if marker.family.name == "条" or not _COLON_NAME.fullmatch(block.title):
            return False
        before_text = following is not None and following.kind == "paragraph" and following.text[-1] in SENTENCE_END
        return before_text or (before == "name" and not _ANNOUNCES.search(block.title))

    def _ends_list(self, at: int, marker: Marker) -> bool:
        """Whether mere bullets stand below a number, or a paragraph that no further number of its list follows."""
        below, number = self.next_words[at], self.next_number[at]
        if not below or below.kind != "paragraph" or marker.family.name in _ALWAYS:
            return False
        further = number.marker if number else None
        if further and further.family is marker.family:
            return below.bullet or numbering.value_of(further.value) != numbering.value_of(marker.value) + 1
        return True

    def _heading(self, at: int, block: Block) -> None:
        """Read an unnumbered heading."""
        self.ladder.enter_name(block, self.source.words(block.core).strip("【】" + BLANK))
        below = self.next_words[at]
        self.ladder.level.bullets = bool(block.look == "colon" and not block.hashes and below and below.bullet)
        self._add_heading(block)

    def _add_heading(self, block: Block) -> None:
        """Record a heading line for the outline."""
        number, title = self.ladder.level.number, self.source.words(block.core).strip()
        self.headings.append(Heading(number, title, self.ladder.depth, block.place, block.line, f"h{len(self.headings) + 1}"))

    def _close_list(self, at: int, block: Block) -> None:
        """Leave a list whose last item is behind: a paragraph that no further item follows belongs to what holds the list."""
        number, step = self.next_number[at], self.next_step[at]
        marker = number.marker if number and not (step and step.kind == "heading") else None
        if not block.bullet:
            self.ladder.leave_bullets()
        alike = marker is not None and marker.family.name == self.ladder.level.family
        if alike and number is self.next_words[at] and block.text[-1] in "：:":
            self.ladder.leave_item()
        anew = alike and marker and numbering.value_of(marker.value) == 1
        self.ladder.leave_list(TOP if anew or not marker else marker.family.rank)

    def _has_content(self, at: int, block: Block, rank: int) -> bool:
        """Whether something stands under the numbered line at `at` before the next line of its height."""
        following = self.next_words[at]
        if following is None:
            return False
        if following.kind == "number" and following.marker:
            return following.marker.family.rank > rank or block.hashes > following.hashes == 0
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

    def _paragraph(self, place: Span, core: Span, line: int, stem: Span | None = None, after_marker: int = 0) -> None:
        """Add one paragraph as a clause of the current level, in pieces if it is over the limit."""
        level = self.ladder.level
        ends = paragraph_cuts(self.raw, core)
        self.ladder.paragraphs[level.number] += len(ends)
        starts = [core[0], *ends[:-1]]
        for first, end in zip(starts, ends, strict=True):
            start = first + len(self.raw[first:end]) - len(self.raw[first:end].lstrip(BLANK))
            own = (place[0] if first == core[0] else start, place[1] if end == core[1] else end)
            begin = line + self.raw.count("\n", place[0], start)
            parts: Parts = (("body", (start, end)),)
            if stem and stem[1] - stem[0] + end - start <= LONGEST:
                parts = (("stem", stem), *parts)
            self.drafts.append(self._draft(level, parts, own, begin))
        level.stem = self._stem((max(core[0], after_marker), core[1]))

    def _draft(self, level: Level, parts: Parts, place: Span, line: int) -> Draft:
        """Return a clause draft of a level; what stands before the first number is preamble."""
        path = level.path if level.is_item else (*level.path, *([level.own] if level.own else []))
        kind: Kind = "clause" if self.ladder.numbered else "preamble"
        return Draft(level.number or PREFACE, path, kind, parts, place, line)

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
        level = self.ladder.level
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
            parts = tuple(self._row_parts(table, row))
            if not any(role == "cell" for role, _ in parts):
                self.furniture.append(Furniture("layout", row.place))
                continue
            pieces = row_pieces(self.raw, parts, row.place)
            for piece, (own, place) in enumerate(pieces, 1):
                line = row.line + self.raw.count("\n", row.place[0], place[0])
                part = f"{label} 第{piece}段" if len(pieces) > 1 else label
                self.drafts.append(Draft(level.number or PREFACE, path, "table_row", own, place, line, part))

    def _row_parts(self, table: Table, row: Row) -> Iterator[tuple[Role, Span]]:
        """Yield column name and cell by turns, for the cells that are not empty."""
        for column, cell in zip(table.columns, row.cells, strict=False):
            if cell.span:
                if column.span:
                    yield "column", column.span
                yield ("inherited" if cell.inherited else "cell"), cell.span
