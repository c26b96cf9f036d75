"""A real Chromium against the real page."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from assistant import Assistant

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOOKS = {"desk": (1440, 900, "light"), "tablet": (820, 1180, "light"), "phone": (390, 844, "dark")}
PASSED = pytest.StashKey[bool]()
CUT_OFF = ("AbortError", "Unexpected error Connection errored out")  # Gradio, of requests under way when its page is left
SYSTEM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def address(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page, served on a free port."""
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    from assistant.server import launch

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = launch(assistant, port=port)
    yield f"http://127.0.0.1:{port}/"
    site.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """The system's Chromium, else the one that Playwright installed."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in SYSTEM if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of the browser that fails is tried once more, on a machine that may be busy; the summary lists it as rerun."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test runs with the looks that the nearest `looks` mark names."""
    if "visit" in metafunc.fixturenames:
        marks = metafunc.definition.get_closest_marker("looks")
        metafunc.parametrize("visit", marks.args, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether a test has passed: a picture is only taken of the pages of one that has not."""
    report = yield
    if call.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture
def visit(request: pytest.FixtureRequest, chromium, address: str, tmp_path: Path):
    """Opens pages of the app in a fresh browser of one of the LOOKS: visit("library?q=注销") -> Page.

    Anything that a page logs as an error, or asks of another host, fails the test; `visit.complaints` holds them, so that a
    test which provokes one can clear the list. `visit.phone` tells the two apart.
    """
    width, height, theme = LOOKS[request.param]
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        permissions=["clipboard-read", "clipboard-write"],
        locale="zh-CN",
        color_scheme=theme,
        accept_downloads=True,
    )
    complaints: list[str] = []
    arrivals: list[str] = []

    def opened(path: str = "") -> Page:
        page = context.new_page()
        page.on("domcontentloaded", lambda page: arrivals.append(page.url))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith((address, "data:", "blob:")) else complaints.append(f"request to {r.url}"),
        )
        page.goto(address + path)
        if not path or path.startswith("?"):
            page.locator("#question textarea").wait_for()
            page.locator("#text .clause").first.wait_for(state="attached")  # Gradio has loaded and opened the page
        return page

    opened.complaints, opened.phone, opened.context = complaints, width < 900, context
    yield opened
    if len(arrivals) > len(context.pages):
        complaints[:] = [said for said in complaints if not said.startswith(CUT_OFF)]
    if complaints or not request.node.stash.get(PASSED, False):
        for number, page in enumerate(context.pages):
            page.screenshot(path=tmp_path / f"last{number}.png")
    context.close()
    assert not complaints, complaints


@pytest.fixture
def page(visit) -> Page:
    """The chat."""
    return visit()
