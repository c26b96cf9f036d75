"""Clause or Hit -> Card: everything that a page shows of one clause, as plain values; the templates only arrange them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from assistant.clause import Clause, Hit, Source
from assistant.elsewhere import Pointers, nowhere
from assistant.render import Piece, is_verbatim, pieces, quotation, spoken, where


@dataclass(frozen=True, slots=True)
class Run:
    """Words drawn in one way: "" plainly, sentence (the decisive one), word (matched), reference or term (a link).

    :param anchor: where a link leads, in the same policy or in `policy`; `title` is what it shows before it is followed
    """

    words: str
    kind: str = ""
    anchor: str = ""
    title: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table row drawn as a list: column name, how the cell came to be there, its words."""

    column: str
    role: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A clause as a card.

    :param stem, body: paragraphs; a table row has `lines` instead
    :param verbatim: whether it was found to stand in the source just now
    :param quote: its words and where they stand, ready to paste; `spoken` is shorter, to be read aloud
    """

    clause: Clause
    where: str
    stem: tuple[Run, ...]
    body: tuple[Run, ...]
    lines: tuple[Line, ...]
    verbatim: bool
    quote: str
    spoken: str
    link: str

    @property
    def also(self) -> tuple[str, ...]:
        """The numbers of clauses that say the same."""
        return self.clause.also if isinstance(self.clause, Hit) else ()


def card(clause: Clause, source: Source, words: Sequence[str] = (), pointers: Pointers = nowhere) -> Card:
    """Return a clause as a card.

    :param words: matched words to mark besides the decisive sentence
    :param pointers: what tells the names of other documents, which become links
    """
    pattern = re.compile("|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)), re.IGNORECASE) if words else None
    column = ""
    stem: list[Run] = []
    body: list[Run] = []
    lines: list[Line] = []
    for piece in pieces(clause, source):
        if piece.role == "column":
            column = piece.words
            continue
        runs = _linked(clause.policy, piece, pattern, pointers)
        if piece.role == "stem":
            stem += runs
        elif piece.role == "body":
            body += runs
        else:
            lines.append(Line(column, piece.role, tuple(runs)))
            column = ""
    return Card(
        clause,
        where(clause, source),
        tuple(stem),
        tuple(body),
        tuple(lines),
        is_verbatim(clause, source),
        quotation(clause, source),
        spoken(clause, source),
        permalink(clause.policy, clause.anchor),
    )


def permalink(policy: str, anchor: str) -> str:
    """Return where a clause stands in the library, relative to any page."""
    return f"library?{urlencode({'policy': policy, 'clause': anchor})}"


def _linked(policy: str, piece: Piece, pattern: re.Pattern[str] | None, pointers: Pointers) -> Iterator[Run]:
    """Cut the words of a piece at what leads to other documents, and between at matched words."""
    pattern = pattern if piece.role != "stem" else None
    at = 0
    for pointer in pointers(policy, piece.words, (0, len(piece.words))):
        start, end = pointer.span
        yield from _runs(replace(piece, words=piece.words[at:start]), pattern)
        kind = "sentence" if piece.marked else "word" if pattern and pattern.search(piece.words, start, end) else ""
        yield Run(piece.words[start:end], kind, pointer.anchor, pointer.where, pointer.policy)
        at = end
    yield from _runs(replace(piece, words=piece.words[at:]), pattern)


def _runs(piece: Piece, pattern: re.Pattern[str] | None) -> Iterator[Run]:
    """Cut the words of a piece at matched words."""
    plain = "sentence" if piece.marked else ""
    at = 0
    for found in pattern.finditer(piece.words) if pattern else ():
        if found.start() > at:
            yield Run(piece.words[at : found.start()], plain)
        if found.group():
            yield Run(found.group(), "word")
        at = found.end()
    if at < len(piece.words):
        yield Run(piece.words[at:], plain)
