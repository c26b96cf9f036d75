"""The chat as a reader meets it, in a real Chromium."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from docx import Document
from openpyxl import load_workbook
from playwright.sync_api import Download, Locator, Page, Route, expect
from samples import CORPUS, DATA

from assistant import Assistant, Settings
from assistant.clause import Policy
from assistant.errors import PortInUse
from assistant.records import REASONS, Records, Row
from assistant.related import TOPICS, related
from assistant.server import launch

pytestmark = [pytest.mark.browser, pytest.mark.looks("phone")]
both = pytest.mark.looks("desk", "phone")
expect.set_options(timeout=20_000)  # nothing here is about speed

on_a_desk, on_every_width = pytest.mark.looks("desk"), pytest.mark.looks("desk", "tablet", "phone")

CLOSE, AFTER, RATE = "怎么注销账户", "之后会怎么处理信息", "你们分期的年化利率是多少"
UNDERSTOOD = f"{CLOSE}, {AFTER}"
PLACE = "《即分期超G会员隐私政策》五、4 注销"
WORDS = "您可以在我们的产品与/或服务中直接申请注销账户或注销您申请的具体即分期超G会员服务功能。"
HOSTILE = (
    "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script></textarea> **粗体** # 标题 "
    "[链接](javascript:alert(1)) <a href='https://a.example'>点</a> ${1+1} {{7*7}} \u202e倒着写\u202c 年化利率"
)
FOREIGN = ":is(img, script, strong, em, h1, a[href*=example], a[href*=script], iframe)"

# words of the interface that are Chinese, where only the policy's words and the reader's own may be; Gradio speaks the
# language of the browser to screen readers (.sr-only)
CHINESE = """() => {
  const own = "[lang^=zh], .citation h3, .path, .ask, .outline li, .hero h1, .user-row, .understood input, #question textarea, .parts, .also, .contacts small, .sr-only";
  const found = [];
  for (const each of document.body.querySelectorAll("*")) {
    if (each.closest(own) || each.matches("script, style") || !each.checkVisibility()) continue;
    const words = [...each.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data);
    for (const name of ["aria-label", "title", "placeholder", "alt"]) words.push(each.getAttribute(name) ?? "");
    found.push(...words.filter((word) => /[\\u4e00-\\u9fff]/.test(word)));
  }
  return found;
}"""


def box(page: Page) -> Locator:
    return page.locator("#question textarea")


def questions(page: Page) -> Locator:
    return page.locator("#chat .user-row")


def ask(page: Page, question: str) -> None:
    box(page).fill(question)
    box(page).press("Enter")


def answers(page: Page) -> Locator:
    return page.locator("#chat .answer")


def asked(page: Page, question: str) -> Locator:
    """Ask, wait for the answer, and return it."""
    before = questions(page).count()
    ask(page, question)
    expect(questions(page)).to_have_count(before + 1)
    expect(page.locator(".waiting")).to_be_hidden()
    return answers(page).last


def refused(page: Page, question: str) -> Locator:
    """Ask what cannot be asked, and return what is said about it."""
    ask(page, question)
    expect(page.locator("#chat .answer:not([data-question])")).to_have_count(1)
    expect(page.locator(".waiting")).to_be_hidden()
    return answers(page).last


def rows(settings: Settings) -> list[Row]:
    """What the server has stored."""
    records = Records(settings.records)
    stored = records.rows()
    records.close()
    return stored


def row_of(settings: Settings, answer: Locator) -> Row:
    key = answer.locator(".feedback").get_attribute("data-id")
    return next(row for row in rows(settings) if row.id == key)


def downloaded(page: Page, name: str) -> Download:
    with page.expect_download() as download:
        page.locator("#tools").get_by_role("button", name=name).click()
    return download.value


def opened(visit, address: str) -> Page:
    """Open the chat of another server than the one of all tests; its requests count as none that leave the machine."""
    page = visit.context.new_page()
    page.goto(address)
    expect(page.locator("#text .clause").first).to_be_attached()
    return page


def goto(page: Page, path: str) -> None:
    """Open another address of the app, of whatever kind its page is."""
    page.goto(page.evaluate("location.origin") + "/" + path)


def is_as_wide_as_the_window(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def brightness(page: Page, selector: str) -> float:
    """How bright the background of an element is, 0 to 255."""
    colour = page.locator(selector).first.evaluate("element => getComputedStyle(element).backgroundColor")
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


# ---- an answer ----


def test_one_line_says_where_the_answer_stands(page: Page) -> None:
    answer = asked(page, CLOSE)
    expect(answer.locator("h3").first).to_have_text(PLACE)
    expect(answer.locator(".path").first).to_have_text("五、您如何管理您的个人信息4、注销")


def test_the_clause_is_shown_word_for_word_with_the_decisive_sentence_marked(page: Page, policy: Policy) -> None:
    answer = asked(page, CLOSE)
    clause = next(clause for clause in policy.clauses if clause.clause == "五、4")
    expect(answer.locator("blockquote").first).to_have_text(clause.text)
    expect(answer.locator("blockquote").first.locator("mark")).to_have_text([WORDS])
    expect(answer.locator(".citation").first).to_contain_text("逐字核对 ✓")


def test_a_row_of_a_table_is_shown_with_the_names_of_its_columns(page: Page) -> None:
    answer = asked(page, "一(一)2 表1 序号3")
    expect(answer.locator("dt")).to_have_text(["序号", "权限名称(安卓用户)", "涉及产品", "提供服务"])
    expect(answer.locator("dd").nth(1)).to_have_text("写入外置存储器(WRITE_EXTERNAL_STORAGE)")
    expect(answer.locator("dd.inherited").first).to_have_text("APP实名认证拍照、录像功能")


def test_why_location(page: Page) -> None:
    expect(asked(page, "为什么要收集我的位置").locator("blockquote").first).to_contain_text("位置信息")


def test_further_clauses_are_collapsed_until_they_are_wanted(page: Page) -> None:
    answer = asked(page, "SDK 收集什么数据")
    expect(answer.locator(".citation")).to_have_count(3)
    expect(answer.locator(".citation:visible")).to_have_count(1)
    answer.get_by_text("另有 2 条相关条款").click()
    expect(answer.locator(".citation:visible")).to_have_count(3)


def test_the_box_is_empty_after_an_answer_and_the_answer_begins_in_view(page: Page) -> None:
    asked(page, "SDK 收集什么数据")
    answer = asked(page, CLOSE)
    expect(box(page)).to_have_value("")
    expect(answer.locator("h3").first).to_be_in_viewport()
    expect(questions(page).last).to_be_in_viewport()
    expect(box(page)).to_be_in_viewport()


def test_the_clause_of_the_answer_is_marked_in_the_full_text(page: Page) -> None:
    asked(page, CLOSE)
    expect(page.locator("#c5-4")).to_have_class(re.compile("current"))
    asked(page, "小孩能用吗")
    expect(page.locator("#text .current")).to_have_id("c6-1")


def test_the_place_in_the_full_text_comes_into_view(page: Page) -> None:
    asked(page, "一(一)2 表1 序号23").locator("a.locate").first.click()
    row = page.locator("#text tr.current")
    expect(row).to_be_in_viewport()
    expect(row).to_contain_text("工作单位")


def test_a_quotation_can_be_copied_with_its_place_and_a_link(page: Page, visit) -> None:
    asked(page, CLOSE).get_by_role("button", name="复制引用").click()
    expect(page.locator("#toast")).to_contain_text("已复制")
    expect(page.locator("#toast")).to_have_class("shown")
    copied = page.evaluate("navigator.clipboard.readText()")
    words, place, link = copied.split("\n")
    assert words.startswith(WORDS) and place.startswith(f"—— {PLACE}, 版本 ")
    goto(page, link.removeprefix(page.evaluate("location.origin") + "/"))
    expect(page.locator("#c5-4")).to_have_class(re.compile("current"))


@on_a_desk
def test_a_term_shows_its_definition(page: Page) -> None:
    page.locator("#text a.term").first.hover()
    expect(page.locator("#tip")).to_contain_text("指上海即科智能技术集团有限公司及其关联方")


# ---- judging ----


def test_a_useful_answer_is_judged_so(page: Page, settings: Settings) -> None:
    answer = asked(page, CLOSE)
    answer.get_by_role("button", name="有用").click()
    expect(answer.locator("output")).to_have_text("谢谢, 已记下。")
    expect(answer.get_by_role("button", name="有用")).to_have_attribute("aria-pressed", "true")
    expect(answer.locator(".reasons")).to_be_hidden()
    assert row_of(settings, answer).useful is True


def test_a_useless_answer_is_judged_with_a_reason(page: Page, settings: Settings) -> None:
    answer = asked(page, CLOSE)
    expect(answer.locator(".reasons")).to_be_hidden()
    answer.get_by_role("button", name="没用").click()
    expect(answer.locator(".reasons button")).to_have_text(["引用错误", "没回答", "看不懂", "条款过期"])
    for reason in REASONS:
        with page.expect_response("**/feedback") as reply:
            answer.get_by_role("button", name=reason).click()
        assert reply.value.status == 204
        assert (row_of(settings, answer).useful, row_of(settings, answer).reason) == (False, reason)


@on_a_desk
def test_a_judgement_that_cannot_be_sent_says_so(page: Page, visit) -> None:
    answer = asked(page, CLOSE)
    page.route("**/feedback", lambda route: route.abort())
    answer.get_by_role("button", name="有用").click()
    expect(answer.locator("output")).to_have_text("没能保存, 请稍后再点一次。")
    visit.complaints.clear()


# ---- follow-ups ----


def test_what_was_understood_is_shown_when_it_differs_and_can_be_changed(page: Page) -> None:
    expect(asked(page, CLOSE).locator(".understood")).to_have_count(0)
    chip = asked(page, AFTER).get_by_label("理解为")
    expect(chip).to_have_value(UNDERSTOOD)
    chip.fill("注销以后多久删除个人信息")
    chip.press("Enter")
    expect(questions(page).last).to_contain_text("注销以后多久删除个人信息")
    expect(answers(page)).to_have_count(3)


@on_a_desk
def test_what_was_understood_can_be_asked_again_by_its_button(page: Page) -> None:
    asked(page, CLOSE)
    answer = asked(page, AFTER)
    answer.get_by_role("button", name="改好再问").click()
    expect(questions(page).last).to_contain_text(UNDERSTOOD)
    expect(answers(page)).to_have_count(3)
    expect(answers(page).last.locator(".understood")).to_have_count(0)


def test_a_slip_is_understood_and_said(page: Page) -> None:
    answer = asked(page, "怎么住销账户")
    expect(answer.get_by_label("理解为")).to_have_value(CLOSE)
    expect(answer.locator("h3").first).to_have_text(PLACE)


def test_several_questions_in_one_message_are_answered_one_by_one(page: Page) -> None:
    answer = asked(page, "怎么注销账户? 红烧肉怎么做才不柴?")
    expect(answer.locator(".parts li")).to_have_text(["怎么注销账户? 五、4", "红烧肉怎么做才不柴? 政策未涉及"])


def test_several_questions_in_one_conversation(page: Page) -> None:
    for question in (CLOSE, "第八条", "😀😀"):
        answer = asked(page, question)
    expect(answer).to_contain_text("没有看出要问的内容")
    expect(answers(page)).to_have_count(3)


def test_related_questions_come_from_the_bank_and_can_be_asked(page: Page, assistant: Assistant) -> None:
    answer = asked(page, CLOSE)
    offered = related(assistant, assistant.ask(CLOSE))
    expect(answer.locator(".related .ask")).to_have_text(list(offered))
    assert set(offered) <= set(assistant.index.questions)
    answer.get_by_role("button", name=offered[0]).click()
    expect(questions(page).last).to_contain_text(offered[0])
    expect(answers(page)).to_have_count(2)


def test_starter_questions_stand_by_topic_and_can_be_clicked(page: Page) -> None:
    expect(page.locator(".welcome .topic h2")).to_have_text([topic for topic, _ in TOPICS])
    page.locator(".welcome").get_by_role("button", name=CLOSE).click()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(page.locator(".welcome")).to_be_hidden()


@on_a_desk
def test_what_stands_half_typed_comes_back_after_a_suggestion(page: Page) -> None:
    box(page).fill("写了一半")
    page.locator(".welcome").get_by_role("button", name=CLOSE).click()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(questions(page)).to_have_text([CLOSE])
    expect(box(page)).to_have_value("写了一半")


def test_a_new_conversation_begins_without_the_old_one(page: Page) -> None:
    asked(page, CLOSE)
    box(page).fill("草稿")
    page.get_by_role("button", name="新对话").click()
    expect(answers(page)).to_have_count(0)
    expect(page.locator(".welcome")).to_be_visible()
    expect(box(page)).to_have_value("草稿")
    expect(asked(page, AFTER).locator(".understood")).to_have_count(0)


# ---- what is not covered ----


def test_what_is_not_covered_is_said_with_contacts_and_nearest_clauses(page: Page) -> None:
    answer = asked(page, RATE)
    expect(answer.locator(".verdict")).to_have_text("这份政策没有写到这个问题。")
    expect(answer.get_by_role("link", name="4000662850")).to_have_attribute("href", "tel:4000662850")
    mail = "merchants_service@geexfinance.com"
    expect(answer.get_by_role("link", name=mail)).to_have_attribute("href", f"mailto:{mail}")
    expect(answer.locator(".citation:visible")).to_have_count(0)
    answer.get_by_text("可能相关的 3 条").click()
    expect(answer.locator(".citation:visible")).to_have_count(3)


# ---- what is refused ----


@pytest.mark.parametrize(
    ("question", "message"), [("   ", "问题是空的"), ("问" * 3000, "问题太长: 3000 字, 最多 2000 字")], ids=["empty", "too long"]
)
def test_a_refused_question_stays_in_the_box(page: Page, question: str, message: str) -> None:
    expect(refused(page, question)).to_contain_text(message)
    expect(box(page)).to_have_value(question)
    expect(questions(page)).to_have_count(0)
    expect(asked(page, CLOSE).locator("h3").first).to_have_text(PLACE)
    expect(box(page)).to_have_value("")


@on_a_desk
def test_a_question_with_much_blank_in_it_is_answered(page: Page) -> None:
    ask(page, f"怎么{' ' * 2500}注销账户")
    expect(answers(page).last.locator("h3").first).to_have_text(PLACE)
    page.reload()
    expect(answers(page).last.locator("h3").first).to_have_text(PLACE)


@on_a_desk
def test_a_question_of_several_lines_is_one_question(page: Page) -> None:
    box(page).fill("怎么注销账户")
    box(page).press("Shift+Enter")
    box(page).press_sequentially("之后信息怎么办")
    box(page).press("Enter")
    expect(answers(page)).to_have_count(1)
    expect(box(page)).to_have_value("")


# ---- hostile input ----


def test_a_hostile_question_is_shown_as_typed(page: Page) -> None:
    asked(page, HOSTILE)
    shown = HOSTILE.replace("\u202e", " ").replace("\u202c", " ")  # what cannot be seen turns nothing round
    expect(questions(page).last).to_contain_text(shown)
    expect(page.locator(f"#chat {FOREIGN}")).to_have_count(0)
    page.reload()
    expect(questions(page).last).to_contain_text(shown)
    expect(page.locator(f"#chat {FOREIGN}")).to_have_count(0)
    assert page.title() != "broken"


def test_a_hostile_follow_up_is_understood_as_words(page: Page) -> None:
    asked(page, CLOSE)
    answer = asked(page, "那<b>这个</b>呢<img src=x>")
    expect(answer.get_by_label("理解为")).to_have_value(re.compile(re.escape("<b>这个</b>呢<img src=x>")))
    expect(page.locator("#chat :is(b, img)")).to_have_count(0)


def test_a_hostile_prefilled_question_is_only_words_in_the_box(visit) -> None:
    page = visit(f"?q={quote(HOSTILE)}")
    expect(box(page)).to_have_value(HOSTILE)
    expect(answers(page)).to_have_count(0)
    assert page.title() != "broken"


@pytest.mark.parametrize("name", ["policy", "clause"])
def test_a_hostile_link_is_answered_with_words(visit, name: str) -> None:
    page = visit("library")
    goto(page, f"?{name}={quote(HOSTILE)}")
    expect(page.locator("main h1")).to_have_text("没有找到")
    expect(page.locator("main p").first).to_contain_text("<img src=x onerror=")
    expect(page.locator(f"main {FOREIGN.replace('h1, ', '')}")).to_have_count(0)
    assert page.title() != "broken"
    visit.complaints.clear()


# ---- addresses ----


def test_a_permalink_opens_the_clause_in_the_full_text(visit) -> None:
    page = visit("?policy=jifenqi&clause=c5-4")
    expect(page.locator("#text .current")).to_have_id("c5-4")
    expect(page.locator("#c5-4")).to_be_in_viewport()


@pytest.mark.parametrize("clause", ["五、4", "h35"])
def test_a_permalink_may_name_a_number_or_a_heading(visit, clause: str) -> None:
    page = visit(f"?clause={quote(clause)}")
    expect(page.locator("#text .current")).to_be_in_viewport()
    expect(page.locator("#text .current")).to_have_id("c5-4" if clause == "五、4" else clause)


@pytest.mark.parametrize(
    ("query", "message"),
    [("policy=nowhere", "没有名为「nowhere」的政策"), ("policy=jifenqi&clause=c99", "没有编号为「c99」的条款")],
)
def test_a_link_to_nothing_says_so_and_offers_search(visit, query: str, message: str) -> None:
    page = visit("library")
    with page.expect_response("**/?*") as reply:
        goto(page, f"?{query}")
    assert reply.value.status == 404
    expect(page.locator("main")).to_contain_text(message)
    page.get_by_role("searchbox").fill("注销")
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator(".hit").first).to_contain_text("注销")
    visit.complaints.clear()


def test_a_prefilled_question_waits_in_the_box_and_can_be_sent(visit) -> None:
    page = visit(f"?q={quote(CLOSE)}")
    expect(box(page)).to_have_value(CLOSE)
    page.get_by_role("button", name="提问").click()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(box(page)).to_have_value("")


def test_what_is_typed_over_a_prefilled_question_survives_a_reload(visit) -> None:
    page = visit(f"?q={quote(CLOSE)}")
    box(page).fill("我自己要问的")
    page.reload()
    expect(box(page)).to_have_value("我自己要问的")


def test_the_compact_view_holds_only_the_conversation(visit) -> None:
    page = visit("?embed=1")
    for hidden in (".masthead", ".hero", "#reading"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(asked(page, CLOSE).locator("h3").first).to_have_text(PLACE)
    assert is_as_wide_as_the_window(page)


def test_the_compact_view_leads_to_the_full_text(visit) -> None:
    page = visit("?embed=1")
    asked(page, CLOSE).locator("a.locate").first.click()
    expect(page.locator("#c5-4")).to_be_in_viewport()
    page.go_back()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(answers(page).locator("h3").first).to_be_in_viewport()


def test_the_compact_view_says_what_is_kept(visit) -> None:
    expect(visit("?embed=1").locator(".kept")).to_be_in_viewport()


# ---- light, dark, languages, widths ----


@both
def test_light_and_dark_follow_the_system_and_the_choice_persists(page: Page, visit) -> None:
    dark = re.compile(r"\bdark\b")
    root = expect(page.locator("html"))
    (root.to_have_class if visit.phone else root.not_to_have_class)(dark)
    page.get_by_role("button", name="切换明暗").click()
    (root.not_to_have_class if visit.phone else root.to_have_class)(dark)
    page.reload()
    expect(box(page)).to_be_visible()
    (root.not_to_have_class if visit.phone else root.to_have_class)(dark)
    answer = asked(page, CLOSE)
    expect(answer.locator("h3").first).to_have_text(PLACE)
    for part in (".gradio-container", ".masthead", "#chat blockquote"):
        assert (brightness(page, part) > 128) == visit.phone, part
    goto(page, "library")
    assert (brightness(page, "body") > 128) == visit.phone


def test_the_interface_is_english_and_the_policy_stays_chinese(visit) -> None:
    page = visit("?lang=en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    assert page.evaluate(CHINESE) == []
    answer = asked(page, CLOSE)
    expect(answer.locator("blockquote").first).to_contain_text(WORDS)
    expect(answer).to_contain_text("Checked word for word ✓")
    answer.locator("[data-useful='0']").first.click()
    expect(answer.locator(".reasons")).to_be_visible()
    expect(answer.locator("output")).not_to_be_empty()
    assert page.evaluate(CHINESE) == []
    asked(page, RATE).locator("summary").click()
    refused(page, "   ")
    assert page.evaluate(CHINESE) == []
    asked(page, "😀😀")
    asked(page, "怎么注销账户? 红烧肉怎么做才不柴?")
    assert page.evaluate(CHINESE) == []


def test_the_full_text_opens_in_english(visit) -> None:
    page = visit("?lang=en&policy=jifenqi&clause=c5-4")
    expect(page.locator("#c5-4")).to_be_in_viewport()
    assert page.evaluate(CHINESE) == []


def test_changing_the_language_keeps_the_conversation_and_the_address(visit) -> None:
    page = visit("?policy=jifenqi")
    asked(page, CLOSE)
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(re.compile("policy=jifenqi.*lang=en"))
    expect(answers(page).locator(".verbatim").first).to_have_text("Checked word for word ✓")
    page.get_by_role("link", name="中文").click()
    expect(answers(page).locator(".verbatim").first).to_have_text("逐字核对 ✓")


@on_every_width
def test_nothing_scrolls_sideways(page: Page) -> None:
    assert is_as_wide_as_the_window(page)
    asked(page, "SDK 收集什么数据").locator("summary").first.click()
    asked(page, f"https://a.example/{'a' * 400} {'账户' * 200}")
    asked(page, f"那{'b' * 300}呢")
    asked(page, RATE).locator("summary").click()
    assert is_as_wide_as_the_window(page)
    for wide in page.locator("#chat .answer").all():
        assert wide.evaluate("element => element.scrollWidth <= element.clientWidth + 1")


@on_every_width
def test_the_full_text_does_not_scroll_the_page_sideways(visit) -> None:
    page = visit("?clause=c1-1-2-t1-3")
    expect(page.locator("#c1-1-2-t1-3")).to_be_in_viewport()
    assert is_as_wide_as_the_window(page)


# ---- a phone ----


def test_the_back_button_closes_the_full_text_on_a_phone(page: Page) -> None:
    address = page.url
    answer = asked(page, CLOSE)
    expect(page.locator("#text")).to_be_hidden()
    answer.locator("a.locate").first.click()
    expect(page.locator("#c5-4")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#text")).to_be_hidden()
    expect(answer.locator("h3").first).to_be_in_viewport()
    assert page.url == address


@pytest.mark.parametrize("how", ["返回", "Escape"])
def test_the_full_text_can_be_closed_on_a_phone_and_opened_again(page: Page, how: str) -> None:
    locate = asked(page, CLOSE).locator("a.locate").first
    for _ in range(2):
        locate.click()
        expect(page.locator("#c5-4")).to_be_in_viewport()
        if how == "Escape":
            page.keyboard.press("Escape")
        else:
            page.get_by_role("button", name="返回").click()
        expect(page.locator("#text")).to_be_hidden()
    expect(answers(page)).to_have_count(1)


def test_the_back_button_closes_a_permalink_on_a_phone(visit) -> None:
    page = visit("?policy=jifenqi&clause=c5-4")
    expect(page.locator("#c5-4")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#text")).to_be_hidden()
    expect(box(page)).to_be_in_viewport()


# ---- exports ----


@on_a_desk
def test_a_conversation_is_exported_to_word(page: Page, policy: Policy) -> None:
    asked(page, CLOSE)
    asked(page, RATE)
    file = downloaded(page, "Word")
    assert re.fullmatch(r"即分期超G会员隐私政策-条款-\d{8}\.docx", file.suggested_filename)
    words = "\n".join(paragraph.text for paragraph in Document(file.path()).paragraphs)
    for needed in (CLOSE, PLACE, WORDS, RATE, "这份政策没有写到这个问题。"):
        assert needed in words
    for fact in ("编号 五、4", "标题路径 五、您如何管理您的个人信息 › 4、注销", f"版本 {policy.source.version}", "导出日期 20"):
        assert fact in words
    assert policy.source.sha256 in words


@on_a_desk
def test_a_conversation_is_exported_to_excel(page: Page, policy: Policy) -> None:
    asked(page, CLOSE)
    asked(page, RATE)
    file = downloaded(page, "Excel")
    assert file.suggested_filename.endswith(".xlsx")
    head, *lines = load_workbook(BytesIO(Path(file.path()).read_bytes())).active.iter_rows(values_only=True)
    answered, refused = (dict(zip(head, line, strict=True)) for line in lines)
    clause = next(clause for clause in policy.clauses if clause.clause == "五、4")
    assert (answered["问题"], answered["编号"], answered["条款原文"]) == (CLOSE, "五、4", clause.text)
    assert answered["标题路径"] == "五、您如何管理您的个人信息 › 4、注销" and answered["版本"] == policy.source.version
    assert answered["SHA-256"] == policy.source.sha256 and re.fullmatch(r"20\d\d-\d\d-\d\d", answered["导出日期"])
    assert refused["问题"] == RATE and refused["说明"] == "这份政策没有写到这个问题。" and not refused["条款原文"]


@on_a_desk
def test_a_conversation_is_exported_to_markdown(page: Page, policy: Policy) -> None:
    asked(page, CLOSE)
    asked(page, f"**粗** <b>{RATE}</b>")
    file = downloaded(page, "Markdown")
    assert file.suggested_filename.endswith(".md")
    text = Path(file.path()).read_text("utf-8")
    assert f"## {CLOSE}" in text and f"> {WORDS}" in text and f"SHA\\-256 {policy.source.sha256}".replace("\\-", "-") in text
    assert f"## \\*\\*粗\\*\\* \\<b\\>{RATE}\\</b\\>" in text
    assert policy.source.version in text and "编号 五、4" in text and re.search(r"导出日期 20\d\d-\d\d-\d\d", text)


def test_a_conversation_can_be_exported_on_a_phone_after_a_reload(page: Page) -> None:
    asked(page, CLOSE)
    page.reload()
    expect(answers(page)).to_have_count(1)
    assert PLACE in downloaded(page, "Markdown").path().read_text("utf-8")


def test_a_conversation_has_a_print_view(page: Page, visit, policy: Policy) -> None:
    asked(page, CLOSE)
    asked(page, RATE)
    with visit.context.expect_page() as opened:
        page.locator("#tools").get_by_role("button", name="打印").click()
    sheet = opened.value
    sheet.emulate_media(media="print")
    expect(sheet.locator("h2.question")).to_have_text([CLOSE, RATE])
    expect(sheet.locator("h3")).to_have_text([PLACE])
    expect(sheet.locator("blockquote")).to_contain_text([WORDS])
    expect(sheet.locator(".provenance")).to_contain_text(f"版本 {policy.source.version}")
    expect(sheet.locator(".provenance")).to_contain_text(policy.source.sha256)
    expect(sheet.locator(":is(.masthead, button, form)")).to_have_count(0)
    expect(answers(page)).to_have_count(2)


@on_a_desk
def test_an_empty_conversation_offers_no_export(page: Page) -> None:
    expect(page.locator("#tools")).to_be_hidden()


# ---- what is kept ----


def test_the_page_says_what_is_kept(page: Page) -> None:
    expect(page.locator(".kept")).to_contain_text("提问和评价会保存在本服务自己的数据库里")
    expect(page.locator(".kept")).to_be_in_viewport()


@on_a_desk
def test_a_question_is_kept_with_its_answer(page: Page, settings: Settings, policy: Policy) -> None:
    asked(page, CLOSE)
    row = row_of(settings, asked(page, AFTER))
    assert (row.page, row.policy, row.version) == ("chat", "jifenqi", policy.source.version)
    assert (row.question, row.standalone, row.verdict, row.useful) == (AFTER, UNDERSTOOD, "answered", None)
    assert row.clauses and row.took_ms > 0 and 0 < row.confidence <= 1


@on_a_desk
def test_a_telephone_number_is_masked_before_it_is_kept(page: Page, settings: Settings) -> None:
    answer = asked(page, "我的手机号 138 0013 8000 怎么注销账户, 邮箱 a.b@c.example")
    expect(questions(page).last).to_contain_text("138 0013 8000")
    row = row_of(settings, answer)
    assert row.question == "我的手机号 〔手机号〕 怎么注销账户, 邮箱 〔邮箱〕" and "8000" not in row.standalone
    assert b"13800138000" not in settings.records.read_bytes() and b"138 0013 8000" not in settings.records.read_bytes()


@on_a_desk
def test_a_refused_question_and_a_reload_are_not_kept(page: Page, settings: Settings) -> None:
    asked(page, CLOSE)
    before = len(rows(settings))
    page.reload()
    expect(answers(page)).to_have_count(1)
    refused(page, "   ")
    assert len(rows(settings)) == before


# ---- tabs, reloads ----


def test_two_tabs_keep_their_conversations_apart_and_over_a_reload(visit) -> None:
    first, second = visit(), visit()
    asked(first, CLOSE)
    asked(second, "小孩能用吗")
    asked(first, AFTER)
    box(first).fill("第一页的草稿")
    box(second).fill("第二页的草稿")
    for page in (first, second):
        page.reload()
    expect(questions(first)).to_have_count(2)
    expect(questions(second)).to_have_count(1)
    expect(answers(first).first.locator("h3").first).to_have_text(PLACE)
    expect(answers(first).last.get_by_label("理解为")).to_have_value(UNDERSTOOD)
    expect(answers(second).last.locator("h3").first).to_contain_text("六、1")
    expect(box(first)).to_have_value("第一页的草稿")
    expect(box(second)).to_have_value("第二页的草稿")
    expect(asked(second, "需要谁同意").get_by_label("理解为")).to_have_value("小孩能用吗, 需要谁同意")


def test_a_conversation_shown_again_is_the_same_and_goes_on(page: Page, settings: Settings) -> None:
    key = asked(page, CLOSE).locator(".feedback").get_attribute("data-id")
    page.reload()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(answers(page).locator(".feedback")).to_have_attribute("data-id", key)
    expect(page.locator("#text .current")).to_have_id("c5-4")
    expect(page.locator(".welcome")).to_be_hidden()
    expect(asked(page, AFTER).get_by_label("理解为")).to_have_value(UNDERSTOOD)
    answers(page).first.get_by_role("button", name="有用").click()
    expect(answers(page).first.locator("output")).to_have_text("谢谢, 已记下。")


@on_a_desk
def test_a_conversation_is_there_again_after_a_visit_to_the_other_pages(page: Page) -> None:
    asked(page, CLOSE)
    box(page).fill("草稿")
    page.get_by_role("link", name="条款库").click()
    expect(page.locator("#search")).to_be_visible()
    page.get_by_role("link", name="问答").click()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(box(page)).to_have_value("草稿")


@on_a_desk
def test_a_damaged_memory_of_a_tab_counts_as_nothing(page: Page) -> None:
    for damaged in ("{", '{"a": 1}', '[{"question": 5}]', '[{"question": "问", "policy": "gone"}]'):
        page.evaluate("words => sessionStorage.setItem('policy-conversation', words)", damaged)
        page.reload()
        expect(page.locator("#text .clause").first).to_be_visible()
        expect(page.get_by_role("button", name="提问")).to_be_enabled()


# ---- slow and broken networks ----


class Held:
    """Keeps the requests for questions back until they are let go."""

    def __init__(self, page: Page) -> None:
        self.routes: list[Route] = []
        self.free = False
        page.route("**/gradio_api/queue/join*", self.hold)

    def hold(self, route: Route) -> None:
        if self.free:
            route.continue_()
        else:
            self.routes.append(route)

    def release(self) -> None:
        self.free = True
        for route in self.routes:
            route.continue_()


def test_a_slow_answer_says_so_and_then_stops_saying_so(page: Page) -> None:
    held = Held(page)
    ask(page, CLOSE)
    expect(page.locator(".waiting")).to_be_visible()
    expect(box(page)).to_have_value(CLOSE)
    held.release()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(page.locator(".waiting")).to_be_hidden()
    expect(page.locator("#chat .progress-text")).to_have_count(0)
    expect(box(page)).to_have_value("")


@on_a_desk
def test_what_is_typed_while_an_answer_is_on_its_way_stays(page: Page) -> None:
    held = Held(page)
    ask(page, CLOSE)
    expect(page.locator(".waiting")).to_be_visible()
    box(page).fill("下一个问题")
    held.release()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(box(page)).to_have_value("下一个问题")


@on_a_desk
def test_what_is_typed_while_the_page_is_still_loading_stays(visit) -> None:
    page = visit("library")
    held = Held(page)
    goto(page, "")
    box(page).fill("急着问的问题")
    held.release()
    expect(page.locator("#text .clause").first).to_be_visible()
    expect(box(page)).to_have_value("急着问的问题")


@on_a_desk
def test_a_text_that_comes_late_opens_at_the_clause_of_the_address(visit) -> None:
    page = visit("library")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/text?*", hold)
    with page.expect_request("**/text?*"):
        page.goto(page.url.replace("library", "?clause=c1-1-2-t1-3"))
    page.wait_for_function("sessionStorage.getItem('policy-scope') !== null")  # the scope has been told of, too
    for route in late:
        route.continue_()
    expect(page.locator("#c1-1-2-t1-3")).to_have_class("current")


@on_a_desk
def test_a_reload_before_the_answer_keeps_the_question(page: Page) -> None:
    Held(page)
    ask(page, CLOSE)
    expect(page.locator(".waiting")).to_be_visible()
    page.unroute("**/gradio_api/queue/join*")
    page.reload()
    expect(box(page)).to_have_value(CLOSE)


def test_a_lost_question_leaves_no_spinner_and_stays_in_the_box(page: Page, visit) -> None:
    page.route("**/gradio_api/queue/join*", lambda route: route.abort())
    ask(page, CLOSE)
    expect(page.locator(".waiting")).to_be_hidden()
    expect(page.locator("#chat .progress-text")).to_have_count(0)
    expect(box(page)).to_have_value(CLOSE)
    with page.expect_event("domcontentloaded"):  # Gradio reloads the page when the server answers again
        page.unroute("**/gradio_api/queue/join*")
    expect(page.locator("#text .clause").first).to_be_attached()
    expect(box(page)).to_have_value(CLOSE)
    box(page).press("Enter")
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    visit.complaints.clear()


@on_a_desk
def test_a_slow_full_text_arrives_once(visit) -> None:
    page = visit()
    fetched: list[str] = []

    def counted(route: Route) -> None:
        fetched.append(route.request.url)
        route.continue_()

    page.route("**/text?*", counted)
    page.reload()
    expect(page.locator("#text .clause").first).to_be_visible()
    asked(page, CLOSE)
    expect(page.locator("#text .current")).to_have_id("c5-4")
    assert len(fetched) == 1


# ---- servers ----


class Server:
    """A server of our own that can be stopped and started again on its port."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant, self.site = assistant, None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        self.site = launch(self.assistant, port=self.port)

    def stop(self) -> None:
        if self.site:
            self.site.close()
        self.site = None


@pytest.fixture
def server(assistant: Assistant, visit) -> Iterator[Server]:
    """Started; what its pages complain about is not counted, as a test may take it away from them."""
    own = Server(assistant)
    own.start()
    yield own
    own.stop()
    visit.complaints.clear()


@on_a_desk
def test_a_restart_loses_nothing_and_the_next_question_knows_the_history(visit, server: Server) -> None:
    page = opened(visit, server.address)
    asked(page, CLOSE)
    box(page).fill(AFTER)
    server.stop()
    box(page).press("Enter")
    expect(page.locator(".waiting")).to_be_hidden()
    expect(box(page)).to_have_value(AFTER)
    with page.expect_event("domcontentloaded"):  # Gradio reloads the page when the server answers again
        server.start()
    expect(answers(page)).to_have_count(1)
    expect(box(page)).to_have_value(AFTER)
    box(page).press("Enter")
    expect(answers(page)).to_have_count(2)
    expect(answers(page).last.get_by_label("理解为")).to_have_value(UNDERSTOOD)
    expect(questions(page)).to_have_count(2)
    expect(box(page)).to_have_value("")


def test_a_reload_after_a_restart_shows_conversation_and_draft(visit, server: Server) -> None:
    page = opened(visit, server.address)
    asked(page, CLOSE)
    box(page).fill(AFTER)
    server.stop()
    server.start()
    page.reload()
    expect(answers(page).locator("h3").first).to_have_text(PLACE)
    expect(box(page)).to_have_value(AFTER)
    box(page).press("Enter")
    expect(answers(page).last.get_by_label("理解为")).to_have_value(UNDERSTOOD)


def test_a_taken_port_names_the_option(assistant: Assistant) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"127.0.0.1:{port} .*--port {port + 1}"):
            launch(assistant, port=port)


# ---- several policies ----


@pytest.fixture(scope="module")
def several(settings: Settings, tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[str]:
    """The address of a server with two policies."""
    folder = tmp_path_factory.mktemp("several")
    for file in (CORPUS, CORPUS.with_name("sources.json"), CORPUS.with_name("jifenqi.questions.jsonl"), DATA / "service.md"):
        (folder / file.name).write_bytes(file.read_bytes())
    own = Server(Assistant.build(folder, settings))
    own.start()
    yield own.address
    own.stop()


def scope(page: Page) -> Locator:
    """What is asked, as it stands beside the box."""
    return page.locator("details.scope summary b")


@both
def test_several_policies_are_chosen_kept_in_the_address_and_asked(visit, several: str) -> None:
    page = opened(visit, several)
    scope(page).click()
    page.get_by_label("按标题筛选").fill("云杉")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    page.get_by_label("按标题筛选").fill("")
    for box in page.get_by_role("checkbox").all():
        box.check()
    expect(scope(page)).to_have_text("2 份政策")
    expect(page).to_have_url(re.compile("policy=jifenqi.*policy=service|policy=service.*policy=jifenqi"))
    page.get_by_role("button", name="全部", exact=True).click()
    expect(scope(page)).to_have_text("全部 2 份政策")
    page.get_by_role("checkbox", name="云杉笔记服务协议").check()
    page.keyboard.press("Escape")
    expect(page.locator("details.scope")).not_to_have_attribute("open", "")
    expect(asked(page, "怎么注销账户").locator("h3").first).to_contain_text("《云杉笔记服务协议》")


def test_each_of_several_policies_answers_with_its_own_text(visit, several: str) -> None:
    page = opened(visit, several)
    expect(page.locator("h1")).to_have_text("2 份政策")
    expect(scope(page)).to_have_text("全部 2 份政策")
    answer = asked(page, "冒用他人身份注册账号会怎样")
    expect(answer.locator("h3").first).to_contain_text("《云杉笔记服务协议》")
    answer.locator("a.locate").first.click()
    expect(page.locator("#text .current")).to_be_in_viewport()
    expect(page.locator("#text")).to_contain_text("云杉笔记服务协议")


def test_a_link_chooses_one_of_several_policies(visit, several: str) -> None:
    page = opened(visit, f"{several}?policy=service")
    expect(scope(page)).to_have_text("云杉笔记服务协议")
    expect(page.locator("#text h2")).to_have_text("云杉笔记服务协议")
    expect(asked(page, "地图服务是哪家公司").locator("h3").first).to_contain_text("《云杉笔记服务协议》")
    page.reload()
    expect(answers(page).locator("h3").first).to_contain_text("《云杉笔记服务协议》")


@on_a_desk
def test_a_reload_shows_the_text_of_the_policy_that_answered(visit, several: str) -> None:
    page = opened(visit, several)
    asked(page, "冒用他人身份注册账号会怎样")
    expect(page.locator("#text h2")).to_have_text("云杉笔记服务协议")
    page.reload()
    expect(page.locator("#text h2")).to_have_text("云杉笔记服务协议")
    expect(page.locator("#text .current")).to_contain_text("冒用他人身份注册的")


@on_a_desk
def test_a_chosen_policy_stays_chosen_over_a_reload(visit, several: str) -> None:
    page = opened(visit, several)
    scope(page).click()
    page.get_by_role("checkbox", name="云杉笔记服务协议").check()
    asked(page, "地图服务是哪家公司")
    page.reload()
    expect(questions(page)).to_have_count(1)
    expect(scope(page)).to_have_text("云杉笔记服务协议")
    expect(page).to_have_url(re.compile("policy=service"))


@on_a_desk
def test_choosing_a_policy_changes_text_starters_and_answers(visit, several: str) -> None:
    page = opened(visit, several)
    before = page.locator(".welcome .ask").count()
    scope(page).click()
    page.get_by_role("checkbox", name="云杉笔记服务协议").check()
    expect(page.locator("#text h2")).to_have_text("云杉笔记服务协议")
    expect(page.locator(".welcome .ask")).not_to_have_count(before)
    expect(asked(page, "地图服务是哪家公司").locator("h3").first).to_contain_text("《云杉笔记服务协议》")
