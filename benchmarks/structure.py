"""How well the parser reads the structure of a text: against labels made by hand, over a whole folder, and on articles of laws.

    python benchmarks/structure.py FOLDER [--articles FILE.jsonl.xz] [--misses]

FOLDER holds policies/ and laws/, as downloaded; no word of them is here, so a labelled document that is missing or has
other bytes is named and skipped. Prints Markdown tables; with --misses also every disagreement, most frequent kind first.
In a git worktree set PYTHONPATH=. so that its own package is measured and not the installed one.
The labels are structure.jsonl, their rules STRUCTURE.md.

Boundaries are compared as sets of lines: labelled headings with Policy.headings, labelled clauses and rows with the lines
where Clause.place begins. Titles count as neither right nor wrong where we read them as headings. The pieces of one long
paragraph count once, at the first. A level is the number of headings and numbered clauses above, plus one: for a heading
`depth` + 1, for a clause len(path) + 1, since `path` names them all, except that the second and later paragraphs of a
numbered clause (款) share the path of their first: these are one deeper.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unlabelled import Miss, is_piece, on_articles, over_all, own_words, read

from assistant import numbering
from assistant.clause import Clause, Policy

LABELS = Path(__file__).with_name("structure.jsonl")
_PARAGRAPH = re.compile(r" 第\d+[段款](?: \(\d+\))?$")

Label = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """What a line is: its kind and level; for ours, "continuation" if a clause or heading that began before holds it."""

    kind: str
    level: int


@dataclass(slots=True)
class Score:
    """Counts of one document, or of several added up."""

    hits: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    levels: int = 0
    misses: list[Miss] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Add the counts of another document."""
        self.hits += other.hits
        self.ours += other.ours
        self.labelled += other.labelled
        self.levels += other.levels
        self.misses += other.misses

    def f1(self, kind: str) -> str:
        """Return the F1 of the boundaries of a kind, — if there are none."""
        total = self.ours[kind] + self.labelled[kind]
        return f"{2 * self.hits[kind] / total:.3f}" if total else "—"

    def level(self) -> str:
        """Return the share of correctly found headings and clauses whose level is right."""
        found = self.hits.total()
        return f"{self.levels / found:.3f}" if found else "—"


def clause_levels(policy: Policy) -> Iterator[tuple[Clause, int]]:
    """Yield every clause that is no further piece, with its level as the labels count it."""
    numbered: dict[str, int] = {}
    for clause in policy.clauses:
        if is_piece(policy, clause):
            continue
        base = _PARAGRAPH.sub("", clause.clause)
        level = len(clause.path) + 1
        if numbering.match(own_words(policy, clause)) and clause.kind != "table_row":
            numbered[base] = level
        elif numbered.get(base) == level and clause.kind != "table_row":
            level += 1
        yield clause, level


def ours(policy: Policy) -> dict[int, Line]:
    """Return what the parser made of every line that is not blank."""
    raw = policy.source.text
    breaks = [i for i, c in enumerate(raw) if c == "\n"]
    lines: dict[int, Line] = {}

    def put(span: tuple[int, int], kind: str, level: int) -> None:
        first, last = (bisect_right(breaks, offset - 1) + 1 for offset in (span[0] + 1, span[1]))
        for number in range(first + 1, last + 1):
            lines.setdefault(number, Line("continuation", level))
        if lines.get(first, Line("continuation", 0)).kind == "continuation":
            lines[first] = Line(kind, level)

    for clause, level in clause_levels(policy):
        put(clause.place, "row" if clause.kind == "table_row" else "clause", level)
    for heading in policy.headings:
        put(heading.span, "heading", heading.depth + 1)
    for piece in policy.furniture:
        put(piece.span, {"title": "title", "contents": "contents"}.get(piece.kind, "furniture"), 0)
    return lines


def boundary(kind: str) -> str:
    """Return which boundary a line of this kind is, "" for none."""
    return {"heading": "heading", "clause": "clause", "row": "clause"}.get(kind, "")


def compare(document: str, labels: Iterable[Label], policy: Policy) -> Score:
    """Compare the labels of one document with what the parser made of it."""
    found, score, text = ours(policy), Score(), policy.source.text.split("\n")
    for number, level, kind, _ in labels:
        line = found.get(number, Line("continuation", 0))
        want, got = boundary(kind), boundary(line.kind)
        if kind == "title" and got == "heading":
            got = ""
        score.labelled[want] += bool(want)
        score.ours[got] += bool(got)
        if want and want == got:
            score.hits[want] += 1
            score.levels += level == line.level
        problem = f"{kind} 读作 {line.kind}" if want != got else ""
        if want and want == got and level != line.level:
            problem = f"{kind} 的层级 {level} 读作 {line.level}"
        if problem:
            score.misses.append(Miss(problem, document, number, text[number - 1].strip()[:60]))
    return score


def against_labels(folder: Path) -> Score:
    """Print the table of the labelled documents; return all scores added up."""
    print("| 文件 | 标题 F1 | 条款 F1 | 层级 |\n|---|---|---|---|")
    total = Score()
    for row in LABELS.read_text("utf-8").splitlines():
        entry: dict[str, Any] = json.loads(row)
        file = folder / entry["document"]
        if not file.is_file():
            print(f"| {entry['document']}: 没有这个文件, 跳过 | | | |")
        elif hashlib.sha256(file.read_bytes()).hexdigest()[:16] != entry["sha256"]:
            print(f"| {entry['document']}: 内容与标注时不同, 跳过 | | | |")
        else:
            score = compare(entry["document"], entry["lines"], read(file))
            print(f"| {entry['document']} | {score.f1('heading')} | {score.f1('clause')} | {score.level()} |")
            total.add(score)
    print(f"| **合计** | **{total.f1('heading')}** | **{total.f1('clause')}** | **{total.level()}** |")
    return total


def list_misses(misses: list[Miss]) -> None:
    """Print disagreements by kind, the most frequent first."""
    kinds = Counter(miss.kind for miss in misses)
    for kind, count in kinds.most_common():
        print(f"\n### {kind}: {count}\n")
        for miss in misses:
            if miss.kind == kind:
                print(f"- {miss.document}:{miss.line} {miss.words}")


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=Path, help="laws_articles.jsonl.xz")
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args()
    misses = against_labels(options.folder).misses
    over_all(options.folder)
    if options.articles:
        misses += on_articles(options.folder, options.articles)
    if options.misses:
        list_misses(misses)


if __name__ == "__main__":
    main()
