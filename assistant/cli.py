"""The command line: parses arguments, calls the assistant, prints; errors are one line on stderr, exit status 1."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant import __version__
from assistant.cli_check import check
from assistant.cli_holdings import holdings
from assistant.cli_questions import questions
from assistant.cli_records import records
from assistant.decoding import printable
from assistant.errors import AssistantError, IndexMissing, IndexStale, reason
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.assistant import Assistant

app = typer.Typer(
    help="中文政策问答与条款检索: 用原文条款回答问题, 逐字引用, 注明编号。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

INTERRUPTED = 130  # the status after Ctrl+C
Corpus = Annotated[Path | None, typer.Option(help="改用这个政策文件或文件夹, 不用已建的索引", show_default=False)]
PolicyIds = Annotated[list[str] | None, typer.Option("--policy", help="只查这份政策 (政策编号); 可以给几次", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"assistant {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="显示版本")] = False,
) -> None:
    """Options of the program itself."""


@app.command()
def build(
    corpus: Annotated[Path | None, typer.Option(help="政策文件或文件夹 (默认 corpus/)", show_default=False)] = None,
    index: Annotated[Path | None, typer.Option(help="索引文件夹 (默认 index/)", show_default=False)] = None,
) -> None:
    """解析政策并建立索引, 显示导入报告。"""
    settings = Settings.from_environment()
    settings = replace(settings, corpus=corpus or settings.corpus, index=index or settings.index)
    built = _build(settings)
    from assistant.corpus import SUFFIXES, unread
    from assistant.report import report_on, summary

    for policy in built.policies:
        print("\n".join(summary(report_on(policy))))
    for file in unread(settings.corpus):
        print(f"未读取: {file.name} (只读 {'、'.join(SUFFIXES)})")
    print(f"索引已写入 {settings.index}")


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="要问的问题")],
    policy: PolicyIds = None,
    corpus: Corpus = None,
    as_json: AsJson = False,
) -> None:
    """回答一个问题, 给出条款原文和编号。"""
    assistant = load_assistant(corpus)
    answer = assistant.ask(question, policy=policy)
    if as_json:
        from assistant.batch import to_line

        print(to_line(answer))
        return
    from assistant.render import contact_lines, summary
    from assistant.terminal import print_clause, terminal

    console = terminal()
    console.print(summary(answer), style="bold green" if answer.citations else "bold yellow")
    if answer.standalone != " ".join(question.split()):
        console.print(f"按「{answer.standalone}」查找", style="dim", markup=False)
    for part in answer.parts:
        console.print(f"{part.question} → {part.clause or '政策未涉及'}", markup=False)
    if answer.note:
        console.print(answer.note, markup=False)
    for hit in answer.citations or answer.hits[: assistant.settings.cited]:
        print_clause(console, hit, assistant, "" if answer.citations else "可能相关: ")
    for line in contact_lines(answer):
        console.print(line)


@app.command()
def batch(corpus: Corpus = None, policy: PolicyIds = None) -> None:
    """逐行回答: 标准输入每行一个 JSON 问题, 标准输出每行一个 JSON 答案。"""
    from assistant.batch import answer_line

    assistant = load_assistant(corpus)
    for line in sys.stdin:
        if line.strip():
            print(answer_line(assistant, line, policy), flush=True)


@app.command()
def search(
    words: Annotated[str, typer.Argument(help='词语、"原文短语" 或条款编号 (五、4 · 第八条 · 5.4)')],
    policy: PolicyIds = None,
    corpus: Corpus = None,
    as_json: AsJson = False,
) -> None:
    """检索条款: 按相关度排列; 引号里的短语必须原样出现; 条款编号直接定位。"""
    assistant = load_assistant(corpus)
    from assistant.terminal import print_clause, terminal

    hits = assistant.search(words, policy=policy)
    if as_json:
        from assistant.batch import to_line

        print(to_line(hits))
        return
    console = terminal()
    console.print(f"{len(hits)} 条", style="bold")
    for hit in hits:
        print_clause(console, hit, assistant, f"{hit.score:6.2f}  ")


@app.command()
def show(
    clause: Annotated[str, typer.Argument(help="条款编号或锚点, 如 五、4")], policy: PolicyIds = None, corpus: Corpus = None
) -> None:
    """显示一条条款: 标题路径、前后条款、在原文中的位置。"""
    assistant = load_assistant(corpus)
    from assistant.terminal import print_places

    print_places(assistant, assistant.show(clause, policy))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口", min=1, max=65535)] = 7860,
) -> None:
    """打开网页: 问答、坐席、条款库、文档。"""
    from assistant.server import launch

    site = launch(load_assistant(None), host, port)
    at = f"http://{host}:{port}"
    print(f"问答: {at}/  坐席: {at}/desk  条款库: {at}/library  文档: {at}/documents  (按 Ctrl+C 停止)", flush=True)
    try:
        site.wait()
    except KeyboardInterrupt:
        site.close()


@app.command()
def mcp() -> None:
    """以 MCP 协议 (标准输入输出) 供其他程序提问、检索、逐字引用。"""
    from assistant.mcp_server import run

    run(load_assistant(None))


@app.command()
def evaluate(
    questions: Annotated[Path, typer.Argument(help="题目文件 (JSON Lines)")],
    policy: PolicyIds = None,
    corpus: Corpus = None,
    as_json: AsJson = False,
) -> None:
    """用一组有标准答案的题目评测: 命中率、引用、拒答、置信度。"""
    from assistant import evaluate as evaluation

    rows = evaluation.read_questions(questions)
    assistant = load_assistant(corpus)
    judged = evaluation.judge(assistant, rows, policy)
    figures = evaluation.per_kind(judged)
    total, wrong = evaluation.wrong_spans(judged, assistant)
    if as_json:
        print(json.dumps(figures | {"spans": total, "wrong_spans": wrong}, ensure_ascii=False))
        return
    names = list(figures["all"])
    print(f"{'kind':14}" + "".join(f"{name:>9}" for name in names))
    for kind, row in figures.items():
        cells = ("" if (v := row[name]) is None else f"{v:.0f}" if name == "n" else f"{v:.3f}" for name in names)
        print(f"{kind:14}" + "".join(f"{cell:>9}" for cell in cells))
    print(f"spans: {total}, wrong: {wrong}")


@app.command()
def doctor() -> None:
    """检查安装: 版本、模型、索引, 以及每份政策是否与索引一致。"""
    from assistant.diagnosis import diagnose

    lines, healthy = diagnose(Settings.from_environment())
    print("\n".join(lines))
    if not healthy:
        raise typer.Exit(1)


app.command()(check)
app.add_typer(holdings)
app.add_typer(questions, name="questions")
app.add_typer(records, name="records")


def main() -> None:
    """Run the program; errors made on purpose become one line."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops it so wants nothing half done left behind either
    try:
        app()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            print("已中断, 没有做完的都不算数。", file=sys.stderr)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except (AssistantError, OSError) as error:
        at = f": {error.filename}" if isinstance(error, OSError) and error.filename else ""
        text = (
            str(error) if isinstance(error, AssistantError) else f"读写失败 ({reason(error)}{at})。请检查路径、权限和磁盘空间。"
        )
        print("错误: " + printable(text), file=sys.stderr)
        raise SystemExit(1) from None


def load_assistant(corpus: Path | None) -> Assistant:
    """Load the built index, after building it if it is missing or stale; or answer from another corpus."""
    from assistant.assistant import Assistant
    from assistant.store import located

    if corpus:
        return Assistant.cached(corpus)
    settings = Settings.from_environment()
    settings = located(settings)
    try:
        return Assistant.load(settings)
    except (IndexMissing, IndexStale) as reason:
        print(f"{str(reason).partition('。')[0]}; 正在建立索引 …", file=sys.stderr)
        return _build(settings)


def _build(settings: Settings) -> Assistant:
    """Build and save the index, with a progress bar in a terminal."""
    from assistant.assistant import Assistant
    from assistant.terminal import progress

    with progress() as bar:
        built = Assistant.build(settings.corpus, settings, bar)
    built.save(settings.index)
    return built
