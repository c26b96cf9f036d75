"""The page of the documents in a real browser: importing, progress, cancelling, removing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from samples import DATA
from serving import free_port, started

from assistant import Assistant, Settings

pytestmark = [pytest.mark.browser, pytest.mark.looks("desk")]
both, on_a_phone = pytest.mark.looks("desk", "phone"), pytest.mark.looks("phone")
PARK = "城市公园管理条例"


@pytest.fixture
def address(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """A web app of its own with one document, on a free port."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "service.md").write_bytes((DATA / "service.md").read_bytes())
    built = Assistant.build(corpus, replace(settings, corpus=corpus, index=tmp_path / "index", records=None))
    port = free_port()
    site = started(built, port)
    yield f"http://127.0.0.1:{port}/"
    site.close()


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def chosen(page: Page, *files: Path | dict[str, Any]) -> None:
    """Choose files and import them."""
    page.get_by_label("导入文档").set_input_files(list(files))
    page.get_by_role("button", name="导入", exact=True).click()


def named(name: str, words: str = "园区须知\n一、开放\n园区每天八点开门。\n") -> dict[str, Any]:
    return {"name": name, "mimeType": "text/plain", "buffer": words.encode()}


def long_list() -> list[dict[str, Any]]:
    """Documents that take a while to index."""
    lines = ("\n".join(f"第{i}条 园区第{n}区开放{i}处场地。" for i in range(1, 1500)) for n in range(20))
    return [named(f"{n}.txt", f"第{n}号须知\n{words}") for n, words in enumerate(lines)]


def ended(page: Page, words: str) -> None:
    expect(page.locator(".ended")).to_have_text(words, timeout=60_000)


@both
def test_a_document_is_imported_reported_and_answers_at_once(visit) -> None:
    page = visit("documents")
    expect(rows(page)).to_have_count(1)
    chosen(page, DATA / "statute.txt")
    ended(page, "已导入 1 份文档。")
    expect(rows(page)).to_have_count(2)
    expect(page.locator(".read h2 a")).to_have_text(PARK)
    expect(page.locator(".read")).to_contain_text("共 11 条")
    page.get_by_role("link", name="第 15 行").click()
    expect(page).to_have_url(re.compile("library.*policy=statute.*clause="))
    expect(page.locator("#text .current")).to_contain_text("本条例自2026年1月1日起施行")
    page = visit("desk?q=能不能携带犬只入园")
    expect(page.locator(".hit").first.locator("h3")).to_contain_text(f"《{PARK}》第四条(二)")


@both
def test_a_document_is_removed_after_a_confirmation(visit) -> None:
    page = visit("documents")
    chosen(page, DATA / "statute.txt")
    ended(page, "已导入 1 份文档。")
    row = rows(page).filter(has_text=PARK)
    expect(row.get_by_role("button", name="确定移除")).to_be_hidden()
    row.get_by_text("移除", exact=True).click()
    expect(row.get_by_text("移除这份文档和它的文件?")).to_be_visible()
    row.get_by_role("button", name="确定移除").click()
    ended(page, f"已移除《{PARK}》。")
    expect(rows(page)).to_have_count(1)


def test_the_progress_is_shown_and_an_import_can_be_cancelled(visit) -> None:
    page = visit("documents")
    chosen(page, *long_list())
    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(page.locator(".stage")).to_have_text(re.compile("读取|解析|向量|建立索引"), timeout=30_000)
    other = visit("documents")
    expect(other.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="取消").click()
    for each in (page, other):
        ended(each, "已取消, 什么也没有改变。")
        expect(rows(each)).to_have_count(1)
    chosen(page, DATA / "statute.txt")
    ended(page, "已导入 1 份文档。")


def test_files_are_dropped_on_the_page(visit) -> None:
    page = visit("documents")
    page.evaluate(
        """words => {
            const files = new DataTransfer();
            files.items.add(new File([words], "park.txt", { type: "text/plain" }));
            document.getElementById("import").dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        (DATA / "statute.txt").read_text("utf-8"),
    )
    ended(page, "已导入 1 份文档。")
    expect(rows(page).filter(has_text="park.txt")).to_have_count(1)


def test_what_is_wrong_with_a_file_is_said(visit) -> None:
    page = visit("documents")
    for file, message in (
        (named("空.txt", ""), "文件是空的: 空.txt"),
        (named("a.exe"), "不认识「a.exe」"),
        (named(".txt"), "不能用"),
        (named("copy.md", (DATA / "service.md").read_text("utf-8")), "标题或编号相同"),
    ):
        chosen(page, file)
        expect(page.get_by_role("alert")).to_contain_text(message)
        expect(rows(page)).to_have_count(1)
        visit.complaints[:] = [said for said in visit.complaints if "400" not in said]


def test_a_file_that_is_too_large_is_not_sent(visit, tmp_path: Path) -> None:
    page = visit("documents")
    large = tmp_path / "large.txt"
    with large.open("wb") as file:
        file.truncate(50_000_001)
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.method))
    chosen(page, large)
    expect(page.get_by_role("alert")).to_contain_text("large.txt 超过 50 MB")
    assert "POST" not in posted


@pytest.mark.parametrize("words", ["<img src=x onerror=\"document.title='broken'\">", "{{ 7*7 }}", "'; alert(1) //"])
def test_hostile_names_and_titles_are_shown_as_text(visit, words: str) -> None:
    page = visit("documents")
    chosen(page, named(f"{words}.txt".replace("/", ""), f"{words}须知\n一、开放\n园区八点开门, 详见附件九。\n"))
    ended(page, "已导入 1 份文档。")
    expect(rows(page).filter(has_text=f"{words}须知")).to_have_count(1)
    expect(page).to_have_title(re.compile("文档"))
    page.get_by_role("link", name=re.compile("第 . 行")).click()
    expect(page.locator("#text h2")).to_contain_text(words)


@both
def test_the_page_fits_and_can_be_read_by_all(visit) -> None:
    for path in ("documents", "documents?lang=en&report=service"):
        page = visit(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        broken = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert not broken, [(v["id"], v["nodes"][0]["html"]) for v in broken]


def test_the_page_is_english_but_for_the_documents(visit) -> None:
    page = visit("documents?lang=en&report=service")
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    expect(page.get_by_role("link", name="Documents")).to_have_attribute("href", "documents?lang=en")
    chosen_file = page.get_by_label("Import documents")
    chosen_file.set_input_files(DATA / "statute.txt")
    page.get_by_role("button", name="Import", exact=True).click()
    ended(page, "Documents imported: 1.")


def test_everything_works_without_a_script(chromium, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}documents")
    chosen(page, DATA / "statute.txt")
    ended(page, "已导入 1 份文档。")
    row = rows(page).filter(has_text=PARK)
    row.locator("summary").click()
    row.get_by_role("button", name="确定移除").click()
    ended(page, f"已移除《{PARK}》。")
    context.close()
