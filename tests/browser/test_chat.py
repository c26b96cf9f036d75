from __future__ import annotations

import re
import socket

import pytest
from playwright.sync_api import Page, expect

from assistant import Assistant
from assistant.server import launch
from assistant.errors import PortInUse

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script> **粗体** [链接](javascript:alert(1)) ${1+1} 年化利率"


def ask(page: Page, question: str) -> None:
    page.get_by_label("您的问题").fill(question)
    page.keyboard.press("Enter")


def test_a_question_gets_its_clause_word_for_word(page: Page) -> None:
    ask(page, "怎么注销账户")
    answer = page.locator("#chat .answer").last
    expect(answer.locator("h3").first).to_have_text("《即分期超G会员隐私政策》五、4 注销")
    expect(answer.locator(".path").first).to_contain_text("五、您如何管理您的个人信息")
    expect(answer.locator("blockquote").first).to_contain_text("您可以在我们的产品与/或服务中直接申请注销账户")
    expect(answer.locator("mark").first).to_contain_text("注销")
    expect(answer).to_contain_text("逐字核对 ✓")
    expect(page.locator("#c5-4")).to_have_class(re.compile("current"))
    expect(page.get_by_label("您的问题")).to_have_value("")


def test_why_location(page: Page) -> None:
    ask(page, "为什么要收集我的位置")
    expect(page.locator("#chat .answer blockquote").first).to_contain_text("位置信息")


def test_the_place_in_the_full_text_comes_into_view(page: Page) -> None:
    ask(page, "一(一)2 表1 序号23")
    page.locator("#chat .answer a.locate").first.click()
    row = page.locator("#policy tr.current")
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text("工作单位")


def test_a_quotation_can_be_copied(page: Page) -> None:
    ask(page, "怎么注销账户")
    page.get_by_role("button", name="复制引用").first.click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("您可以在我们的产品与/或服务中直接申请注销账户") and "《即分期超G会员隐私政策》五、4" in copied


def test_what_is_not_covered_is_said_with_contacts_and_nearest_clauses(page: Page) -> None:
    ask(page, "你们分期的年化利率是多少")
    answer = page.locator("#chat .answer").last
    expect(answer).to_contain_text("这份政策没有写到这个问题")
    expect(answer.get_by_role("link", name="4000662850")).to_have_attribute("href", "tel:4000662850")
    expect(answer.get_by_role("link", name="merchants_service@geexfinance.com")).to_be_visible()
    answer.get_by_text("可能相关的 3 条").click()
    expect(answer.locator("article.citation").first).to_be_visible()


def test_hostile_questions_are_shown_as_typed(page: Page) -> None:
    ask(page, HOSTILE)
    expect(page.locator("#chat .user-row").last).to_contain_text(HOSTILE)
    expect(page.locator("#chat .user-row img, #chat .user-row script, #chat .user-row strong")).to_have_count(0)
    assert page.title() != "broken"


@pytest.mark.parametrize("question", ["   ", "问" * 3000])
def test_a_refused_question_stays_in_the_box(page: Page, question: str) -> None:
    ask(page, question)
    expect(page.locator("#chat .answer").last).to_contain_text("问题是空的" if not question.strip() else "问题太长")
    expect(page.get_by_label("您的问题")).to_have_value(question)


def test_starter_questions_can_be_clicked(page: Page) -> None:
    page.get_by_text("怎么注销账户").click()
    expect(page.locator("#chat .answer h3").first).to_contain_text("五、4")


def test_several_questions_in_one_conversation(page: Page) -> None:
    for count, question in enumerate(["怎么注销账户", "第八条", "😀😀"], 1):
        ask(page, question)
        expect(page.locator("#chat .answer")).to_have_count(count)
    expect(page.locator("#chat .answer").last).to_contain_text("没有看出要问的内容")


def test_nothing_scrolls_sideways(page: Page) -> None:
    ask(page, "SDK 收集什么数据")
    expect(page.locator("#chat .answer")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_taken_port_names_the_option(assistant: Assistant) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"127.0.0.1:{port} .*--port {port + 1}"):
            launch(assistant, port=port)
