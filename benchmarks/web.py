"""How fast the web app is: first page, the desk while typing, the chat, many users at once. Prints a Markdown table.

python benchmarks/web.py [--users 50] [--seconds 120] [--only first desk chat users]

Browser and simulated users run on the same cores as the server, so the figures include what they take from it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import html
import json
import os
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Error, Page, sync_playwright

HERE = Path(__file__).parent
PARTS = ("first", "desk", "chat", "users")
RUNS = 3
KEY_SECONDS = 0.06
PER_CONVERSATION = 5
THINKING = (2.0, 6.0)
PATIENCE = 60.0
# The page's clock starts at the event's own time stamp, so that a key or click waiting for a busy page counts as well.
WATCH_DESK = """() => {
  document.addEventListener("keydown", (event) => { window.began = event.timeStamp; }, true);
  window.expectList = (question) => { window.took = null; window.wanted = question; };
  new MutationObserver(() => {
    const shown = new URLSearchParams(location.search).get("q");
    if (window.took === null && shown === window.wanted && document.querySelector("#hits [data-standalone]"))
      window.took = performance.now() - window.began;
  }).observe(document.getElementById("hits"), { childList: true, subtree: true });
}"""
WATCH_CHAT = """() => {
  const start = (event) => { window.began = event.timeStamp; };
  document.addEventListener("keydown", (event) => { if (event.key === "Enter") start(event); }, true);
  document.addEventListener("pointerdown", start, true);
  const answers = () => document.querySelectorAll("#chat .answer[data-question]");
  window.expectAnswer = (question) => { window.took = null; window.wanted = question; window.before = answers().length; };
  new MutationObserver(() => {
    const all = answers();
    if (window.took === null && all.length > window.before && all[all.length - 1].dataset.question === window.wanted)
      window.took = performance.now() - window.began;
  }).observe(document.body, { childList: true, subtree: true });
}"""


@dataclass
class Measured:
    """Seconds, one for each that came, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def at(self, share: float) -> float:
        """Return a percentile in seconds."""
        ordered = sorted(self.seconds) or [float("nan")]
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file of questions."""
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


@contextlib.contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Start `assistant serve` as a process of its own -> (its address, its process id); ends it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "assistant", "serve", "--port", port]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
    try:
        yield f"http://127.0.0.1:{port}/", process.pid
    finally:
        process.terminate()
        process.wait()


def until_answering(address: str) -> None:
    """Wait for the page to answer with 200."""
    give_up = time.perf_counter() + PATIENCE
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        while time.perf_counter() < give_up:
            with contextlib.suppress(httpx.TransportError):
                if client.get(address).status_code == 200:
                    return
            time.sleep(0.02)
    raise TimeoutError(f"{address} 没有在 {PATIENCE:.0f} 秒内打开")


def first(browser: Browser, environment: dict[str, str], path: str) -> tuple[float, float]:
    """Return the median seconds from starting the process to the page's 200, and to the question box in a fresh browser."""
    answering, visible = [], []
    for _ in range(RUNS):
        page = browser.new_context(locale="zh-CN").new_page()
        began = time.perf_counter()
        with serving(environment) as (address, _):
            until_answering(address + path)
            answering.append(time.perf_counter() - began)
            page.goto(address + path, wait_until="commit")
            page.locator("textarea#question, #question textarea").wait_for()
            visible.append(time.perf_counter() - began)
            page.context.close()
    return statistics.median(answering), statistics.median(visible)


def took(page: Page) -> float:
    """Return the seconds that the page has measured."""
    page.wait_for_function("window.took !== null", timeout=PATIENCE * 1000)
    return float(page.evaluate("window.took")) / 1000


def desk(browser: Browser, address: str, questions: list[str]) -> Measured:
    """Type questions key by key: from the last key to the list of the whole question, which is compared with the server's."""
    measured = Measured()
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(address + "desk")
    page.evaluate(WATCH_DESK)
    keyboard = page.context.new_cdp_session(page)  # Playwright's own keyboard inserts Chinese without any key event
    for question in questions:
        try:
            page.locator("#question").press("Escape")
            page.evaluate("question => expectList(question)", question)
            for letter in question:
                key = {"text": letter, "unmodifiedText": letter, "key": letter}
                keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **key})
                keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": letter})
                time.sleep(KEY_SECONDS)
            measured.seconds.append(took(page))
            reply = httpx.get(f"{address}desk/hits", params={"q": question}, trust_env=False, timeout=PATIENCE)
            anchors = page.locator("#hits .hit").evaluate_all("all => all.map((hit) => hit.dataset.anchor)")
            if anchors != re.findall(r'<li class="hit[^>]* data-anchor="([^"]*)"', reply.text):
                measured.errors.append(f"不是整句的结果: {question}")
        except (Error, httpx.HTTPError) as error:
            measured.errors.append(f"{question}: {error}")
    page.context.close()
    return measured


def chat(browser: Browser, address: str, questions: list[str]) -> Measured:
    """Ask questions by Enter and by click in turn: from sending to the answer in the document."""
    measured = Measured()
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(address)
    page.locator("#text .clause").first.wait_for(state="attached")  # Gradio has loaded and opened the page
    page.evaluate(WATCH_CHAT)
    for n, question in enumerate(questions):
        try:
            if n and n % PER_CONVERSATION == 0:
                page.locator("#fresh").click()
                page.wait_for_function("!document.querySelector('#chat .answer')")
            page.locator("#question textarea").fill(question)
            page.evaluate("question => expectAnswer(question)", question)
            if n % 2:
                page.locator("#send").click()
            else:
                page.keyboard.press("Enter")
            measured.seconds.append(took(page))
            page.wait_for_function("document.querySelector('#question textarea').value === ''")
            time.sleep(0.3)
        except Error as error:
            measured.errors.append(f"{question}: {error}")
    page.context.close()
    return measured


def conversation(dice: random.Random) -> list[str]:
    """Return what one user says in a conversation: questions, and follow-ups after what they follow."""
    alone = [[row["question"]] for row in rows("questions.jsonl")]
    following = [
        [*(said["content"] for said in row["history"] if said["role"] == "user"), row["question"]]
        for row in rows("hard.jsonl")
        if "history" in row
    ]
    said: list[str] = []
    while len(said) < PER_CONVERSATION:
        said += dice.choice(dice.choice((alone, following)))
    return said


async def turn(client: httpx.AsyncClient, body: dict[str, Any]) -> tuple[list[Any], float]:
    """Send one event through Gradio's queue, as the page does -> (what the event returns, seconds)."""
    began = time.perf_counter()
    (await client.post("gradio_api/queue/join", json=body)).raise_for_status()
    completed: tuple[list[Any], float] | None = None
    async with client.stream("GET", "gradio_api/queue/data", params={"session_hash": body["session_hash"]}) as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {"msg": ""}
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise ValueError(f"事件失败: {message['output']}")
                completed = message["output"]["data"], time.perf_counter() - began
    if completed is None:
        raise ValueError("没有等到 process_completed")
    return completed


async def user(address: str, config: dict[str, Any], number: int, ending: float, measured: Measured) -> None:
    """Chat until the end: think, ask, read, with follow-ups, and a new conversation now and then."""
    dice = random.Random(number)
    ids = {component["props"].get("elem_id"): component for component in config["components"]}
    box, scope = ids["question"]["id"], ids["scope"]["props"]["value"]
    event = next(each["id"] for each in config["dependencies"] if [box, "submit"] in each["targets"])
    asks = {"event_data": None, "fn_index": event, "trigger_id": box, "session_hash": f"user{number:08d}"}
    where = json.dumps({"lang": "", "q": "", "policy": ""}, separators=(",", ":"))
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, trust_env=False) as client:
        while True:
            messages: list[Any] = []
            saved = "[]"
            for question in conversation(dice):
                await asyncio.sleep(dice.uniform(*THINKING))
                if time.perf_counter() > ending:
                    return
                try:
                    data = [question, messages, saved, scope, where]
                    (_, messages, saved), seconds = await turn(client, asks | {"data": data})
                    asked, answer = (json.dumps(message["content"], ensure_ascii=False) for message in messages[-2:])
                    if json.dumps(html.escape(question), ensure_ascii=False) not in asked or 'class=\\"answer' not in answer:
                        raise ValueError(f"答非所问: {asked}")
                    measured.seconds.append(seconds)
                except (httpx.HTTPError, ValueError) as error:
                    measured.errors.append(f"{question}: {error!r}")


async def users(address: str, count: int, seconds: float) -> Measured:
    """Let that many users chat at once."""
    measured = Measured()
    config = httpx.get(f"{address}config", trust_env=False, timeout=PATIENCE).json()
    ending = time.perf_counter() + seconds
    await asyncio.gather(*(user(address, config, number, ending, measured) for number in range(count)))
    return measured


def peak(process: int) -> int:
    """Return the peak megabytes of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def measure(only: list[str], count: int, seconds: float, environment: dict[str, str]) -> Iterator[tuple[str, str, list[str]]]:
    """Measure the parts in turn; yields (what, figure, errors)."""
    questions = [row["question"] for row in rows("questions.jsonl")]
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    with contextlib.ExitStack() as stack:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            for name, label in (("", "问答"), ("desk", "坐席")) if "first" in only else ():
                answering, visible = first(browser, environment, name)
                yield f"启动到{label}页应答 200 / 问题框可见", f"{answering:.1f} / {visible:.1f} 秒", []
            address, process = stack.enter_context(serving(environment))
            until_answering(address)
            for part, label, asked in (
                (desk, f"坐席: 末键到整句的结果, {len(questions[::2])} 题, p50 / p95", questions[::2]),
                (chat, f"问答: 发送到回答出现, {len(questions[1::2])} 题, p50 / p95", questions[1::2]),
            ):
                if part.__name__ in only:
                    m = part(browser, address, asked)
                    yield label, f"{m.at(0.5) * 1000:.0f} / {m.at(0.95) * 1000:.0f} 毫秒", m.errors
            browser.close()
        if "users" in only:
            m = asyncio.run(users(address, count, seconds))
            yield f"{count} 人同时问答 {seconds:.0f} 秒: 回答数 / 出错数", f"{len(m.seconds)} / {len(m.errors)}", m.errors
            yield f"{count} 人同时问答: p50 / p95 / 最长", f"{m.at(0.5):.2f} / {m.at(0.95):.2f} / {m.at(1):.2f} 秒", []
        yield "网页服务进程内存峰值 (VmHWM)", f"{peak(process)} MB", []


def main() -> None:
    """Measure what is asked for once and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    loads = " ".join(f"{load:.2f}" for load in os.getloadavg())
    print(f"{platform.machine()}, {os.cpu_count()} 核 (浏览器与模拟用户也用这几核), 开始时平均负载 {loads}\n")
    print("| 项目 | 实测 |\n|---|---|", flush=True)
    errors = []
    with tempfile.TemporaryDirectory() as folder:
        names = {"ASSISTANT_RECORDS": "records.sqlite3", "ASSISTANT_INDEX": "index", "GRADIO_TEMP_DIR": "gradio"}
        environment = {name: str(Path(folder) / file) for name, file in names.items()}
        build = [sys.executable, "-m", "assistant", "build"]
        subprocess.run(build, check=True, capture_output=True, env=os.environ | environment)
        for label, figure, wrong in measure(options.only, options.users, options.seconds, environment):
            print(f"| {label} | {figure}{f', 出错 {len(wrong)}' if wrong else ''} |", flush=True)
            errors += wrong
    sys.stderr.writelines(f"{error}\n" for error in errors[:20])
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
