"""Lines -> [Table]: the layouts of tables in text, which lost theirs.

Three occur in policies: one cell a line, each line closed by a bar (a bare bar is an empty cell); one row a line under a
ruled line ---|---; and one cell a line with the bars on lines of their own, again under a ruled line.
"""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.tables import Line, Table, Token, fill, filled, fitted, split
from assistant.tagged_tables import tagged_tables

_RULE = re.compile(r"\|?\s*:?-{3,}:?\s*(\|\s*:?-{3,}:?\s*)+\|?")
_END = re.compile(r"[=*_\-\s]{4,}$|#+\s|\s*[-*+]\s")
WIDEST = 8
_SHORT = 40  # characters of a cell that stands alone in its row


def find_tables(raw: str, lines: Sequence[Line]) -> list[Table]:
    """Return the tables among the `lines` of `raw`, in order."""
    tables: list[Table] = []
    tagged = {table.lines.start: table for table in tagged_tables(raw, lines)}
    at = 0
    while at < len(lines):
        found = [tagged[at]] if at in tagged else _ruled(raw, lines, at) or _closed(lines, at)
        tables += found
        at = found[-1].lines.stop if found else at + 1
    return tables


def _closed(lines: Sequence[Line], at: int) -> list[Table]:
    """Read a run of lines that all end with a bar; a second head inside the run begins a second table."""
    stop = at
    while stop < len(lines) and lines[stop].text.endswith("|") and not _RULE.fullmatch(lines[stop].text):
        stop += 1
    if stop - at < 4:
        return []
    tokens = [token for line in lines[at:stop] for token in split(line)]
    fresh = (i for i, t in enumerate(tokens) if not i or t.line != tokens[i - 1].line)  # a table begins with its line
    heads = [i for i in fresh if tokens[i].cell.words and tokens[i].cell.words == tokens[0].cell.words]
    tables = []
    for begin, end in itertools.pairwise([*heads, len(tokens)]):
        part = tokens[begin:end]
        width = _width([t.cell.words for t in part])
        first = next(i for i in range(at, stop) if lines[i].number == part[0].line)
        last = next(i for i in range(at, stop) if lines[i].number == part[-1].line)
        rows = [filled(part[i : i + width], width) for i in range(width, len(part), width)]
        tables.append(fill(range(first, last + 1), part[:width], rows))
    return tables


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


def _ruled(raw: str, lines: Sequence[Line], at: int) -> list[Table]:
    """Read a table with a ruled line, which says how many columns there are."""
    near = range(at, min(at + 2 * WIDEST + 2, len(lines)))
    if (rule := next((i for i in near if _RULE.fullmatch(lines[i].text)), None)) is None:
        return []
    width = len(re.findall(r"-{3,}", lines[rule].text))
    head = _spread(raw, lines[at:rule], width)
    if len(head) != width or not (head[0].cell.words or _is_exact(lines[at], head, width)):
        return []
    head[-1] = Token(head[-1].cell, (head[-1].place[0], lines[rule].end), head[-1].line)
    barred = rule == at + 1 and _is_exact(lines[at], head, width)
    rows = list(_rows(raw, lines, rule + 1, width, barred))
    return [fill(range(at, rows[-1][1] if rows else rule + 1), head, [row for row, _ in rows])]


def _is_exact(line: Line, row: Sequence[Token], width: int) -> bool:
    """Whether every cell of a row is there: bars at both ends, and as many cells as columns."""
    return len(row) == width and line.text.startswith("|") and line.text.endswith("|") and not line.text.endswith("\\|")


def _joined(raw: str, lines: Sequence[Line]) -> Line:
    """Return several lines as one."""
    return Line(lines[0].number, lines[0].start, lines[-1].end, raw[lines[0].start : lines[-1].end])


def _spread(raw: str, lines: Sequence[Line], width: int) -> list[Token]:
    """Return the cells of one row that may take several lines, a cell never does; [] if the lines are no such row."""
    if not any("|" in line.text for line in lines):
        return []
    tokens = split(_joined(raw, lines))
    return [] if len(tokens) > width or any("\n" in token.cell.words for token in tokens) else tokens


def _rows(raw: str, lines: Sequence[Line], at: int, width: int, barred: bool) -> Iterator[tuple[list[Token], int]]:
    """Yield (cells, index of the line after) for every row below the ruled line; where the head has outer bars, so have they."""
    wrapped = lines[at - 1].breaks and not barred  # the ruled line
    while at < len(lines):
        stop = _wrapped_row(lines, at, width) if wrapped else at + ("|" in lines[at].text and lines[at].text != "|")
        if stop > at:
            if (barred and not lines[at].text.startswith("|")) or any(
                _RULE.fullmatch(line.text) for line in lines[stop : stop + 1]
            ):
                return
            row = split(_joined(raw, lines[at:stop]))
            exact = stop == at + 1 and _is_exact(lines[at], row, width)
            yield [replace(token, exact=True) for token in row] if exact else fitted(row, width), stop
            at = stop
            continue
        stop = _spread_end(lines, at, width) or _spread_end(lines, _lone(lines, at), width)
        if not stop:
            return
        while lines[at].breaks and "|" not in lines[at + 1].text:
            yield filled(split(lines[at]), width), at + 1
            at += 1
        if not (tokens := _spread(raw, lines[at:stop], width)):
            return
        yield tokens, stop
        at = stop


def _spread_end(lines: Sequence[Line], at: int, width: int) -> int:
    """Return the end of a row with cells and bars on lines of their own, 0 if none begins at `at`."""
    bars = [i for i in range(at, min(at + 2 * width, len(lines))) if lines[i].text == "|"]
    return 0 if len(bars) < width - 1 or bars[0] > at + 1 else min(bars[width - 2] + 2, len(lines))


def _lone(lines: Sequence[Line], at: int) -> int:
    """Return the end of the lines that are each the only cell of a row, its others being merged: two blanks end them."""
    while at < len(lines) and lines[at].breaks and "|" not in lines[at].text and len(lines[at].text) <= _SHORT:
        at += 1 if not _END.match(lines[at].text) else len(lines)
    return at


def _wrapped_row(lines: Sequence[Line], at: int, width: int) -> int:
    """Return the end of a row that may take several lines, as html2text writes it: two blanks end it; `at` if there is none.

    A row without any bar (its other cells were merged) counts only where the table goes on right behind it.
    """
    stop, bars = at, 0
    while stop < len(lines) and not _END.match(lines[stop].text) and (stop == at or _follows(lines, stop)):
        bars += lines[stop].text.count("|")
        stop += 1
        if lines[stop - 1].breaks:
            break
    if bars:
        return stop if bars >= width - 1 or stop - at == 1 else at
    goes_on = any("|" in line.text for line in lines[stop : stop + 2]) and stop < len(lines) and _follows(lines, stop)
    return stop if stop == at + 1 and goes_on and _follows(lines, at) else at


def _follows(lines: Sequence[Line], at: int) -> bool:
    """Whether no blank line stands before a line."""
    return lines[at].number == lines[at - 1].number + 1
