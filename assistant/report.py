"""Policy -> Report: what the reader of files made of one, so that a person can check it and put the source right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.clause import Doubt, FurnitureKind, Heading, Kind, Policy
from assistant.decoding import printable
from assistant.render import KINDS

SKIPPED: dict[FurnitureKind, str] = {"title": "标题", "contents": "目录行", "columns": "表头", "layout": "分隔线等"}
SHOWN = 24
DEEPEST = 8  # levels that are set in from each other


@dataclass(frozen=True, slots=True)
class Skipped:
    """A stretch that is no clause: what it was taken for, its line counted from 1, and how it begins."""

    kind: FurnitureKind
    line: int
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was read of one file.

    :param clauses: number of clauses by kind
    :param characters: characters that are not blank; every one of them is in a clause, a heading or in `skipped`
    """

    policy: str
    title: str
    filename: str
    version: str
    characters: int
    clauses: dict[Kind, int]
    tables: int
    outline: tuple[Heading, ...]
    skipped: tuple[Skipped, ...]
    doubts: tuple[Doubt, ...]


def report_on(policy: Policy) -> Report:
    """Return the report on one policy."""
    source, raw = policy.source, policy.source.text
    counted = Counter(clause.kind for clause in policy.clauses)
    skipped, line, at = [], 1, 0
    for item in sorted(policy.furniture, key=lambda item: item.span):
        line, at = line + raw.count("\n", at, item.span[0]), item.span[0]
        skipped.append(Skipped(item.kind, line, " ".join(raw[slice(*item.span)].split())[:SHOWN]))
    return Report(
        policy=source.policy,
        title=source.title,
        filename=source.filename,
        version=source.version,
        characters=sum(not character.isspace() for character in raw),
        clauses={kind: counted[kind] for kind in KINDS},
        tables=sum(item.kind == "columns" for item in policy.furniture),
        outline=policy.headings,
        skipped=tuple(skipped),
        doubts=policy.doubts,
    )


def summary(report: Report) -> Iterator[str]:
    """Yield the lines that a terminal shows: counts, and every doubtful spot; what steers a terminal is shown as ?."""
    kinds = "、".join(f"{name} {report.clauses[kind]}" for kind, name in KINDS.items() if report.clauses[kind])
    reasons = Counter(item.kind for item in report.skipped)
    skipped = "、".join(f"{name} {reasons[kind]}" for kind, name in SKIPPED.items() if reasons[kind])
    yield printable(f"{report.title} ({report.filename})")
    if kinds:
        yield f"  共 {sum(report.clauses.values())} 条: {kinds}; 标题 {len(report.outline)} 行; 表格 {report.tables} 张"
    else:
        yield "  没有读出任何条款, 不能导入。请检查文件里是否有正文。"
    yield f"  不作条款的行: {skipped or '无'}"
    if report.doubts:
        yield f"  存疑 {len(report.doubts)} 处, 请对照原文:"
    yield from (printable(f"    第 {doubt.line} 行: {doubt.message}") for doubt in report.doubts)


def details(report: Report) -> Iterator[str]:
    """Yield the outline and what was skipped, line by line, to be shown below the summary."""
    yield "  目录 (文中的标题):" if report.outline else "  目录: 文中没有标题"
    for heading in report.outline:
        yield printable(f"    {'  ' * min(heading.depth, DEEPEST)}{heading.title[:40]} (第 {heading.line} 行)")
    if report.skipped:
        yield "  不作条款的行:"
    yield from (printable(f"    第 {item.line} 行, {SKIPPED[item.kind]}: {item.words}") for item in report.skipped)
