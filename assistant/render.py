"""Clauses and answers -> what a person reads, in words; page draws them as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant import numbering
from assistant.clause import Answer, Clause, Hit, Kind, Role, Source, Span

VERDICTS = {"answered": "有相关条款", "partial": "部分涉及", "not_covered": "政策未涉及"}
KINDS: dict[Kind, str] = {"clause": "条款", "table_row": "表格行", "preamble": "引言段落"}
LONGEST_NAME = 24
_CODE = re.compile(r"[(（][^()（）]*[A-Za-z][^()（）]*[)）]")
CONTACTS = {"phone": "客服电话", "email": "邮箱"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words in one role; `marked` if it is the decisive sentence."""

    words: str
    role: Role
    marked: bool = False


def pieces(clause: Clause, source: Source) -> Iterator[Piece]:
    """Yield the words of a clause from the source, cut at the decisive sentence; column names and cells by turns."""
    marked = clause.marked if isinstance(clause, Hit) else None
    for role, span in zip(clause.roles, clause.spans, strict=True):
        yield from _cut(role, span, marked, source)


def _cut(role: Role, span: Span, marked: Span | None, source: Source) -> Iterator[Piece]:
    """Yield one span as up to three pieces."""
    start, end = span
    if role in ("cell", "inherited"):
        yield Piece(source.words(span), role, span == marked)
        return
    if role != "body" or not marked or marked[0] >= end or marked[1] <= start:
        yield Piece(source.words(span), role)
        return
    inner = max(start, marked[0]), min(end, marked[1])
    for part, is_marked in (((start, inner[0]), False), (inner, True), ((inner[1], end), False)):
        if part[0] < part[1]:
            yield Piece(source.words(part), role, is_marked)


def is_verbatim(clause: Clause, source: Source) -> bool:
    """Compare a clause with the source once more: all it shows stands there, span by span and in order."""
    at = 0
    for span in clause.spans:
        words = source.words(span)
        at = clause.text.find(words, at)
        if at < 0 or not words:
            return False
        at += len(words)
    return True


def where(clause: Clause, source: Source) -> str:
    """Return where a clause stands: 《即分期超G会员隐私政策》五、4 注销."""
    heading = clause.path[-1] if clause.path else ""
    marker = numbering.match(heading)
    name = heading[marker.length :] if marker else heading
    short = name if len(name) <= LONGEST_NAME and name not in clause.clause else ""
    return f"《{source.title}》{clause.clause} {short}".rstrip()


def quotation(clause: Clause, source: Source) -> str:
    """Return a clause ready to paste: its words, then where they stand."""
    return f"{clause.text}\n—— {where(clause, source)}, 版本 {source.version}"


def spoken(clause: Clause, source: Source) -> str:
    """Return a clause ready to read aloud: where it stands and its decisive sentence, without codes in brackets."""
    if clause.kind == "table_row":
        words, column = "", ""
        for piece in pieces(clause, source):
            if piece.role == "column":
                column = piece.words
            elif not piece.words.strip().isdigit():
                words += f"{column}: {piece.words}; "
    else:
        chosen = [piece for piece in pieces(clause, source) if piece.marked]
        words = "".join(piece.words for piece in chosen or pieces(clause, source))
    return f"《{source.title}》{clause.clause}: {' '.join(_CODE.sub('', words).split()).rstrip('; ')}"


def summary(answer: Answer) -> str:
    """Return one line: the verdict and how sure it is."""
    sure = answer.confidence if answer.citations else 1 - answer.confidence
    return f"{VERDICTS[answer.verdict]} (把握 {sure:.0%}, {answer.took_ms:.0f} 毫秒)"


def contact_lines(answer: Answer) -> Sequence[str]:
    """Return the company's contacts as the policy states them."""
    return [f"{CONTACTS[c.kind]} {c.words} (见 {c.clause})" for c in answer.contacts]
