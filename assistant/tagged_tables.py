"""Tables written as HTML inside a text -> [Table]: what Markdown cannot write, merged cells above all.

html_tables.py lays out the grid; here the tags are found where they stand, so that every cell is a slice of the source.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.clause import Span
from assistant.html_tables import row_groups, table_rows
from assistant.tables import MERGED, Cell, Line, Row, Table

_TABLE = re.compile(r"</?table\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<(/?)(thead|tbody|tfoot|tr|td|th|caption|colgroup)\b([^<>]*)>", re.IGNORECASE)
_SPAN = re.compile(r"(rowspan|colspan)\s*=\s*[\"']?\s*(\d{1,6})", re.IGNORECASE)
_MARKUP = re.compile(r"<!--[^<>]*-->|</?[a-zA-Z][^<>]*>|&nbsp;|\s+")
_CELLS, _SECTIONS = ("td", "th", "caption"), ("thead", "tbody", "tfoot")
_BESIDE = 1000  # characters around a table on its own lines that can be tags
_WIDEST = 30  # columns; with more it is a drawing
_EMPTY = Cell("", None)


@dataclass(slots=True)
class Tag:
    """An element of a table, as html_tables.py reads elements; `inner` is the stretch between its tags."""

    tag: str
    start: int
    inner: Span
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Tag] = field(default_factory=list)

    def iter(self) -> Iterator[Tag]:
        """Yield the elements right inside."""
        yield from self.children


def tagged_tables(raw: str, lines: Sequence[Line]) -> Iterator[Table]:
    """Yield the tables between <table> and </table>, of tables inside one another the innermost.

    One that has other words on its lines or between its cells stays text, as does one of a single row or column, or of more
    columns than anyone reads.
    """
    begin: re.Match[str] | None = None
    starts = [line.start for line in lines]
    for tag in _TABLE.finditer(raw):
        if tag[0][1] != "/":
            begin = tag
        elif begin:
            covered = range(bisect_right(starts, begin.start()) - 1, bisect_left(starts, tag.end()))
            around = (lines[covered[0]].start, begin.start()), (tag.end(), lines[covered[-1]].end)
            if not any(end - start > _BESIDE or _words(raw, (start, end)).strip(">*-+ ") for start, end in around):
                yield from _table(raw, lines, covered, (begin.end(), tag.start()))
            begin = None


def _table(raw: str, lines: Sequence[Line], covered: range, inner: Span) -> Iterator[Table]:
    """Yield the table between two tags, if it is one."""
    if (root := _tree(raw, inner)) is None:
        return
    rows = [row for group in row_groups(root) for row in group]
    grid = table_rows(root, lambda cell: _cell(raw, cell.inner))
    width = max((len(row) for row in grid), default=0)
    if not 2 <= width <= _WIDEST or len(rows) < 2 or any(one.start > other.start for one, other in itertools.pairwise(rows)):
        return
    begins = [lines[covered[0]].start, *(row.start for row in rows[1:]), lines[covered[-1]].end]
    numbers = [lines[bisect_right(lines, begin, key=lambda line: line.start) - 1].number for begin in begins]
    above, done = (_EMPTY,) * width, list[Row]()
    for at, row in enumerate(grid):
        cells = [cell if isinstance(cell, Cell) else (cell == MERGED) for cell in [*row, *[""] * (width - len(row))]]
        above = tuple(_under(cell, up) for cell, up in zip(cells, above if at > 1 else (_EMPTY,) * width, strict=True))
        done.append(Row(above, (begins[at], begins[at + 1]), numbers[at]))
    yield Table(covered, done[0].cells, done[0].place, tuple(done[1:]))


def _under(cell: Cell | bool, above: Cell) -> Cell:
    """Return a cell, the one above it where it was merged (True), or an empty one."""
    if isinstance(cell, Cell):
        return cell
    return Cell(above.words, above.span, inherited=True) if cell and above.span else _EMPTY


def _tree(raw: str, inner: Span) -> Tag | None:
    """Return the elements between two tags; tags may be left open. None if words stand outside the cells."""
    root = Tag("table", inner[0], inner)
    section, row, cell = root, root, root
    at = inner[0]
    for tag in _TAG.finditer(raw, *inner):
        name = tag[2].lower()
        if cell.tag in _CELLS:
            cell.inner = (cell.inner[0], tag.start())
        elif _words(raw, (at, tag.start())):
            return None
        at, cell = tag.end(), root
        if tag[1]:
            section = root if name in _SECTIONS else section
            continue
        new = Tag(name, tag.start(), (at, inner[1]), {key.lower(): number for key, number in _SPAN.findall(tag[3])})
        if name in _SECTIONS:
            section = row = new
            root.children.append(new)
        elif name == "tr" or (name in ("td", "th") and row.tag != "tr"):
            if section is root:
                section = Tag("tbody", new.start, new.inner)
                root.children.append(section)
            row = Tag("tr", new.start, new.inner)
            section.children.append(row)
        if name in _CELLS:
            cell = new
        if name in ("td", "th"):
            row.children.append(new)
    return root if cell.tag in _CELLS or not _words(raw, (at, inner[1])) else None


def _words(raw: str, span: Span) -> str:
    """Return what a stretch holds besides tags and blanks."""
    return _MARKUP.sub("", raw[slice(*span)])


def _cell(raw: str, inner: Span) -> Cell:
    """Return a cell without the tags and blanks at both ends of it."""
    start, end, at = -1, -1, inner[0]
    for mark in [*_MARKUP.finditer(raw, *inner), None]:
        stop = mark.start() if mark else inner[1]
        if stop > at:
            start, end = at if start < 0 else start, stop
        at = mark.end() if mark else at
    return Cell(raw[start:end], (start, end)) if start >= 0 else _EMPTY
