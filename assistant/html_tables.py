"""Tables of HTML -> rows with a cell for every column: spans are laid out on a grid as a browser does (HTML, 4.9.12)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from assistant.tables import MERGED

T = TypeVar("T")
_WIDEST = 100
_TALLEST = 65534


def is_layout(table: Any) -> bool:
    """Whether a table only places things: it says so, has one column or row, or frames headings or most of its words."""
    if table.attributes.get("role") in ("presentation", "none"):
        return True
    rows = [row for group in row_groups(table) for row in group]
    widths = [sum(_span(cell, "colspan", _WIDEST) for cell in _cells(row)) for row in rows]
    if len(rows) < 2 or max(widths, default=0) < 2 or table.css_first("h1, h2, h3, h4, h5, h6") is not None:
        return True
    own = len(table.text())
    return any(2 * len(inner.text()) > own for inner in table.css("table") if inner.mem_id != table.mem_id)


def table_rows(table: Any, read: Callable[[Any], T]) -> list[list[T | str]]:
    """Return the cells of a table, head first and foot last; MERGED below a cell that spans rows, "" beside one."""
    rows: list[list[T | str]] = []
    for group in row_groups(table):
        above: dict[int, tuple[int, str]] = {}  # column -> rows still covered from above, and what to write there
        for position, row in enumerate(group):
            cells = iter(_cells(row))
            line: list[T | str] = []
            below: dict[int, tuple[int, str]] = {}
            cell = next(cells, None)
            while cell is not None or any(column >= len(line) for column in above):
                at = len(line)
                if at in above:
                    left, mark = above.pop(at)
                    line.append(mark)
                    if left > 1:
                        below[at] = (left - 1, mark)
                    continue
                if cell is None:
                    line.append("")
                    continue
                wide = min(_span(cell, "colspan", _WIDEST), max(_WIDEST - at, 1))
                tall = _span(cell, "rowspan", _TALLEST) or len(group) - position
                line += [read(cell), *[""] * (wide - 1)]
                if tall > 1:
                    below |= {at + i: (tall - 1, "" if i else MERGED) for i in range(wide)}
                above = {column: covered for column, covered in above.items() if column >= at + wide}
                cell = next(cells, None) if len(line) < _WIDEST else None
            rows.append(line)
            above = below
    return rows


def row_groups(table: Any) -> list[list[Any]]:
    """Return the rows of a table by the groups that no cell spans over."""
    parts: dict[str, list[list[Any]]] = {"thead": [], "tbody": [], "tfoot": []}
    for child in table.iter():
        if child.tag in parts:
            parts[child.tag].append([row for row in child.iter() if row.tag == "tr"])
        elif child.tag == "tr":
            parts["tbody"].append([child])
    return [*parts["thead"], *parts["tbody"], *parts["tfoot"]]


def _cells(row: Any) -> list[Any]:
    """Return the cells of a row."""
    return [cell for cell in row.iter() if cell.tag in ("td", "th")]


def _span(cell: Any, name: str, most: int) -> int:
    """Return how many columns or rows a cell covers; 0 rows means to the end of its group."""
    value = (cell.attributes.get(name) or "1").strip()
    number = int(value) if re.fullmatch(r"\d{1,6}", value) else 1
    return min(number, most) if name == "rowspan" else max(min(number, most), 1)
