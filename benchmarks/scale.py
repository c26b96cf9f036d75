"""How it does with many documents: import, import again after one change, load, ask. Prints a Markdown table.

python benchmarks/scale.py                                        # corpus/ and tests/data, each copy with other words
python benchmarks/scale.py --documents FOLDER ... --clauses 100000
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TypeVar

from assistant import Assistant, Settings
from assistant.corpus import SUFFIXES, read_corpus
from assistant.parse import parse

HERE = Path(__file__).parent
OWN = (HERE.parent / "corpus", HERE.parent / "tests" / "data")
T = TypeVar("T")
NOT_POLICIES = ("README.md", "LICENSE.md")


@dataclass(frozen=True, slots=True)
class Imported:
    """One import: seconds until everything was parsed, embedded, put together and written, one after the other."""

    parse: float
    embed: float
    join: float
    write: float
    clauses: int
    megabytes: float

    @property
    def total(self) -> float:
        """Return all seconds."""
        return self.parse + self.embed + self.join + self.write


@dataclass(frozen=True, slots=True)
class Asked:
    """Loading and asking: seconds to load, milliseconds of every question, megabytes at most."""

    load: float
    everywhere: list[float]
    in_one: list[float]
    megabytes: float


def copies(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield (file name, text) without end: the documents as they are, then again with other words in nearly every clause."""
    for turn in count():
        for number, file in enumerate(files):
            text = file.read_text("utf-8", "replace")
            yield (
                f"{turn:03}-{number:04}{file.suffix}",
                text if turn == 0 else text.replace("信息", f"资料{turn}").replace("您", "你"),
            )


def fill(folder: Path, files: list[Path], clauses: int) -> int:
    """Write documents into a folder until they have so many clauses; return how many documents."""
    for written, (name, text) in enumerate(copies(files), 1):
        (folder / name).write_text(text, "utf-8")
        clauses -= len(parse(read_corpus(folder / name)[0]).clauses)
        if clauses <= 0:
            return written
    return 0


def megabytes() -> float:
    """Return the most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():  # the figure of getrusage begins with that of the process that started this one
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def settings_at(place: Path) -> Settings:
    """Return settings with the documents and the index in one folder."""
    return replace(Settings.from_environment(), corpus=place / "documents", index=place / "index", corpus_named=True)


def importing(place: Path) -> Imported:
    """Build and save an index, taking over what the one that is there has."""
    settings = settings_at(place)
    began = time.perf_counter()
    ends: dict[str, float] = {}

    def watch(stage: str, done: int, total: int) -> None:
        ends[stage] = time.perf_counter()

    built = Assistant.build(settings.corpus, settings, watch)
    made = time.perf_counter()
    built.save(settings.index)
    written = time.perf_counter() - made
    parsed = ends["解析"]
    embedded = ends.get("向量", parsed)
    return Imported(parsed - began, embedded - parsed, made - embedded, written, len(built.index.clauses), megabytes())


def asking(place: Path) -> Asked:
    """Load an index and ask every question of questions.jsonl, of all documents and of one."""
    settings = settings_at(place)
    began = time.perf_counter()
    assistant = Assistant.load(settings)
    loaded = time.perf_counter() - began
    questions = [json.loads(line)["question"] for line in (HERE / "questions.jsonl").read_text("utf-8").splitlines()]
    one = assistant.policies[len(assistant.policies) // 2].source.policy
    everywhere = [milliseconds(lambda q=q: assistant.ask(q)) for q in questions]
    in_one = [milliseconds(lambda q=q: assistant.ask(q, policy=one)) for q in questions]
    return Asked(loaded, everywhere, in_one, megabytes())


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def alone(work: Callable[[Path], T], place: Path) -> T:
    """Do the work in a process of its own, whose memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, place).result()


def row(name: str, values: list[float]) -> str:
    """Return a line of the table with the median and the 95th percentile."""
    ordered = sorted(values)
    return f"| {name}, p50 / p95 | {statistics.median(ordered):.0f} / {ordered[int(len(ordered) * 0.95)]:.0f} 毫秒 |"


def main() -> None:
    """Measure everything once and print it."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--documents", type=Path, nargs="+", default=list(OWN), metavar="FOLDER")
    reader.add_argument("--clauses", type=int, default=100_000)
    wanted = reader.parse_args()
    files = [p for folder in wanted.documents for p in sorted(folder.rglob("*")) if p.suffix in SUFFIXES]
    files = [p for p in files if p.name not in NOT_POLICIES]
    if not files:
        sys.exit("没有找到 .txt 或 .md 文件。")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        corpus = settings_at(place).corpus
        corpus.mkdir()
        documents = fill(corpus, files, wanted.clauses)
        first = alone(importing, place)
        changed = sorted(corpus.iterdir())[documents // 2]
        changed.write_text(changed.read_text("utf-8") + "\n\n新增的一条: 本次修订自公布之日起施行。\n", "utf-8")
        again = alone(importing, place)
        asked = alone(asking, place)
    print("| 项目 | 实测 |\n|---|---|")
    print(f"| 文件 / 条款 | {documents} / {first.clauses} |")
    parts = f"解析 {first.parse:.0f}, 向量 {first.embed:.0f}, 合并 {first.join:.0f}, 写入 {first.write:.0f}"
    print(f"| 导入 | {first.total:.0f} 秒 ({parts}) |")
    print(f"| 改动一份后再导入 | {again.total:.1f} 秒 |")
    print(f"| 载入 | {asked.load:.1f} 秒 |")
    print(row("问一个问题, 全部文件", asked.everywhere))
    print(row("问一个问题, 指定一份", asked.in_one))
    print(f"| 内存峰值, 载入并提问 / 导入 | {asked.megabytes:.0f} / {first.megabytes:.0f} MB |")


if __name__ == "__main__":
    main()
