"""Stage 1e, [Clause] -> [Doubt]: what a person should look at in the source, so that it can be put right there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from assistant.clause import Clause, Doubt, Heading, Source

_PAIRS = {"（": "）", "(": "）", "【": "】", "[": "】", "《": "》", "「": "」", "『": "』", "“": "”"}
_CLOSING = {"）": "）", ")": "）", "】": "】", "]": "】", "》": "》", "」": "」", "』": "』", "”": "”"}


def find_doubts(source: Source, clauses: Sequence[Clause], headings: Sequence[Heading]) -> Iterator[Doubt]:
    """Yield what is doubtful: references to nowhere, brackets left open, headings without text."""
    for clause in clauses:
        for reference in clause.references:
            if not reference.target:
                yield Doubt(clause.line, f"{clause.clause} 提到「{reference.words}」, 但文中没有这个地方")
        if mark := left_open(source.text[slice(*clause.place)]):
            yield Doubt(clause.line, f"{clause.clause} 里的「{mark}」没有合上")
    starts = sorted(clause.place[0] for clause in clauses)
    for at, heading in enumerate(headings):
        following = headings[at + 1] if at + 1 < len(headings) else None
        first = bisect_right(starts, heading.span[1])
        stop = following.span[0] if following else len(source.text)
        empty = first == len(starts) or starts[first] >= stop
        if empty and (following is None or following.depth <= heading.depth):
            yield Doubt(heading.line, f"标题「{heading.title[:30]}」下面没有正文")


def left_open(text: str) -> str:
    """Return the first bracket or quotation mark that is opened and never closed, or ""; both widths count as one."""
    waiting: list[str] = []
    for character in text:
        if character in _PAIRS:
            waiting.append(character)
        elif waiting and (closed := _CLOSING.get(character)) and any(_PAIRS[mark] == closed for mark in waiting):
            while _PAIRS[waiting.pop()] != closed:
                pass
    return waiting[0] if waiting else ""
