"""`assistant questions`: how people keep the question bank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from assistant.editing import Editor, Report

questions = typer.Typer(help="维护题库: 人们会问的问题, 各自对应哪一条。", no_args_is_help=True, rich_markup_mode=None)

Question = Annotated[str, typer.Argument(help="问题")]
Number = Annotated[str, typer.Argument(help="条款编号, 如 五、4")]
PolicyId = Annotated[str | None, typer.Option("--policy", help="哪一份政策的题库 (政策编号)", show_default=False)]


@questions.command("list")
def list_(
    clause: Annotated[str | None, typer.Argument(help="条款编号; 不给则显示每条有几题", show_default=False)] = None,
    policy: PolicyId = None,
) -> None:
    """列出一条条款的问题, 或各条款的题数。"""
    _print(_editor(policy).listed(clause))


@questions.command()
def add(
    question: Question,
    clause: Annotated[str | None, typer.Option(help="回答它的条款编号; 不给就是「政策未涉及」", show_default=False)] = None,
    policy: PolicyId = None,
) -> None:
    """添加一个问题。"""
    _print(_editor(policy).added(question, clause))


@questions.command()
def reject(question: Question, policy: PolicyId = None) -> None:
    """删除一个问题 (按原句)。"""
    _print(_editor(policy).rejected(question))


@questions.command()
def keep(clause: Number, policy: PolicyId = None) -> None:
    """条款文字变更后, 确认它的问题仍然适用。"""
    _print(_editor(policy).kept(clause))


@questions.command()
def check(policy: PolicyId = None) -> None:
    """检查题库: 条款是否变更, 每个问题是否仍找到它的条款。"""
    _print(_editor(policy).checked())


def _editor(policy: str | None) -> Editor:
    """Open the bank of a policy, with the index that answers."""
    from assistant.cli import load_assistant
    from assistant.editing import Editor

    return Editor.open(load_assistant(None), policy)


def _print(report: Report) -> None:
    """Print what an action says; exit with 1 if not all is well."""
    lines, healthy = report
    typer.echo("\n".join(lines))
    if not healthy:
        raise typer.Exit(1)
