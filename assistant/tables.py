r"""Tables in text: lines of cells and bars -> rows with every cell under its column.

Three layouts occur in policies: one cell a line, each line closed by a bar (a bare bar is an empty cell); one row a line
under a ruled line ---|---; and one cell a line with the bars on lines of their own, again under a ruled line.
Merged cells reach a text file as a row with too few cells, filled up with empty ones at its end. Where the cells that are
there belong is read off the table itself: they go, in order, under the columns whose full rows they resemble.
A row between two bars with as many cells as the ruled line is exact: each cell stays under its column, ^^ is merged with the
cell above, and \| is a bar among the words.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assistant.clause import Span

_RULE = re.compile(r"\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)+\|?")
_CODE = re.compile(r"\([A-Za-z][\w .\-]*\)|([A-Za-z][\w .\-]*)")
WIDEST = 8
MERGED = "^^"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the source without the white space around it; `number` counts from 1."""

    number: int
    start: int
    end: int
    text: str


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
class _Token:
    """A cell as it stands in the text, with the stretch of source it occupies, bars included."""

    cell: Cell
    place: Span
    line: int
    exact: bool = False


def find_tables(lines: Sequence[Line]) -> list[Table]:
    """Return the tables among `lines`, in order."""
    tables: list[Table] = []
    at = 0
    while at < len(lines):
        found = _ruled(lines, at) or _closed(lines, at)
        tables += found
        at = found[-1].lines.stop if found else at + 1
    return tables


def _split(line: Line) -> list[_Token]:
    """Cut a line at its bars; a closing bar ends the last cell, an opening bar begins the first."""
    tokens: list[_Token] = []
    begin = 1 if line.text.startswith("|") and not set(line.text) <= {"|", " "} else 0
    for piece in re.finditer(r"((?:\\\||[^|])*)(\||$)", line.text[begin:]):
        if not piece.group(0):
            continue
        words = piece.group(1).strip()
        start = line.start + begin + piece.start(1) + len(piece.group(1)) - len(piece.group(1).lstrip())
        place = (line.start if not tokens else line.start + begin + piece.start(), line.start + begin + piece.end())
        tokens.append(_Token(Cell(words, (start, start + len(words)) if words else None), place, line.number))
    return tokens


def _closed(lines: Sequence[Line], at: int) -> list[Table]:
    """Read a run of lines that all end with a bar; a second head inside the run begins a second table."""
    stop = at
    while stop < len(lines) and lines[stop].text.endswith("|") and not _RULE.fullmatch(lines[stop].text):
        stop += 1
    if stop - at < 4:
        return []
    tokens = [token for line in lines[at:stop] for token in _split(line)]
    fresh = (i for i, t in enumerate(tokens) if not i or t.line != tokens[i - 1].line)  # a table begins with its line
    heads = [i for i in fresh if tokens[i].cell.words and tokens[i].cell.words == tokens[0].cell.words]
    tables = []
    for begin, end in itertools.pairwise([*heads, len(tokens)]):
        part = tokens[begin:end]
        width = _width([t.cell.words for t in part])
        first = next(i for i in range(at, stop) if lines[i].number == part[0].line)
        last = next(i for i in range(at, stop) if lines[i].number == part[-1].line)
        rows = [_filled(part[i : i + width], width) for i in range(width, len(part), width)]
        tables.append(_table(range(first, last + 1), part[:width], rows))
    return tables


def _filled(row: list[_Token], width: int) -> list[_Token]:
    """Add the empty cells that the last row of a run lacks."""
    return row + [_Token(Cell("", None), row[-1].place, row[-1].line)] * (width - len(row))


def _fitted(row: list[_Token], width: int) -> list[_Token]:
    """Join the cells that a row has too many with its last one."""
    if len(row) <= width:
        return row
    last, end = row[width - 1], row[-1]
    spans = [t.cell.span for t in row[width - 1 :] if t.cell.span]
    words = "|".join(t.cell.words for t in row[width - 1 :])
    cell = Cell(words, (spans[0][0], spans[-1][1]) if spans else None)
    return [*row[: width - 1], _Token(cell, (last.place[0], end.place[1]), last.line)]


def _width(words: Sequence[str]) -> int:
    """Return the number of columns of a stream of cells that begins with the head.

    A numbered table has its first 1 at the start of its first row. Otherwise it is the smallest width whose columns hold
    cells of like length.
    """
    if "1" in words[2 : WIDEST + 1]:
        return words.index("1", 2)

    def unevenness(width: int) -> float:
        columns = [[math.log1p(len(w)) for w in words[width + c :: width]] for c in range(width)]
        return sum(statistics.pvariance(c) for c in columns if c) / width

    widths = [w for w in range(2, min(WIDEST, len(words) // 2) + 1) if all(words[:w])]
    costs = {w: unevenness(w) for w in widths}
    return next((w for w in widths if costs[w] <= 1.3 * min(costs.values()) + 0.05), 2)


def _ruled(lines: Sequence[Line], at: int) -> list[Table]:
    """Read a table with a ruled line, which says how many columns there are."""
    near = range(at, min(at + 2 * WIDEST + 2, len(lines)))
    if (rule := next((i for i in near if _RULE.fullmatch(lines[i].text)), None)) is None:
        return []
    width = len(re.findall(r"-{3,}", lines[rule].text))
    head = _spread(lines[at:rule], width)
    if len(head) != width or not (head[0].cell.words or _is_exact(lines[at], head, width)):
        return []
    head[-1] = _Token(head[-1].cell, (head[-1].place[0], lines[rule].end), head[-1].line)
    rows = list(_rows(lines, rule + 1, width, rule == at + 1 and _is_exact(lines[at], head, width)))
    return [_table(range(at, rows[-1][1] if rows else rule + 1), head, [row for row, _ in rows])]


def _is_exact(line: Line, row: Sequence[_Token], width: int) -> bool:
    """Whether every cell of a row is there: bars at both ends, and as many cells as columns."""
    return len(row) == width and line.text.startswith("|") and line.text.endswith("|") and not line.text.endswith("\\|")


def _spread(lines: Sequence[Line], width: int) -> list[_Token]:
    """Return the cells of one row that may take several lines, or [] if the lines are no such row."""
    if len(lines) == 1:
        return _split(lines[0]) if "|" in lines[0].text else []
    tokens: list[_Token] = []
    open_cell = False
    for line in lines:
        if line.text == "|":
            if not open_cell:
                tokens.append(_Token(Cell("", None), (line.start, line.end), line.number))
            open_cell = False
        elif "|" in line.text or open_cell:
            return []
        else:
            tokens.append(_Token(Cell(line.text, (line.start, line.end)), (line.start, line.end), line.number))
            open_cell = True
    return tokens if len(tokens) <= width else []


def _rows(lines: Sequence[Line], at: int, width: int, barred: bool) -> Iterator[tuple[list[_Token], int]]:
    """Yield (cells, index of the line after) for every row below the ruled line; where the head has outer bars, so have they."""
    while at < len(lines):
        if "|" in (text := lines[at].text) and text != "|":
            row = _split(lines[at])
            if (barred and not text.startswith("|")) or any(_RULE.fullmatch(line.text) for line in lines[at + 1 : at + 2]):
                return
            exact = _is_exact(lines[at], row, width)
            yield [replace(token, exact=True) for token in row] if exact else _fitted(row, width), at + 1
            at += 1
            continue
        bars = [i for i in range(at, min(at + 2 * width, len(lines))) if lines[i].text == "|"]
        if len(bars) < width - 1 or bars[0] > at + 1:
            return
        stop = min(bars[width - 2] + 2, len(lines))
        if not (tokens := _spread(lines[at:stop], width)):
            return
        yield tokens, stop
        at = stop


def _table(lines: range, head: Sequence[_Token], rows: Sequence[Sequence[_Token]]) -> Table:
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
