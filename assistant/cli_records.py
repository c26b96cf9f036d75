"""`assistant records`: what was asked on the web page and how it was judged."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import RecordsError
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.records import Row

records = typer.Typer(help="网页上的提问记录: 问了什么, 怎么判定, 有没有用。", no_args_is_help=True, rich_markup_mode=None)

NONE_YET = "还没有提问记录。"
MOST_FREQUENT = 10


@records.command("list")
def list_(
    refused: Annotated[bool, typer.Option("--refused", help="只列「政策未涉及」的")] = False,
    useless: Annotated[bool, typer.Option("--useless", help="只列被评为没用的")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    limit: Annotated[int, typer.Option(help="最多几条", min=1)] = 100,
) -> None:
    """列出提问, 新的在前: 时间、判定、问题、条款、评价。"""
    found = [r for r in _rows() if (not refused or r.verdict == "not_covered") and (not useless or r.useful is False)][:limit]
    if as_json:
        typer.echo(_harmless(json.dumps([asdict(row) for row in found], ensure_ascii=False)))
    else:
        typer.echo("\n".join(_line(row) for row in found) or NONE_YET)


@records.command()
def count() -> None:
    """统计: 多少提问, 各判定的占比, 评价, 最常见的未涉及问题。"""
    typer.echo("\n".join(_counted(_rows())))


@records.command()
def clear(yes: Annotated[bool, typer.Option("--yes", help="确认删除")] = False) -> None:
    """删除全部提问记录和评价。"""
    path = _path()
    if not yes:
        raise RecordsError(f"会删除全部提问记录: {path}, 删除后不能恢复。确认请运行 assistant records clear --yes。")
    deleted = 0
    if path.exists():
        from assistant.records import Records

        with closing(Records(path)) as kept:
            deleted = kept.clear()
    typer.echo(f"已删除 {deleted} 条提问记录。")


def _path() -> Path:
    """Return where the records lie.

    :raises RecordsError: if they are switched off
    """
    path = Settings.from_environment().records
    if path is None:
        raise RecordsError("提问记录已关闭 (ASSISTANT_RECORDS=off)。要看记录, 请取消这个设置或改成文件路径。")
    return path


def _rows() -> list[Row]:
    """Return all that is stored, newest first; looking creates no file."""
    path = _path()
    if not path.exists():
        return []
    from assistant.records import Records

    with closing(Records(path)) as kept:
        return kept.rows(sys.maxsize)


def _line(row: Row) -> str:
    """Return one question on one line."""
    from assistant.render import VERDICTS

    useful = {None: "", True: "有用", False: "没用"}[row.useful]
    judged = f"{useful} ({row.reason})" if row.reason else useful
    when = datetime.fromisoformat(row.asked_at).astimezone()  # the reader's own time; JSON has it as stored
    cells = (f"{when:%Y-%m-%d %H:%M:%S}", VERDICTS[row.verdict], row.question, " ".join(row.clauses), judged)
    return "  ".join(_harmless(cell) for cell in cells if cell)


def _counted(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the lines of the statistics."""
    from assistant.render import VERDICTS

    if not rows:
        yield NONE_YET
        return
    verdicts = Counter(row.verdict for row in rows)
    shares = "、".join(f"{name} {verdicts[v]} ({verdicts[v] / len(rows):.1%})" for v, name in VERDICTS.items())
    yield f"提问 {len(rows)}: {shares}"
    useful = Counter(row.useful for row in rows)
    yield f"有用 {useful[True]}, 没用 {useful[False]}, 未评价 {useful[None]}"
    reasons = Counter(row.reason for row in rows if row.reason)
    if reasons:
        yield "原因: " + "、".join(f"{reason} {n}" for reason, n in reasons.most_common())
    refused = Counter(" ".join(row.standalone.split()) for row in rows if row.verdict == "not_covered")
    if refused:
        yield "最常见的未涉及问题:"
        yield from (f"{n:4}  {_harmless(question)}" for question, n in refused.most_common(MOST_FREQUENT))


def _harmless(text: str) -> str:
    """Return a text on one line, without characters that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)
