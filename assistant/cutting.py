"""Text over the limit of a clause -> pieces: paragraphs are cut at ends of sentences, rows of tables there and between cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.blocks import BLANK, SENTENCE_END
from assistant.clause import Role, Span

LONGEST = 700
_SLACK = 50  # room for the stem or the column name in front of a piece
_EARLIEST = 200  # characters: a paragraph is not cut before
_LEAD = 80  # characters of the first cells of a row, which say what it is about
_NAME = 100  # characters of a column name that can be repeated

Parts = tuple[tuple[Role, Span], ...]


@dataclass(slots=True)
class _Piece:
    """A piece of a row while it is filled, and where the first of its own words stand."""

    parts: list[tuple[Role, Span]] = field(default_factory=list)
    size: int = 0
    begin: int | None = None

    def add(self, name: Parts, role: Role, span: Span) -> None:
        """Add a cell, or a stretch of one, below its column name."""
        self.parts += [*name, (role, span)]
        self.size += _size((*name, (role, span)))
        if role == "cell" and self.begin is None:
            self.begin = span[0]


def paragraph_cuts(raw: str, core: Span) -> list[int]:
    """Return where a paragraph is cut so that no piece is over the limit: at ends of sentences, else of phrases."""
    ends, start = [], core[0]
    while core[1] - start > LONGEST - _SLACK:
        start = _cut(raw, start, LONGEST - _SLACK, _EARLIEST)
        ends.append(start)
    return [*ends, core[1]]


def row_pieces(raw: str, parts: Parts, place: Span) -> list[tuple[Parts, Span]]:
    """Return (parts, place) of the pieces of a row, at most LONGEST characters each; the whole row if it is no longer.

    Every piece has words of its own below their column names, and the short cells with which the row begins. A cell merged
    with one above is shortened where it takes too much room: all of its words stand in the row that it comes from.
    """
    if _size(parts) <= LONGEST:
        return [(parts, place)]
    cells = list(_cells(parts))
    lead = tuple(part for name, span in _lead(cells) for part in (*name, ("inherited", span)))
    room, pieces = LONGEST - _size(lead), [_Piece()]
    for name, role, (start, stop) in cells:
        if role == "inherited":
            left = min(room // 2, room - pieces[-1].size - _EARLIEST) - _size(name) - 1
            end = stop if stop - start <= left else _cut(raw, start, left, 0) if left > _SLACK else start
            if span := _stripped(raw, start, end):
                pieces[-1].add(name, role, span)
            continue
        span = _stripped(raw, start, stop)
        while span:
            length, left = span[1] - span[0], room - pieces[-1].size - _size(name) - 1
            fits_anew = length <= room - _size(name) - 1 or not _has_end(raw, span[0], left)
            if pieces[-1].begin is not None and length > left and fits_anew:
                pieces.append(_Piece(list(lead)))
                continue
            end = span[1] if length <= left else _cut(raw, span[0], left, 0)
            pieces[-1].add(name, role, _stripped(raw, span[0], end) or span)
            span = _stripped(raw, end, stop)
    begins = [place[0], *(piece.begin or place[0] for piece in pieces[1:]), place[1]]
    return [(tuple(piece.parts), (begins[at], begins[at + 1])) for at, piece in enumerate(pieces)]


def _cells(parts: Parts) -> Iterator[tuple[Parts, Role, Span]]:
    """Yield every cell with its column name, () if it has none or one too long to be repeated."""
    name: Parts = ()
    for role, span in parts:
        if role == "column":
            name = ((role, span),) if span[1] - span[0] <= _NAME else ()
        else:
            yield name, role, span
            name = ()


def _lead(cells: Sequence[tuple[Parts, Role, Span]]) -> Iterator[tuple[Parts, Span]]:
    """Yield the short cells at the beginning of a row, at most its number and its name."""
    size = 0
    for name, role, span in cells[:2]:
        size += _size((*name, (role, span)))
        if size > _LEAD:
            return
        yield name, span


def _size(parts: Parts) -> int:
    """Return how many characters parts take in a clause's text, with what joins them."""
    return sum(end - start + 1 for _, (start, end) in parts)


def _has_end(raw: str, start: int, limit: int) -> bool:
    """Whether a sentence ends within the limit."""
    return any(raw.find(mark, start, start + max(limit, 0)) > start for mark in SENTENCE_END)


def _cut(raw: str, start: int, limit: int, earliest: int) -> int:
    """Return where the last sentence within the limit ends, else the last phrase, else the limit itself."""
    window = raw[start : start + limit]
    cut = max(window.rfind(mark) for mark in SENTENCE_END + "\n")
    cut = cut if cut > earliest else max(window.rfind(mark) for mark in "，,、:： ")
    return start + (cut if cut > 0 else len(window) - 1) + 1


def _stripped(raw: str, start: int, end: int) -> Span | None:
    """Return a stretch without white space at its ends, None if it is nothing else."""
    words = raw[start:end]
    kept = words.strip(BLANK)
    begin = start + len(words) - len(words.lstrip(BLANK))
    return (begin, begin + len(kept)) if kept else None
