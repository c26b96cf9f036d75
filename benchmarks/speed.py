"""How fast and how big: start-up, building, one question cold and warm, memory. Prints a Markdown table.

python benchmarks/speed.py
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from assistant import Assistant, Settings

HERE = Path(__file__).parent
RUNS = 5


def cold(*arguments: str, environment: dict[str, str] | None = None) -> float:
    """Return the median seconds of a whole `assistant` process."""
    command = [sys.executable, "-m", "assistant", *arguments]
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | (environment or {}))
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def warm(assistant: Assistant) -> tuple[float, float]:
    """Return the median and the 99th percentile milliseconds of a question that was not asked before."""
    lines = [line for name in ("questions.jsonl", "hard.jsonl") for line in (HERE / name).read_text("utf-8").splitlines()]
    questions = [json.loads(line)["question"] + ending for ending in ("", "?", "呢") for line in lines]
    milliseconds = []
    for question in questions:
        began = time.perf_counter()
        assistant.ask(question)
        milliseconds.append((time.perf_counter() - began) * 1000)
    ordered = sorted(milliseconds)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)]


def batch_of_a_thousand(environment: dict[str, str]) -> float:
    """Return the seconds that 1,000 different questions take through `assistant batch`, start included."""
    lines = [line for name in ("questions.jsonl", "hard.jsonl") for line in (HERE / name).read_text("utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    asked = [row | {"question": row["question"] + ending} for ending in ("", "?", "呢") for row in rows][:1000]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in asked)
    began = time.perf_counter()
    command = [sys.executable, "-m", "assistant", "batch"]
    subprocess.run(command, input=text, check=True, capture_output=True, text=True, env=os.environ | environment)
    return time.perf_counter() - began


def main() -> None:
    """Measure everything once and print it."""
    settings = Settings.from_environment()
    with tempfile.TemporaryDirectory() as folder:
        own = {"ASSISTANT_INDEX": str(Path(folder) / "index")}
        building = cold("build", environment=own)
        asking = cold("ask", "怎么注销账户", environment=own)
        thousand = batch_of_a_thousand(own)
    p50, p99 = warm(Assistant.build(settings.corpus, settings))
    print(f"{platform.machine()}, {os.cpu_count()} 核, Python {platform.python_version()}; 各取 {RUNS} 次中位数\n")
    print("| 项目 | 实测 |\n|---|---|")
    print(f"| `assistant --help` | {cold('--help'):.2f} 秒 |")
    print(f"| `assistant build` | {building:.2f} 秒 |")
    print(f"| 冷启动问一个问题 | {asking:.2f} 秒 |")
    print(f"| 进程内再问一个, p50 / p99 | {p50:.1f} / {p99:.1f} 毫秒 |")
    print(f"| `assistant batch` 1000 题 (含启动) | {thousand:.1f} 秒 |")
    print(f"| 不含网页的进程内存峰值 | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB |")


if __name__ == "__main__":
    main()
