"""Clauses in a terminal: rich where there is one, plain unwrapped text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from assistant.assistant import Assistant
from assistant.building import Progress
from assistant.clause import Clause, Hit, Policy
from assistant.render import pieces, where


def terminal() -> Console:
    """Return a console that never reads the words of a policy as markup."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty(), markup=False, emoji=False)


@contextmanager
def progress() -> Iterator[Progress]:
    """Give what reports the progress of a build: a bar in a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import Progress as Bar

    with Bar(transient=True) as bar:
        task = bar.add_task("")
        yield lambda stage, done, total: bar.update(task, description=stage, completed=done, total=total)


def print_clause(console: Console, clause: Clause, assistant: Assistant, prefix: str) -> None:
    """Print where a clause stands and its words, the decisive sentence underlined."""
    source = assistant.index.policy(clause).source
    console.print()
    console.print(Text(prefix + where(clause, source), style="bold cyan"))
    if clause.path:
        console.print(Text("  " + " › ".join(clause.path), style="dim"))
    text, newline = Text(), "\n" if console.is_terminal else "\n  "
    for piece in pieces(clause, source):
        follows_stem = piece.role == "body" and text.plain.endswith((":", "："))
        opening = newline if text and (piece.role == "column" or follows_stem) else ""
        style = "bold underline" if piece.marked else "dim" if piece.role in ("stem", "column") else ""
        text.append(opening + piece.words.replace("\n", newline) + (":" if piece.role == "column" else ""), style=style)
    console.print(Padding(text, (0, 0, 0, 2)) if console.is_terminal else Text("  ") + text)
    if isinstance(clause, Hit) and clause.also:
        console.print(Text(f"  同样内容另见: {'、'.join(clause.also)}", style="dim"))


def print_places(assistant: Assistant, shown: Sequence[tuple[Policy, Sequence[int]]]) -> None:
    """Print the clauses at a number, document by document."""
    console = terminal()
    if len(shown) > 1:
        console.print(f"有 {len(shown)} 份文档都有这个编号:", style="bold")
        for found, positions in shown:
            console.print(f"  《{found.source.title}》{found.clauses[positions[0]].clause}  ({found.source.policy})")
    for found, positions in shown:
        print_place(console, assistant, found, positions)


def print_place(console: Console, assistant: Assistant, found: Policy, positions: Sequence[int]) -> None:
    """Print clauses with their place in the source, their references, and what stands before and after them."""
    for position in positions:
        shown = found.clauses[position]
        print_clause(console, shown, assistant, "")
        start, end = shown.place
        console.print(
            f"  位置: {found.source.filename} 第 {shown.line} 行, 字符 {start}–{end}; 锚点 #{shown.anchor}", style="dim"
        )
        for reference in shown.references:
            console.print(f"  引用: {reference.words} → {reference.target or '文中没有这个地方'}", style="dim")
    for label, position in (("上一条", positions[0] - 1), ("下一条", positions[-1] + 1)):
        if 0 <= position < len(found.clauses):
            near = found.clauses[position]
            console.print(f"{label}: {near.clause}  {near.text[:40]}".replace("\n", " "), style="dim")
