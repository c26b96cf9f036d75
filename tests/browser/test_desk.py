from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from samples import CORPUS, DATA
from serving import free_port, started

from assistant import Assistant, Settings
from assistant.records import Records

pytestmark = [pytest.mark.browser, pytest.mark.looks("desk")]
both, on_a_phone = pytest.mark.looks("desk", "phone"), pytest.mark.looks("phone")
COMPLAINT = (
    "你们这个会员我是去年在门店买手机的时候店员让我装的，当时说得好好的，结果后来每个月都给我打电话推销，我跟客服说了三四次都没有用，"
    "每次都是换一个人接，每次都要我重新把事情从头讲一遍。\n\n上个月我手机丢了，换了新号码，我实在不想再用了，"
    "昨天在软件里面翻了一个多小时也没有找到在哪里把账户注销掉，打电话过去又说要我等三天，三天以后又说系统升级。"
    "我现在就想问清楚：我到底怎么样才能注销我的账户？如果你们还是不给我办，我就去投诉了，聊天记录和通话录音我全部都留着。"
)


def box(page: Page) -> Locator:
    return page.get_by_label("客户在问什么")


def hits(page: Page) -> Locator:
    return page.locator("#hits .hit")


def asked(page: Page, question: str) -> Page:
    """Type a question; return when its hits are there."""
    box(page).click()
    page.keyboard.insert_text(question)
    expect(page.locator(".verdict-line")).to_be_visible()
    return page


def listed(page: Page, question: str) -> Page:
    """As `asked`, with the first hit in focus instead of the box."""
    asked(page, question)
    page.keyboard.press("ArrowDown")
    expect(hits(page).first).to_be_focused()
    return page


def copied(page: Page) -> str:
    expect(page.locator("#toast")).to_have_class("shown")
    return page.evaluate("navigator.clipboard.readText()")


def is_reading(page: Page, phone: bool, anchor: str) -> None:
    """The full text is in view, at this clause."""
    expect(page.locator(f"#text #{anchor}")).to_have_class(re.compile("current"))
    expect(page.locator(f"#text #{anchor}")).to_be_in_viewport()
    if phone:
        expect(page.locator("html")).to_have_class(re.compile("reading-open"))


def plain(words: str) -> str:
    """Words without brackets that hold a code, and without white space."""
    return "".join(re.sub(r"[(（][^()（）]*[A-Za-z][^()（）]*[)）]", "", words).split())


# ---- results while typing ----


def test_the_box_is_ready_when_the_page_opens(visit) -> None:
    page = visit("desk")
    expect(box(page)).to_be_focused()
    expect(hits(page)).to_have_count(0)


def test_results_appear_from_two_characters_on_without_enter(visit) -> None:
    page = visit("desk")
    page.keyboard.type("注")
    expect(page.locator("#status")).to_have_text("再输入一个字就开始查找。")
    expect(hits(page)).to_have_count(0)
    page.keyboard.type("销")
    expect(hits(page)).to_have_count(9)
    expect(hits(page).first.locator("h3")).to_have_text("《即分期超G会员隐私政策》五、4 注销")
    expect(hits(page).first.locator("blockquote")).to_contain_text("您可以在我们的产品与/或服务中直接申请注销账户")
    expect(page.locator("#status")).to_be_empty()


def test_results_follow_every_change(visit) -> None:
    page = asked(visit("desk"), "注销")
    expect(hits(page).first).to_have_attribute("data-number", "五、4")
    box(page).press("Control+a")
    page.keyboard.type("八、1")
    expect(hits(page).first).to_have_attribute("data-number", "八、1")
    box(page).press("Control+a")
    page.keyboard.press("Delete")
    expect(hits(page)).to_have_count(0)


def test_the_best_hit_is_chosen_and_its_place_marked_at_once(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    expect(hits(page).first).to_have_class(re.compile("selected"))
    expect(page.locator("#text #c5-4")).to_have_class(re.compile("current"))
    expect(page.locator("html")).not_to_have_class(re.compile("reading-open"))


def test_the_time_taken_and_the_policy_asked_are_shown(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    expect(page.locator(".verdict-line")).to_have_text(re.compile(r"有相关条款\s+把握 \d+%\s*\d+ 毫秒"))
    expect(page.locator("form .scope")).to_contain_text("正在查询 即分期超G会员隐私政策")


def test_a_clause_number_finds_its_clause(visit) -> None:
    expect(hits(asked(visit("desk"), "五4")).first).to_have_attribute("data-number", "五、4")


def test_a_pasted_long_complaint_finds_its_question(visit) -> None:
    page = visit("desk")
    page.evaluate("words => navigator.clipboard.writeText(words)", COMPLAINT)
    page.keyboard.press("Control+v")
    expect(box(page)).to_have_value(COMPLAINT)
    expect(hits(page).first).to_have_attribute("data-number", "五、4")
    expect(page.locator(".verdict-line .standalone")).to_contain_text("注销")


def test_what_is_not_covered_is_said_with_contacts_and_what_may_be_related(visit) -> None:
    page = asked(visit("desk"), "你们分期的年化利率是多少")
    expect(page.locator(".verdict-line b")).to_have_text("政策未涉及")
    expect(page.locator("#hits")).to_contain_text("这份政策没有写到这个问题。")
    expect(page.get_by_role("link", name="4000662850")).to_have_attribute("href", "tel:4000662850")
    expect(page.get_by_role("link", name="merchants_service@geexfinance.com").first).to_be_visible()
    expect(page.locator(".nearest")).to_have_text("可能相关 (不是答案)")
    expect(hits(page)).to_have_count(9)
    expect(page.locator(".hit.cited")).to_have_count(0)


def test_several_questions_in_one_message_are_answered_one_by_one(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户？另外年化利率是多少？")
    expect(page.locator(".parts li")).to_have_count(2)
    expect(page.locator(".parts li").first).to_contain_text("五、4")
    expect(page.locator(".parts li").last).to_contain_text("政策未涉及")


def test_what_was_understood_instead_is_shown(visit) -> None:
    expect(asked(visit("desk"), "怎么住销账户").locator(".standalone")).to_have_text("理解为 怎么注销账户")


# ---- keys ----


def test_arrows_move_along_the_hits_and_back_to_the_box(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("ArrowDown")
    expect(hits(page).nth(1)).to_be_focused()
    expect(hits(page).nth(1)).to_have_class(re.compile("selected"))
    expect(page.locator(".hit.selected")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(hits(page).first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_be_focused()


def test_the_last_hit_is_the_last(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    expect(hits(page).last).to_be_focused()
    expect(hits(page).last).to_be_in_viewport()


def test_in_a_text_of_several_lines_the_arrows_move_in_the_text_first(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户\n谢谢")
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    expect(box(page)).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.press("ArrowDown")
    expect(hits(page).first).to_be_focused()


@both
def test_enter_in_the_box_opens_the_place_in_the_full_text(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, "c5-4")
    expect(box(page)).to_have_value("怎么注销账户")


@both
def test_enter_on_a_hit_opens_the_place_of_that_hit(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, hits(page).nth(1).get_attribute("data-anchor"))


def test_shift_enter_begins_a_new_line(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("谢谢")
    expect(box(page)).to_have_value("怎么注销账户\n谢谢")


@both
def test_escape_leaves_the_full_text_of_a_phone_with_the_question_as_it_was(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, "c5-4")
    page.keyboard.press("Escape")
    expect(page.locator("html")).not_to_have_class(re.compile("reading-open"))
    if visit.phone:
        expect(box(page)).to_have_value("怎么注销账户")


@on_a_phone
def test_the_back_button_leaves_the_full_text_of_a_phone(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, "c5-4")
    page.go_back()
    expect(page.locator("html")).not_to_have_class(re.compile("reading-open"))
    expect(hits(page).first).to_be_visible()
    expect(box(page)).to_have_value("怎么注销账户")


@pytest.mark.parametrize("key", ["1", "2", "9", "Numpad3"])
def test_a_digit_copies_clause_source_and_permalink_ready_to_paste(visit, key: str) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press(key)
    item = hits(page).nth(int(key[-1]) - 1)
    words, _, source, link = re.fullmatch(r"(.+)(\n)—— (.+)\n(.+)", copied(page), re.DOTALL).groups()
    quoted = item.locator("blockquote p, blockquote dt, blockquote dd").all_inner_texts()
    assert all("".join(part.split()) in "".join(words.split()) for part in quoted)
    assert source == f"{item.get_attribute('data-where')}, 版本 {page.locator('.edition').inner_text().split()[1]}"
    assert link == f"{page.url.partition('desk')[0]}library?policy=jifenqi&clause={item.get_attribute('data-anchor')}"


@both
def test_a_pasted_permalink_opens_the_clause(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("1")
    page.goto(copied(page).splitlines()[-1])
    is_reading(page, visit.phone, "c5-4")


def test_alt_and_a_digit_copies_from_inside_the_box(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Alt+2")
    assert copied(page).endswith(f"clause={hits(page).nth(1).get_attribute('data-anchor')}")
    expect(box(page)).to_have_value("怎么注销账户")
    expect(box(page)).to_be_focused()


def test_digits_typed_in_the_box_stay_text(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.evaluate("navigator.clipboard.writeText('')")
    page.keyboard.type("123p/?P")
    expect(box(page)).to_have_value("怎么注销账户123p/?P")
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("#toast")).not_to_have_class("shown")
    assert page.evaluate("navigator.clipboard.readText()") == ""


@pytest.mark.parametrize("question", ["为什么要读取日志", "怎么注销账户", "SDK收集什么", "未成年人"])
def test_shift_and_a_digit_copies_a_short_version_to_read_aloud_still_word_for_word(visit, question: str) -> None:
    page = listed(visit("desk"), question)
    raw = plain(CORPUS.read_text("utf-8"))
    for digit in range(1, 10):
        page.keyboard.press(f"Shift+Digit{digit}")
        item = hits(page).nth(digit - 1)
        expect(page.locator("#toast")).to_contain_text(item.get_attribute("data-number"))
        aloud = copied(page)
        place, _, words = aloud.partition(": ")
        assert place == f"《即分期超G会员隐私政策》{item.get_attribute('data-number')}"
        assert len(aloud) < len(item.get_attribute("data-quote")) and "http" not in aloud and "\n" not in aloud
        assert not re.search(r"[(（][^()（）]*[A-Za-z]", words), "no codes in brackets"
        assert all(plain(part) in raw for part in re.split(r"; |: ", words)), words


def test_alt_shift_and_a_digit_copies_that_version_from_inside_the_box(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Alt+Shift+Digit1")
    assert copied(page) == hits(page).first.get_attribute("data-spoken")


def test_a_digit_without_its_hit_copies_nothing(visit) -> None:
    page = visit("desk")
    page.evaluate("navigator.clipboard.writeText('as before')")
    asked(page, "五、4")
    expect(hits(page)).not_to_have_count(0)
    page.keyboard.press("Escape")
    page.locator("h1").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("4")
    assert page.evaluate("navigator.clipboard.readText()") == "as before"


def test_slash_goes_back_to_the_box_and_is_not_typed(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("怎么注销账户")


def test_letters_typed_on_a_hit_go_on_in_the_box(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.type("x")
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("怎么注销账户x")


@pytest.mark.parametrize("from_hit", [False, True])
def test_escape_clears_question_hits_and_address(visit, from_hit: bool) -> None:
    page = (listed if from_hit else asked)(visit("desk"), "怎么注销账户")
    expect(page).to_have_url(re.compile(r"\?q="))
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")
    expect(box(page)).to_be_focused()
    expect(hits(page)).to_have_count(0)
    expect(page.locator("#empty")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/desk$"))


@both
@pytest.mark.parametrize("keys", ["Control+k", "Meta+k", "Control+K"])
def test_ctrl_or_command_k_goes_to_the_box_from_the_full_text(visit, keys: str) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, "c5-4")
    page.locator("#text .fulltext").focus()
    page.keyboard.press(keys)
    expect(box(page)).to_be_focused()
    expect(box(page)).to_be_in_viewport()
    expect(page.locator("html")).not_to_have_class(re.compile("reading-open"))
    assert page.evaluate("getSelection().toString()") == "怎么注销账户", "typing replaces the old question"


def test_ctrl_k_goes_to_the_box_from_the_list_of_keys(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("?")
    page.keyboard.press("Control+k")
    expect(page.locator("dialog")).to_be_hidden()
    expect(box(page)).to_be_focused()


def test_ctrl_k_goes_to_the_question_box_of_any_page(visit) -> None:
    page = visit("library?q=注销")
    page.keyboard.press("Control+k")
    expect(page.get_by_label("检索词")).to_be_focused()
    page = visit()
    page.keyboard.press("Control+k")
    expect(page.locator("#question textarea")).to_be_focused()


def test_a_question_mark_shows_every_key_and_escape_hides_them_again(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("?")
    shown = page.get_by_role("dialog", name="按键")
    for key in ("↑ ↓", "Enter", "1 – 9", "Alt+1–9", "Shift + 1 – 9", "P", "/", "Esc", "Ctrl / ⌘ K", "?"):
        expect(shown).to_contain_text(key)
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    expect(box(page)).to_have_value("怎么注销账户")
    expect(page.locator("#toast")).not_to_have_class("shown")


@both
def test_the_keys_are_named_under_the_box(visit) -> None:
    keys = visit("desk").locator("#keys")
    for key in ("↑", "↓", "Enter", "1", "9", "⇧", "P", "/", "Esc", "?"):
        expect(keys.locator("kbd").get_by_text(key, exact=True).first).to_be_attached()
    if not visit.phone:
        keys.get_by_role("button", name="全部按键").click()
        expect(keys.page.get_by_role("dialog", name="按键")).to_be_visible()


def test_keys_of_the_browser_are_left_alone(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.evaluate("navigator.clipboard.writeText('as before')")
    for keys in ("Control+1", "Control+p", "Meta+1"):
        page.evaluate("document.addEventListener('keydown', (e) => e.preventDefault(), { once: true })")
        page.keyboard.press(keys)
    assert page.evaluate("navigator.clipboard.readText()") == "as before"
    expect(page.locator("#toast")).not_to_have_class("shown")


@both
def test_every_action_of_a_hit_can_be_clicked_as_well(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    first = hits(page).first
    first.get_by_role("button", name="复制引用").click()
    assert "clause=c5-4" in copied(page)
    first.get_by_role("button", name="复制朗读版").click()
    expect(page.locator("#toast")).to_contain_text("已复制")
    assert page.evaluate("navigator.clipboard.readText()") == first.get_attribute("data-spoken")
    first.get_by_role("link", name="查看原文").click()
    is_reading(page, visit.phone, "c5-4")


def test_without_leave_to_write_to_the_clipboard_copying_works_all_the_same(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('closed')); }")
    page.keyboard.press("1")
    assert copied(page).startswith("您可以在我们的产品与/或服务中直接申请注销账户")


# ---- a Chinese input method ----

COMPOSING = """(box, [kind, key, code]) => {
  if (kind.startsWith("composition")) box.dispatchEvent(new CompositionEvent(kind, { data: key, bubbles: true }));
  else if (kind === "input") {
    box.value = key;
    box.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: true, inputType: "insertCompositionText" }));
  } else {
    const event = new KeyboardEvent(kind, { key, code, bubbles: true, cancelable: true, isComposing: true });
    return box.dispatchEvent(event);
  }
}"""


def test_an_input_method_searches_when_a_word_is_chosen_and_not_before(visit) -> None:
    page = visit("desk")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "desk/hits" in request.url else None)
    box(page).evaluate(COMPOSING, ["compositionstart", "", ""])
    for letters in ("z", "zhu", "zhu xiao"):
        box(page).evaluate(COMPOSING, ["input", letters, ""])
    expect(hits(page)).to_have_count(0)
    assert requests == []
    box(page).evaluate(COMPOSING, ["input", "注销", ""])
    box(page).evaluate(COMPOSING, ["compositionend", "注销", ""])
    expect(hits(page).first).to_have_attribute("data-number", "五、4")
    assert len(requests) == 1


@both
def test_keys_that_belong_to_an_input_method_do_nothing(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.evaluate("navigator.clipboard.writeText('as before')")
    box(page).evaluate(COMPOSING, ["compositionstart", "", ""])
    for key, code in (("1", "Digit1"), ("Enter", "Enter"), ("Escape", "Escape"), ("ArrowDown", "ArrowDown"), ("?", "Slash")):
        assert box(page).evaluate(COMPOSING, ["keydown", key, code]), "the input method gets the key"
    expect(box(page)).to_have_value("怎么注销账户")
    expect(box(page)).to_be_focused()
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("html")).not_to_have_class(re.compile("reading-open"))
    assert page.evaluate("navigator.clipboard.readText()") == "as before"
    box(page).evaluate(COMPOSING, ["compositionend", "", ""])
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, "c5-4")


# ---- pinned clauses, recent questions, records ----


@both
def test_p_pins_a_clause_that_stays_until_it_is_unpinned(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("p")
    expect(page.locator("#toast")).to_contain_text("《即分期超G会员隐私政策》五、4")
    page.keyboard.press("Escape")
    pinned = page.locator("#pinned")
    expect(pinned.get_by_role("link", name="五、4 注销")).to_be_visible()
    page.reload()
    pinned.get_by_role("link", name="五、4 注销").click()
    is_reading(page, visit.phone, "c5-4")
    page.keyboard.press("Control+k")
    pinned.get_by_role("button", name=re.compile("已复制|复制")).click()
    assert "直接申请注销账户" in copied(page) and "clause=c5-4" in copied(page)
    pinned.get_by_role("button", name=re.compile("取消钉住")).click()
    expect(pinned).to_contain_text("选中一条后按 P, 常用条款就留在这里。")


def test_p_again_unpins(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    page.keyboard.press("P")
    page.keyboard.press("P")
    page.keyboard.press("Escape")
    expect(page.locator("#pinned li")).to_have_class("none")


def test_recent_questions_are_those_that_led_to_something_and_can_be_asked_again(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户")
    page.keyboard.press("Escape")
    expect(page.locator("#recent li")).to_have_class("none")
    asked(page, "小孩能用吗")
    page.keyboard.press("Alt+1")
    page.keyboard.press("Escape")
    asked(page, "怎么撤回同意")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#recent button")).to_have_text(["怎么撤回同意", "小孩能用吗"])
    page.reload()
    page.locator("#recent").get_by_role("button", name="小孩能用吗").click()
    expect(box(page)).to_have_value("小孩能用吗")
    expect(hits(page).first).to_have_attribute("data-number", re.compile("六、"))
    expect(box(page)).to_be_focused()


def kept(settings: Settings) -> list[str]:
    """The questions of the desk in the records."""
    records = Records(settings.records)
    rows = records.rows()
    records.close()
    return [row.question for row in rows if row.page == "desk"]


@both
@pytest.mark.parametrize("key", ["Enter", "Alt+1", "Alt+Shift+Digit1"])
def test_a_question_is_kept_only_when_the_agent_acts_on_it(visit, settings: Settings, key: str) -> None:
    question = f"怎么注销账户呢{'手机' if visit.phone else '桌面'}{key}"
    page = asked(visit("desk"), question)
    expect(hits(page).first).to_be_visible()
    assert question not in kept(settings)
    with page.expect_response("**/desk/used") as reply:
        page.keyboard.press(key)
    assert reply.value.status == 204
    assert kept(settings).count(question) == 1


def test_what_is_kept_is_said_on_the_page(visit) -> None:
    expect(visit("desk").locator("p.kept")).to_contain_text("提问和评价会保存在本服务自己的数据库里")


# ---- reload, links, slow and lost connections ----


def test_a_reload_keeps_the_question(visit) -> None:
    page = asked(visit("desk"), "怎么注销账户 & <b>?")
    expect(page).to_have_url(re.compile(r"\?q="))
    page.reload()
    expect(box(page)).to_have_value("怎么注销账户 & <b>?")
    expect(hits(page)).not_to_have_count(0)
    expect(hits(page).first).to_have_class(re.compile("selected"))


def test_a_link_with_a_question_shows_its_hits(visit) -> None:
    page = visit("desk?q=怎么注销账户")
    expect(hits(page).first).to_have_attribute("data-number", "五、4")
    expect(page.locator("#text #c5-4")).to_have_class(re.compile("current"))
    expect(page.locator("#empty")).to_be_hidden()


def test_a_permalink_to_the_desk_marks_its_clause(visit) -> None:
    page = visit("desk?policy=jifenqi&clause=c5-4")
    expect(page.locator("#text #c5-4")).to_have_class(re.compile("current"))


class Held:
    """Replies of the server that wait until the test lets them go."""

    def __init__(self, page: Page) -> None:
        self.page, self.routes = page, []
        page.route("**/desk/hits?*", self.hold)

    def hold(self, route: Route) -> None:
        self.routes.append(route)

    def let_go(self) -> None:
        while not self.routes:
            self.page.evaluate("0")  # Playwright hands over what has arrived meanwhile
        with self.page.expect_response("**/desk/hits?*"):
            self.routes.pop(0).continue_()


def typed(page: Page, question: str) -> None:
    with page.expect_request("**/desk/hits?*"):
        page.keyboard.insert_text(question)


def test_a_slow_reply_shows_a_state(visit) -> None:
    page = visit("desk")
    held = Held(page)
    typed(page, "怎么注销账户")
    expect(page.locator("#status")).to_have_text("正在查找…")
    held.let_go()
    expect(hits(page)).to_have_count(9)
    expect(page.locator("#status")).to_be_empty()


def test_an_old_reply_never_overwrites_a_newer_one(visit) -> None:
    page = visit("desk")
    held = Held(page)
    page.evaluate(
        """() => {
          window.seen = [];
          const watch = () => window.seen.push(document.querySelector(".hit")?.dataset.number);
          new MutationObserver(watch).observe(document.getElementById("hits"), { childList: true });
        }"""
    )
    typed(page, "怎么注销账户")
    box(page).fill("八、1")
    with page.expect_request("**/desk/hits?*") as later:
        held.let_go()
    assert "%E5%85%AB" in later.value.url, "the last text is what is asked next"
    held.let_go()
    expect(hits(page).first).to_have_attribute("data-number", "八、1")
    assert "五、4" not in page.evaluate("window.seen")


def test_what_was_cleared_meanwhile_stays_cleared(visit) -> None:
    page = visit("desk")
    held = Held(page)
    typed(page, "怎么注销账户")
    page.keyboard.press("Escape")
    held.let_go()
    expect(page.locator("#empty")).to_be_visible()
    expect(hits(page)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/desk$"))


def test_an_error_of_the_server_is_retried_and_the_text_stays(visit) -> None:
    page = visit("desk")
    page.route("**/desk/hits?*", lambda route: route.fulfill(status=503, body="down"), times=1)
    page.keyboard.insert_text("怎么注销账户")
    expect(hits(page).first).to_have_attribute("data-number", "五、4")
    expect(box(page)).to_have_value("怎么注销账户")
    visit.complaints.clear()


def test_a_question_that_is_too_long_says_so_and_stays(visit) -> None:
    page = visit("desk")
    box(page).evaluate("(box) => { box.value = '注'.repeat(3000); box.dispatchEvent(new Event('input', { bubbles: true })); }")
    expect(page.locator("#hits")).to_contain_text("问题太长: 3000 字")
    expect(box(page)).to_have_value("注" * 3000)
    visit.complaints.clear()  # the 400


# ---- a server of its own ----


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def bare(chromium, port: int) -> Iterator[Page]:
    """A page that may see its server go."""
    context = chromium.new_context(locale="zh-CN", permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    yield page
    context.close()


def test_when_the_server_restarts_the_text_stays_and_the_list_comes_by_itself(
    bare: Page, assistant: Assistant, port: int
) -> None:
    site = started(assistant, port)
    bare.goto(f"http://127.0.0.1:{port}/desk")
    asked(bare, "怎么注销账户")
    site.close()
    box(bare).fill("小孩能用吗")
    expect(bare.locator("#status")).to_have_text("连不上服务, 正在重试; 您输入的内容还在。")
    expect(box(bare)).to_have_value("小孩能用吗")
    site = started(assistant, port)
    try:
        expect(hits(bare).first).to_have_attribute("data-number", re.compile("六、"), timeout=15_000)
        expect(bare.locator("#status")).to_be_empty()
        expect(box(bare)).to_have_value("小孩能用吗")
    finally:
        site.close()


def test_when_the_connection_is_lost_the_text_stays_and_the_list_comes_by_itself(visit) -> None:
    page = visit("desk")
    visit.context.set_offline(True)
    page.keyboard.insert_text("怎么注销账户")
    expect(page.locator("#status")).to_have_class("lost")
    expect(box(page)).to_have_value("怎么注销账户")
    visit.context.set_offline(False)
    expect(hits(page).first).to_have_attribute("data-number", "五、4")
    visit.complaints.clear()


@both
def test_copying_and_pinning_go_on_while_the_connection_is_lost(visit) -> None:
    page = listed(visit("desk"), "怎么注销账户")
    visit.context.set_offline(True)
    page.keyboard.press("1")
    assert "clause=c5-4" in copied(page)
    page.keyboard.press("Enter")
    is_reading(page, visit.phone, "c5-4")
    visit.complaints.clear()


@pytest.fixture(scope="module")
def library_of_three(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("three")
    for file in (CORPUS, DATA / "service.md", DATA / "statute.txt"):
        (folder / file.name).write_bytes(Path(file).read_bytes())
    return Assistant.build(folder, replace(settings, records=None))


def test_of_several_policies_the_one_asked_stands_beside_the_box_and_can_be_changed(
    bare: Page, library_of_three: Assistant, port: int
) -> None:
    site = started(library_of_three, port)
    try:
        bare.goto(f"http://127.0.0.1:{port}/desk")
        scope = bare.locator("details.scope summary b")
        expect(scope).to_have_text("全部 3 份政策")
        asked(bare, "公园里的动物园、植物园参照本条例吗")
        expect(hits(bare).first.locator("h3")).to_contain_text("第二条")
        expect(bare.locator("#text .current")).to_contain_text("动物园")
        scope.click()
        bare.get_by_role("checkbox", name="云杉笔记服务协议").check()
        expect(scope).to_have_text("云杉笔记服务协议")
        expect(bare.locator(".hit:not([data-policy='service'])")).to_have_count(0)
        expect(hits(bare).first.locator("h3")).to_contain_text("云杉笔记服务协议")
        bare.get_by_role("checkbox", name="城市公园管理条例").check()
        expect(scope).to_have_text("2 份政策")
        expect(bare.locator(".hit[data-policy='statute']").first).to_be_visible()
        expect(bare.locator(".hit:not([data-policy='service'], [data-policy='statute'])")).to_have_count(0)
        bare.reload()
        expect(scope).to_have_text("2 份政策")
        expect(bare.locator(".hit[data-policy='service']").first).to_be_visible()
        expect(bare.locator(".hit:not([data-policy='service'], [data-policy='statute'])")).to_have_count(0)
        expect(bare.locator("p.kept")).to_have_text("提问和评价不会保存。")
    finally:
        site.close()
