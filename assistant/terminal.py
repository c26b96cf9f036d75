"""Clauses in a terminal: rich where there is one, plain unwrapped text in a pipe."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from assistant.assistant import Assistant
from assistant.clause import Clause, Hit
from assistant.render import pieces, where


def terminal() -> Console:
    """Return a console that never reads the words of a policy as markup."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty(), markup=False, emoji=False)


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
