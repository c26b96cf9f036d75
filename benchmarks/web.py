"""How fast the web app is: first page, the desk while typing, the chat, many users at once. Prints a Markdown table.

python benchmarks/web.py [--users 50] [--seconds 120] [--only first desk chat users]
Browser and simulated users run on the same cores as the server: the figures include what they take from it.
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
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

HERE = Path(__file__).parent
PARTS = ("first", "desk", "chat", "users")
RUNS = 3
KEY_SECONDS = 0.06
PER_CONVERSATION = 5
PATIENCE = 60.0
# The clock starts at the time stamp of the key or click: one that waits for a busy page counts from when it was pressed.
WATCH = """() => {
  for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, (e) => { window.began = e.timeStamp; }, true);
  window.wait = (question) => {
    window.wanted = question;
    window.took = new Promise((done, lost) => {
      window.done = done;
      setTimeout(() => lost(new Error("没有等到: " + question)), 60000);
    });
  };
  new MutationObserver(() => { if (SHOWN) window.done?.(performance.now() - window.began); })
    .observe(document.body, { childList: true, subtree: true });
}"""
# The desk puts the question that its list answers into its address, in the same step as the list.
LISTED = 'new URLSearchParams(location.search).get("q") === wanted && document.querySelector("#hits [data-standalone]")'
ANSWERED = '[...document.querySelectorAll("#chat .answer")].pop()?.dataset.question === wanted'


@cache
def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of a file of questions."""
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


def share(numbers: list[float], part: float) -> float:
    """Return a percentile."""
    return sorted(numbers)[min(int(len(numbers) * part), len(numbers) - 1)] if numbers else float("nan")


@contextlib.contextmanager
def serving(environment: dict[str, str], path: str = "") -> Iterator[tuple[str, int]]:
    """Start `assistant serve` as a process -> (the address of a page that answers with 200, process id); ends it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "assistant", "serve", "--port", port]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
    address = f"http://127.0.0.1:{port}/{path}"
    try:
        while process.poll() is None:
            with contextlib.suppress(httpx.ConnectError):
                httpx.get(address, trust_env=False, timeout=PATIENCE).raise_for_status()
                break
            time.sleep(0.02)
        else:
            raise RuntimeError(f"assistant serve 退出了 ({process.returncode})")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait()


def first(browser: Browser, environment: dict[str, str], path: str) -> str:
    """Return the median seconds from starting the process to the page's 200, and to the question box in a fresh browser."""
    answering, visible = [], []
    for _ in range(RUNS):
        page = browser.new_context(locale="zh-CN").new_page()
        began = time.perf_counter()
        with serving(environment, path) as (address, _):
            answering.append(time.perf_counter() - began)
            page.goto(address, wait_until="commit")
            page.locator("textarea#question, #question textarea").wait_for()
            visible.append(time.perf_counter() - began)
        page.context.close()
    return f"{statistics.median(answering):.1f} / {statistics.median(visible):.1f} 秒"


def desk(page: Page, questions: list[str]) -> Iterator[float]:
    """Type questions key by key -> milliseconds from the last key to the list of the whole question."""
    page.goto("desk")
    page.evaluate(WATCH.replace("SHOWN", LISTED))
    keyboard = page.context.new_cdp_session(page)  # Playwright's own keyboard inserts Chinese without any key event
    for question in questions:
        page.locator("#question").press("Escape")
        page.evaluate("question => wait(question)", question)
        for letter in question:
            for kind, text in (("keyDown", {"text": letter}), ("keyUp", {})):
                keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": letter, **text})
            time.sleep(KEY_SECONDS)
        yield page.evaluate("took")


def chat(page: Page, questions: list[str]) -> Iterator[float]:
    """Ask questions by Enter and by click in turn -> milliseconds from sending to the answer in the document."""
    page.goto("")
    page.locator("#text .clause").first.wait_for(state="attached")  # Gradio has loaded and opened the page
    page.evaluate(WATCH.replace("SHOWN", ANSWERED))
    box = page.locator("#question textarea")
    for n, question in enumerate(questions):
        if n and n % PER_CONVERSATION == 0:
            page.locator("#fresh").click()
            expect(page.locator("#chat .answer")).to_have_count(0)
        box.fill(question)
        page.evaluate("question => wait(question)", question)
        page.locator("#send").click() if n % 2 else box.press("Enter")
        yield page.evaluate("took")
        expect(box).to_have_value("")
        time.sleep(0.3)


def conversation(dice: random.Random) -> list[str]:
    """Return what one user says in a conversation: questions, and follow-ups after what they follow."""
    alone = [[row["question"]] for row in rows("questions.jsonl")]
    threads = [[*row["history"][::2], {"content": row["question"]}] for row in rows("hard.jsonl") if "history" in row]
    said: list[str] = []
    while len(said) < PER_CONVERSATION:
        said += dice.choice((dice.choice(alone), [turn["content"] for turn in dice.choice(threads)]))
    return said


async def send(client: httpx.AsyncClient, event: dict[str, Any]) -> list[Any]:
    """Send one event through Gradio's queue, as the page does, and return what it gives back."""
    (await client.post("gradio_api/queue/join", json=event)).raise_for_status()
    output: dict[str, Any] = {}
    async with client.stream("GET", "gradio_api/queue/data", params={"session_hash": event["session_hash"]}) as stream:
        async for line in stream.raise_for_status().aiter_lines():
            message = json.loads(line.removeprefix("data:") or "{}")
            if message.get("msg") == "process_completed":
                output = message["output"]
    return list(output["data"])


async def user(client: httpx.AsyncClient, number: int, ending: float, seconds: list[float], errors: list[str]) -> None:
    """Chat until the end: think, ask, read, keep what the page keeps; a new conversation now and then."""
    dice = random.Random(number)
    config = (await client.get("config")).json()
    ids = {component["props"].get("elem_id"): component["id"] for component in config["components"]}
    values = {component["id"]: component["props"].get("value") for component in config["components"]}
    values[ids["address"]] = json.dumps({"lang": "", "q": "", "policy": ""}, separators=(",", ":"))
    reply = next(each for each in config["dependencies"] if [ids["question"], "submit"] in each["targets"])
    event = {"fn_index": reply["id"], "trigger_id": ids["question"], "session_hash": f"user{number}"}
    while True:
        values |= {ids["chat"]: [], ids["saved"]: "[]"}
        for question in conversation(dice):
            await asyncio.sleep(dice.uniform(2, 6))
            if (began := time.perf_counter()) > ending:
                return
            values[ids["question"]] = question
            try:
                back = await send(client, event | {"data": [values[each] for each in reply["inputs"]]})
                took = time.perf_counter() - began
                values |= zip(reply["outputs"], back, strict=True)
                asked, answer = (json.dumps(message["content"], ensure_ascii=False) for message in values[ids["chat"]][-2:])
                if json.dumps(html.escape(question), ensure_ascii=False) not in asked or 'class=\\"answer' not in answer:
                    raise ValueError(f"答非所问: {asked}")
                seconds.append(took)
            except (httpx.HTTPError, KeyError, ValueError) as error:
                errors.append(f"{question}: {error!r}")


async def users(address: str, count: int, lasting: float) -> tuple[list[float], list[str]]:
    """Let that many users chat at once, each with connections of its own -> (seconds of each answer, errors)."""
    seconds: list[float] = []
    errors: list[str] = []
    async with contextlib.AsyncExitStack() as stack:
        # the server closes a connection after 5 idle seconds; a browser then asks again by itself, httpx would fail
        limits = httpx.Limits(keepalive_expiry=4)
        one = [httpx.AsyncClient(base_url=address, timeout=PATIENCE, trust_env=False, limits=limits) for _ in range(count)]
        clients = [await stack.enter_async_context(client) for client in one]
        ending = time.perf_counter() + lasting
        await asyncio.gather(*(user(client, number, ending, seconds, errors) for number, client in enumerate(clients)))
    return seconds, errors


def measure(options: argparse.Namespace, environment: dict[str, str]) -> Iterator[tuple[str, str, list[str]]]:
    """Measure one part after another; yields (what, figure, errors)."""
    questions = [row["question"] for row in rows("questions.jsonl")]
    parts = ((desk, "坐席, 末键到整句的结果", questions[::2]), (chat, "问答, 发送到回答出现", questions[1::2]))
    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    with contextlib.ExitStack() as stack:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            for name, label in (("", "问答"), ("desk", "坐席")) if "first" in options.only else ():
                yield f"启动到{label}页应答 200 / 问题框可见", first(browser, environment, name), []
            address, process = stack.enter_context(serving(environment))
            for part, label, asked in (each for each in parts if each[0].__name__ in options.only):
                took: list[float] = []
                errors: list[str] = []
                try:
                    took.extend(part(browser.new_page(base_url=address, locale="zh-CN"), asked))
                except (Error, AssertionError) as error:
                    errors = [str(error)]
                figures = f"{share(took, 0.5):.0f} / {share(took, 0.95):.0f} 毫秒"
                yield f"{label}, {len(took)} 题, p50 / p95", figures, errors
            browser.close()
        if "users" in options.only:
            took, errors = asyncio.run(users(address, options.users, options.seconds))
            who = f"{options.users} 人同时问答 {options.seconds:.0f} 秒"
            yield f"{who}, 回答数 / 出错数", f"{len(took)} / {len(errors)}", errors
            yield f"{who}, p50 / p95 / 最长", " / ".join(f"{share(took, part):.2f}" for part in (0.5, 0.95, 1)) + " 秒", []
        kilobytes = re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[0]
        yield "网页服务进程内存峰值 (VmHWM)", f"{int(kilobytes) / 1024:.0f} MB", []


def main() -> None:
    """Measure what is asked for once and print it; the exit status is 1 where something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    loads = " ".join(f"{load:.2f}" for load in os.getloadavg())
    print(f"{platform.machine()}, {os.cpu_count()} 核 (浏览器与模拟用户也用这几核), 开始时平均负载 {loads}\n")
    print("| 项目 | 实测 |\n|---|---|", flush=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        names = {"ASSISTANT_RECORDS": "records.sqlite3", "ASSISTANT_INDEX": "index", "GRADIO_TEMP_DIR": "gradio"}
        environment = {name: str(Path(folder) / file) for name, file in names.items()}
        build = [sys.executable, "-m", "assistant", "build"]
        subprocess.run(build, check=True, capture_output=True, env=os.environ | environment)
        for label, figure, errors in measure(options, environment):
            print(f"| {label} | {figure} |", flush=True)
            sys.stderr.writelines(f"{error}\n" for error in errors)
            failed |= bool(errors)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
