"""The ruled tables of a PDF page -> rows with a cell for every column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.pdf_lines import read_lines, read_words, written
from assistant.tables import MERGED

Box = tuple[float, float, float, float]
_MOST_EDGES = 4_000  # of ruled lines on a page; beyond it is a drawing


@dataclass(slots=True)
class Grid:
    """A ruled table: its rows, and the left edges of its columns in points."""

    rows: list[list[str]]
    edges: list[float]
    top: float
    page: int


def ruled_tables(page: Any) -> list[tuple[Grid, Box]]:
    """Return the ruled tables of a page with two columns or more, each with its box."""
    if len(page.edges) > _MOST_EDGES:
        return []
    found = []
    for table in page.find_tables():
        grid = _grid(page, table.cells)
        if len(grid.edges) > 1 and any(cell for row in grid.rows for cell in row):
            found.append((grid, table.bbox))
    return sorted(found, key=lambda pair: pair[0].top)


def _grid(page: Any, cells: Sequence[Box]) -> Grid:
    """Lay the cells of a table out on a grid; one that covers several rows is MERGED in all but the first."""
    lefts, tops = _edges([c[0] for c in cells]), _edges([c[1] for c in cells])
    rows = [[""] * len(lefts) for _ in tops]
    for x0, top, x1, bottom in cells:
        column, row = _nearest(lefts, x0), _nearest(tops, top)
        last = max([i for i, edge in enumerate(tops) if edge < bottom - 2], default=row)
        inside = read_words(page.crop((x0, top, x1, bottom), strict=False))
        rows[row][column] = written(read_lines(inside, page.page_number, 0.0))
        for below in range(row + 1, last + 1):
            rows[below][column] = MERGED
    return Grid(rows, lefts, min(tops), page.page_number)


def _edges(values: Sequence[float]) -> list[float]:
    """Return the different ones of coordinates that may differ by a line's width."""
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > 2:
            edges.append(value)
    return edges


def _nearest(edges: Sequence[float], value: float) -> int:
    """Return which edge a coordinate belongs to."""
    return min(range(len(edges)), key=lambda i: abs(edges[i] - value))


def same_columns(table: Grid, other: Grid) -> bool:
    """Whether a table has the columns of one on a page before."""
    same = len(table.edges) == len(other.edges) and all(abs(a - b) < 4 for a, b in zip(table.edges, other.edges, strict=True))
    return same and table.page < other.page
