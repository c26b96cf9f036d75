"""Stage 1d, [Draft] -> [Clause]: count the paragraphs of each number, write citation numbers and anchors, find references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant import numbering
from assistant.clause import Clause, Heading, Kind, Role, Source, Span
from assistant.references import find_references

_TABLE_ROW = re.compile(r"表(\d+) (序号|第)")
_PARAGRAPH = re.compile(r" 第(\d+)[段款]")
_STEP = re.compile(rf"[tpr]?\d+|[{numbering.HAN_DIGITS}]+|[①-⑳]|[a-z](?![a-z])")


@dataclass(frozen=True, slots=True)
class Draft:
    """A clause before its paragraphs are counted; `row` names its row if it is one of a table."""

    number: str
    path: tuple[str, ...]
    kind: Kind
    parts: tuple[tuple[Role, Span], ...]
    place: Span
    line: int
    row: str = ""


def cite_paragraph(number: str, position: int) -> str:
    """Return how a paragraph of a number is cited, counted from 1: 五、3 第2段, 第十三条 第2款."""
    return f"{number} 第{position}{'款' if number.endswith('条') else '段'}"


def finish(drafts: Sequence[Draft], headings: Sequence[Heading], source: Source) -> tuple[Clause, ...]:
    """Return the clauses of a policy, each with a number that is unique in it."""
    many = Counter(draft.number for draft in drafts if not draft.row)
    annexes = {word for heading in headings for word in re.findall(r"附[表件录]\w?", heading.title)}
    resolve = _resolver(drafts, headings)
    count: Counter[str] = Counter()
    clauses = []
    for draft in drafts:
        number = f"{draft.number} {draft.row}" if draft.row else draft.number
        if not draft.row:
            count[number] += 1
            number = cite_paragraph(number, count[number]) if many[number] > 1 else number
        own = [span for role, span in draft.parts if role in ("body", "cell")]
        clauses.append(
            Clause(
                policy=source.policy,
                clause=number,
                path=draft.path,
                kind=draft.kind,
                text=_text(draft, source),
                spans=tuple(span for _, span in draft.parts),
                anchor="",
                roles=tuple(role for role, _ in draft.parts),
                place=draft.place,
                line=draft.line,
                references=tuple(r for span in own for r in find_references(source.text, span, resolve, annexes)),
            )
        )
    return _anchored(_unique(clauses))


def _resolver(drafts: Sequence[Draft], headings: Sequence[Heading]) -> Callable[[int], str | None]:
    """Return what turns the 8 of 第八条 into the number of that article, or of the chapter 八 where there are no articles."""
    tops = {numbering.value_of(re.split(r"[、( ]", draft.number)[0]): draft.number for draft in reversed(drafts)}
    tops = {value: re.split(r"[、( ]", number)[0] for value, number in tops.items() if value}
    tops |= {numbering.value_of(heading.number): heading.number for heading in headings if heading.depth == 0}
    articles = {
        numbering.value_of(d.number[1:].split("条")[0]): d.number for d in drafts if re.fullmatch(r"第[^条]+条", d.number)
    }
    return lambda number: articles.get(number) if articles else tops.get(number)


def _text(draft: Draft, source: Source) -> str:
    """Join the parts as a reader sees them: stem above item, column name before cell."""
    return "".join(source.words(span) + (":" if role == "column" else "\n") for role, span in draft.parts).rstrip("\n")


def _unique(clauses: Sequence[Clause]) -> list[Clause]:
    """Tell numbers apart that a source uses twice: the second 三、1 (2)."""
    used: Counter[str] = Counter()
    done = []
    for clause in clauses:
        used[clause.clause] += 1
        again = used[clause.clause]
        done.append(clause if again == 1 else replace(clause, clause=f"{clause.clause} ({again})"))
    return done


def _anchored(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Give each clause a permalink fragment of ASCII letters: 五、4 -> c5-4, 一(一)2 表1 序号8 -> c1-1-2-t1-8."""
    used: Counter[str] = Counter()
    done: list[Clause] = []
    opening = 0
    for clause in clauses:
        number = _TABLE_ROW.sub(lambda m: f"-t{m[1]}-" + ("" if m[2] == "序号" else "r"), clause.clause)
        steps = _STEP.findall(_PARAGRAPH.sub(r"-p\1", number))
        anchor = "c" + "-".join(s if s[0] in "tpr" or s.isascii() else str(numbering.value_of(s)) for s in steps)
        if clause.kind == "preamble" or anchor == "c":
            opening += 1
            anchor = f"c0-{opening}"
        used[anchor] += 1
        done.append(replace(clause, anchor=anchor if used[anchor] == 1 else f"{anchor}-x{used[anchor]}"))
    return tuple(done)
