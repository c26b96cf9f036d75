r"""Tables in text: cells as they stand -> rows with every cell under its column. table_layouts.py finds them.

Merged cells reach a text file as a row with too few cells, filled up with empty ones at its end. Where the cells that are
there belong is read off the table itself: they go, in order, under the columns whose full rows they resemble. A row between
two bars with as many cells as columns is exact: each cell stays under its column, ^^ is merged with the cell above, and \|
is a bar among the words.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.clause import Span

_CODE = re.compile(r"\([A-Za-z][\w .\-]*\)|([A-Za-z][\w .\-]*)")
MERGED = "^^"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the source without the white space around it; `number` counts from 1.

    `breaks` says that two blanks end it: so Markdown writes a line break, and html2text the end of a table's row.
    """

    number: int
    start: int
    end: int
    text: str
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: where its words stand (None if it is empty) and whether it was merged with the cell above."""

    words: str
    span: Span | None
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row with a cell for every column; `place` is the stretch of the source it takes up."""

    cells: tuple[Cell, ...]
    place: Span
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table and the lines it covers (indices, end exclusive); `head` is the stretch of its column names."""

    lines: range
    columns: tuple[Cell, ...]
    head: Span
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A cell as it stands in the text, with the stretch of source it occupies, bars included."""

    cell: Cell
    place: Span
    line: int
    exact: bool = False


def split(line: Line) -> list[Token]:
    """Cut a line at its bars; a closing bar ends the last cell, an opening bar begins the first."""
    tokens: list[Token] = []
    begin = 1 if re.match(r"\|[^\n]*[^|\s]", line.text) else 0
    for piece in re.finditer(r"((?:\\\||[^|])*)(\||$)", line.text[begin:]):
        if not piece.group(0):
            continue
        words = piece.group(1).strip()
        start = line.start + begin + piece.start(1) + len(piece.group(1)) - len(piece.group(1).lstrip())
        place = (line.start if not tokens else line.start + begin + piece.start(), line.start + begin + piece.end())
        tokens.append(Token(Cell(words, (start, start + len(words)) if words else None), place, line.number))
    return tokens


def filled(row: list[Token], width: int) -> list[Token]:
    """Add the empty cells that the last row of a run lacks."""
    return row + [Token(Cell("", None), row[-1].place, row[-1].line)] * (width - len(row))


def fitted(row: list[Token], width: int) -> list[Token]:
    """Join the cells that a row has too many with its last one."""
    if len(row) <= width:
        return row
    last, end = row[width - 1], row[-1]
    spans = [t.cell.span for t in row[width - 1 :] if t.cell.span]
    words = "|".join(t.cell.words for t in row[width - 1 :])
    cell = Cell(words, (spans[0][0], spans[-1][1]) if spans else None)
    return [*row[: width - 1], Token(cell, (last.place[0], end.place[1]), last.line)]


def fill(lines: range, head: Sequence[Token], rows: Sequence[Sequence[Token]]) -> Table:
    """Put every cell under its column and let merged cells inherit from above."""
    explicit = [[t.cell for t in row] for row in rows]
    full = [row for row in explicit if len(row) == len(head) and row[-1].words]
    above = tuple(Cell("", None) for _ in head)
    done = []
    for tokens, cells in zip(rows, explicit, strict=True):
        placed = _place(cells, full, above, tokens[0].exact)
        above = tuple(_inherit(cell, up) for cell, up in zip(placed, above, strict=True))
        done.append(Row(above, (tokens[0].place[0], tokens[-1].place[1]), tokens[0].line))
    return Table(lines, tuple(t.cell for t in head), (head[0].place[0], head[-1].place[1]), tuple(done))


def _inherit(cell: Cell | None, above: Cell) -> Cell:
    """Return the cell itself, or the one above it where it was merged (None)."""
    if cell is not None:
        return cell
    return Cell(above.words, above.span, inherited=above.span is not None)


def _place(cells: Sequence[Cell], full: Sequence[Sequence[Cell]], above: Sequence[Cell], exact: bool) -> list[Cell | None]:
    """Return one entry per column, None where the cell was merged with the one above."""
    width = len(above)
    if exact:
        return [None if cell.words == MERGED else cell for cell in cells]
    if len(cells) < width:  # a row that was not filled up: merged cells mostly stand at its left
        return [None] * (width - len(cells)) + list(cells)
    kept = list(cells)
    while kept and not kept[-1].words:
        kept.pop()
    if len(kept) == width:
        return list(kept)
    columns: Sequence[int] = range(len(kept))
    if full:
        columns = max(
            itertools.combinations(range(width), len(kept)),
            key=lambda chosen: sum(_likeness(c, [row[i] for row in full]) for c, i in zip(kept, chosen, strict=True)),
        )
    placed: list[Cell | None] = [None] * width
    for cell, column in zip(kept, columns, strict=True):
        placed[column] = cell
    return placed


def _likeness(cell: Cell, column: Sequence[Cell]) -> float:
    """Log-likelihood of the cell's shape (number, code in brackets, purpose, length) among a column's full cells."""

    def shape(words: str) -> tuple[bool, ...]:
        return words.isdigit(), bool(_CODE.search(words)), words.startswith(("用于", "为了", "便于", "将")), not words

    others = [shape(c.words) for c in column]
    matches = [sum(s[i] == own for s in others) for i, own in enumerate(shape(cell.words))]
    likelihood = sum(math.log((n + 0.5) / (len(others) + 1)) for n in matches)
    lengths = [math.log1p(len(c.words)) for c in column]
    spread = statistics.pstdev(lengths) + 0.5
    return likelihood - ((math.log1p(len(cell.words)) - statistics.fmean(lengths)) / spread) ** 2 / 2
