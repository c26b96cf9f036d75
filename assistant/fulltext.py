"""Policy -> the whole text in reading order, as plain values: headings, paragraphs, tables with merged cells, links in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from assistant.cards import Run
from assistant.clause import Clause, Furniture, Heading, Policy, Span
from assistant.definitions import Definition, definitions_of, uses_of
from assistant.elsewhere import Pointers, nowhere

_ROW = re.compile(r"(.* 表\d+) (?:序号|第).")
Item = Heading | Clause | Furniture


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A heading (`level` 3 to 6), a clause (0) or a line of the contents (-1), with its permalink and its number."""

    level: int
    anchor: str
    number: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `rows` is how many rows it spans."""

    rows: int
    role: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a clause; cells that a cell above spans are left out."""

    anchor: str
    number: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was before it lost its layout."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class FullText:
    """The whole policy to be read: its parts in order, the headings as an outline, and the terms that it defines."""

    policy: Policy
    parts: tuple[Paragraph | Table, ...]
    definitions: tuple[Definition, ...]


def fulltext(policy: Policy, pointers: Pointers = nowhere) -> FullText:
    """Lay a policy out for reading; `pointers` tells the names of other documents, which become links."""
    return _Layout(policy, pointers).text()


class _Layout:
    """Knows where references and terms of one policy lead."""

    def __init__(self, policy: Policy, pointers: Pointers) -> None:
        self.policy, self.source, self.pointers = policy, policy.source, pointers
        self.definitions = definitions_of(policy)
        self.marked = [definition for definition in self.definitions if not definition.pronoun]
        self.places = {clause.clause: clause.anchor for clause in reversed(policy.clauses)}
        self.places |= {heading.number: heading.anchor for heading in reversed(policy.headings) if heading.number}

    def text(self) -> FullText:
        """Return everything in reading order."""
        policy = self.policy
        items: list[tuple[int, Item]] = [(h.span[0], h) for h in policy.headings]
        items += [(c.place[0], c) for c in policy.clauses]
        items += [(f.span[0], f) for f in policy.furniture if f.kind == "contents"]
        items.sort(key=lambda item: item[0])
        parts: list[Paragraph | Table] = []
        for table, group in groupby((item for _, item in items), key=_table_of):
            members = list(group)
            if table:
                parts.append(self._table([m for m in members if isinstance(m, Clause)]))
            else:
                parts += [self._paragraph(member) for member in members]
        return FullText(policy, tuple(parts), self.definitions)

    def _paragraph(self, item: Item) -> Paragraph:
        """Return a heading at its depth (h1 and h2 are the page's own), or a clause without its stem, which stands above."""
        if isinstance(item, Heading):
            return Paragraph(min(item.depth + 3, 6), item.anchor, item.number, (Run(item.title),))
        if isinstance(item, Furniture):
            return Paragraph(-1, "", "", (Run(self.source.words(item.span).strip()),))
        own = [span for span, role in zip(item.spans, item.roles, strict=True) if role == "body"]
        return Paragraph(0, item.anchor, item.clause, tuple(run for span in own for run in self._runs(item, span)))

    def _runs(self, clause: Clause, span: Span) -> Iterator[Run]:
        """Cut words at references, names of other documents and defined terms."""
        links: list[tuple[Span, Run]] = []
        for reference in clause.references:
            if span[0] <= reference.span[0] and reference.span[1] <= span[1] and (anchor := self._place(reference.target)):
                links.append((reference.span, Run(self.source.words(reference.span), "reference", anchor)))
        for pointer in self.pointers(self.source.policy, self.source.text, span):
            if _is_free(pointer.span, links):
                run = Run(self.source.words(pointer.span), "reference", pointer.anchor, pointer.where, pointer.policy)
                links.append((pointer.span, run))
        taken = tuple(links)
        for inner, term in uses_of(self.marked, self.source.text, span):
            if _is_free(inner, taken):
                links.append((inner, Run(self.source.words(inner), "term", term.anchor, self.source.words(term.span))))
        at = span[0]
        for inner, run in sorted(links, key=lambda link: link[0]):
            if inner[0] > at:
                yield Run(self.source.words((at, inner[0])))
            yield run
            at = inner[1]
        if at < span[1]:
            yield Run(self.source.words((at, span[1])))

    def _place(self, target: str | None) -> str:
        """Return the anchor of what a reference points to: a number, or the heading of an annex; "" if it is not there."""
        if not target:
            return ""
        annex = (heading.anchor for heading in self.policy.headings if target in heading.title)
        return self.places.get(target) or next(annex, "")

    def _table(self, rows: Sequence[Clause]) -> Table:
        """Draw rows as a table; a cell that was merged with the one above it is spanned by that one."""
        grid = [_cells(row) for row in rows]
        named = sorted({column for cells in grid for column in cells if isinstance(column, tuple)})
        columns: list[Span | int] = [*named, *sorted({column for cells in grid for column in cells if isinstance(column, int)})]
        drawn: list[list[Cell]] = [[] for _ in rows]
        for column in columns:
            n = 0
            while n < len(rows):
                role, span = grid[n].get(column) or ("cell", None)
                stop = n + 1
                while span and stop < len(rows) and grid[stop].get(column) == ("inherited", span):
                    stop += 1
                runs = tuple(self._runs(rows[n], span)) if span else ()
                drawn[n].append(Cell(stop - n, role, runs))
                n = stop
        heads = tuple(self.source.words(column) if isinstance(column, tuple) else "" for column in columns)
        return Table(heads, tuple(Row(r.anchor, r.clause, tuple(cells)) for r, cells in zip(rows, drawn, strict=True)))


def _is_free(span: Span, links: Sequence[tuple[Span, Run]]) -> bool:
    """Whether a span overlaps none of the links."""
    return not any(span[0] < taken[1] and taken[0] < span[1] for taken, _ in links)


def _table_of(item: Item) -> str:
    """Return the name of the table that an item is a row of, or "" ."""
    row = _ROW.match(item.clause) if isinstance(item, Clause) and item.kind == "table_row" else None
    return row[1] if row else ""


def _cells(row: Clause) -> dict[Span | int, tuple[str, Span]]:
    """Return the cells of a row by their column name's place; cells without one are numbered."""
    cells: dict[Span | int, tuple[str, Span]] = {}
    column: Span | int | None = None
    for span, role in zip(row.spans, row.roles, strict=True):
        if role == "column":
            column = span
        else:
            cells[column if column is not None else len(cells)] = (role, span)
            column = None
    return cells
