"""`assistant check`: read files and say what came out, without indexing them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assistant.decoding import printable
from assistant.errors import CorpusError

Files = Annotated[list[Path], typer.Argument(help="政策文件或文件夹", readable=False)]
AsJson = Annotated[bool, typer.Option("--json", help="每份文件输出一行 JSON")]


def check(files: Files, as_json: AsJson = False) -> None:
    """试读文件, 不建索引: 条款数、目录、没有当作条款的行和原因、存疑之处与行号。"""
    from assistant.corpus import read_corpus
    from assistant.parse import parse
    from assistant.report import details, report_on, summary

    healthy = True
    for path in files:
        try:
            for source in read_corpus(path):
                report = report_on(parse(source))
                if as_json:
                    print(json.dumps(asdict(report), ensure_ascii=False))
                else:
                    print("\n".join([*summary(report), *details(report)]))
                healthy &= any(report.clauses.values())
        except CorpusError as error:  # the other files are read all the same
            print(f"错误: {printable(str(error))}", file=sys.stderr)
            healthy = False
    if not healthy:
        raise typer.Exit(1)
