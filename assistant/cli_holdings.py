"""`assistant import`, `remove`, `list`: the documents that are held."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.decoding import printable
from assistant.errors import HoldingsError
from assistant.settings import Settings

holdings = typer.Typer(rich_markup_mode=None)


@holdings.command("import")
def import_(files: Annotated[list[Path], typer.Argument(help="要导入的文件; 同名的文件作为新版本", readable=False)]) -> None:
    """导入文档: 读取并检查, 更新索引, 显示导入报告; 有一份不行就都不导入。"""
    from assistant.corpus import bytes_of
    from assistant.holdings import add, check_number, check_total, file_name
    from assistant.report import report_on, summary
    from assistant.store import located
    from assistant.terminal import progress

    check_number(len(files))
    read = []
    for file in files:
        if file.is_dir():
            raise HoldingsError(f"{file} 是文件夹。请给出里面的文件, 例如 assistant import {file}/*")
        read.append((file_name(file.name), bytes_of(file)))
        check_total(sum(len(data) for _, data in read))
    with progress() as bar:
        assistant, added = add(read, located(Settings.from_environment()), bar)
    for policy in assistant.policies:
        if policy.source.policy in added:
            typer.echo("\n".join(summary(report_on(policy))))
    typer.echo(f"已导入 {len(added)} 份, 共 {len(assistant.policies)} 份: {assistant.settings.corpus}")


@holdings.command()
def remove(policy: Annotated[str, typer.Argument(help="政策编号, 见 assistant list")]) -> None:
    """移除一份文档, 更新索引。"""
    from assistant.cli import load_assistant
    from assistant.holdings import remove
    from assistant.terminal import progress

    assistant = load_assistant(None)
    title = next((p.source.title for p in assistant.policies if p.source.policy == policy), "")
    with progress() as bar:
        left = remove(policy, assistant, bar)
    typer.echo(f"已移除《{title}》, 还有 {len(left.policies)} 份: {left.settings.corpus}")


@holdings.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False) -> None:
    """列出文档: 编号、标题、种类、版本、生效日期、条款数、存疑处。"""
    from assistant.cli import load_assistant
    from assistant.holdings import held

    assistant = load_assistant(None)
    rows = held(assistant.policies, assistant.settings.corpus)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        facts = [row.kind, f"版本 {row.version}", row.date, f"{row.clauses} 条", f"存疑 {row.doubts}" if row.doubts else ""]
        line = f"{row.id}  《{row.title}》  " + " · ".join(fact for fact in facts if fact)
        typer.echo(printable(line))
