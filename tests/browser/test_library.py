from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from docx import Document
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect
from samples import CORPUS, DATA
from serving import free_port, started

from assistant import Assistant, Settings
from assistant.clause import Policy

pytestmark = [pytest.mark.browser, pytest.mark.looks("desk")]
both, on_a_phone = pytest.mark.looks("desk", "phone"), pytest.mark.looks("phone")
CANCELLING = "您可以在我们的产品与/或服务中直接申请注销账户"


def box(page: Page) -> Locator:
    return page.get_by_label("检索词")


def hits(page: Page) -> Locator:
    return page.locator("#results .hit")


def anchors(page: Page) -> list[str]:
    return hits(page).evaluate_all("hits => hits.map((hit) => hit.dataset.anchor)")


def place(page: Page, anchor: str) -> Locator:
    return page.locator(f"#text #{anchor}")


def is_reading(page: Page, phone: bool, anchor: str) -> None:
    """The full text is in view, at this clause."""
    expect(place(page, anchor)).to_have_class(re.compile("current"))
    expect(place(page, anchor)).to_be_in_viewport()
    if phone:
        expect(page.locator("html")).to_have_class(re.compile("reading-open"))


def reading(visit, anchor: str = "c5-4") -> Page:
    """The library with the full text open at a clause."""
    page = visit(f"library?policy=jifenqi&clause={anchor}")
    is_reading(page, visit.phone, anchor)
    return page


# ---- search ----


def test_words_are_searched_for_when_enter_is_pressed(visit) -> None:
    page = visit("library")
    expect(box(page)).to_be_focused()
    page.keyboard.type("注销")
    page.keyboard.press("Enter")
    expect(hits(page).first.get_by_role("link").first).to_have_text("《即分期超G会员隐私政策》五、4 注销")
    expect(hits(page).first.locator("blockquote")).to_contain_text(CANCELLING)
    expect(box(page)).to_have_value("注销")
    expect(page).to_have_title("注销 · 条款库 · 即分期超G会员隐私政策")


def test_hits_are_counted_those_with_the_words_and_those_that_mean_the_same(visit) -> None:
    page = visit("library?q=注销")
    count, literal = hits(page).count(), page.locator(".hit:has(.literal)").count()
    assert 0 < literal < count
    expect(page.locator(".count b")).to_have_text(f"{count} 条")
    expect(page.locator(".count")).to_contain_text(f"其中 {literal} 条含原词, {count - literal} 条意思相近")
    expect(page.locator(".count")).to_contain_text(re.compile(r"\d+ 毫秒"))


@pytest.mark.parametrize("words", ["注销", "位置"])
def test_every_hit_marks_its_matched_words_and_says_why_it_is_there(visit, words: str) -> None:
    page = visit(f"library?q={words}")
    expect(hits(page).locator("summary", has_text="为什么是这一条")).to_have_count(hits(page).count())
    for hit in hits(page).all():
        if words in hit.locator("blockquote").inner_text():
            expect(hit.locator("blockquote mark.word", has_text=words).first).to_be_visible()


def test_why_names_rank_and_score_of_every_retriever_the_matched_words_and_the_threshold(visit) -> None:
    page = visit("library?q=注销账户")
    why = hits(page).first.locator("details.why")
    expect(why.locator("table")).to_be_hidden()
    why.locator("summary").click()
    expect(why).to_contain_text("命中的词: 注销账户")
    expect(why.locator("thead th")).to_have_text([re.compile("检索"), "名次", "得分", "贡献"])
    names = why.locator("tbody th").all_inner_texts()
    assert {"整条向量", "最佳句向量", "关键词 (BM25)"} <= set(names) and names[-1] == "合计"
    for row in why.locator("tbody tr:not(.total)").all():
        expect(row.locator("td")).to_have_text(
            [re.compile(r"^(\d+|–)$"), re.compile(r"^-?\d+\.\d{3}$"), re.compile(r"^[+-]\d+\.\d\d$")]
        )
    expect(why).to_contain_text(re.compile(r"是首条得分的 100%.+概率 \d+%, 门槛 \d+%"))


def test_the_shares_of_the_retrievers_add_up_to_the_score(visit) -> None:
    page = visit("library?q=注销账户")
    hits(page).first.locator("summary").click()
    cells = hits(page).first.locator(".why tbody td:last-child").all_inner_texts()
    assert abs(sum(map(float, cells[:-1])) - float(cells[-1])) < 0.06


def test_a_phrase_stands_in_every_hit(visit) -> None:
    page = visit("library")
    box(page).fill('"用户画像"')
    page.get_by_role("button", name="检索").click()
    expect(hits(page)).to_have_count(2)
    for hit in hits(page).all():
        expect(hit.locator("blockquote")).to_contain_text("用户画像")
        expect(hit.locator(".literal")).to_have_text("含原词")


def test_what_is_excluded_stands_in_no_hit(visit) -> None:
    count = hits(visit('library?q="个人信息"')).count()
    page = visit('library?q="个人信息" -营销')
    assert 0 < hits(page).count() < count
    expect(hits(page).locator("blockquote", has_text="营销")).to_have_count(0)


@pytest.mark.parametrize("number", ["五、4", "五4", "第五条第4款", "5.4"])
def test_a_clause_number_gives_its_clause(visit, number: str) -> None:
    page = visit(f"library?q={number}")
    expect(hits(page)).to_have_count(1)
    expect(hits(page).get_by_role("link").first).to_contain_text("五、4 注销")
    hits(page).locator("summary").click()
    expect(hits(page).locator(".why")).to_contain_text("编号直接对应, 不看相关度。")


def test_a_number_that_is_not_there_and_words_without_hits_are_said(visit) -> None:
    expect(visit("library?q=九、1").get_by_role("alert")).to_contain_text("没有编号为「九、1」的条款")
    page = visit('library?q="没有这样的话"')
    expect(page.locator(".count b")).to_have_text("0 条")
    expect(page.locator("#results")).to_contain_text("没有符合的条款。")


def test_a_filter_applies_at_once_and_is_kept_in_the_address(visit) -> None:
    page = visit("library?q=注销")
    page.get_by_label("章节").select_option(label="五、您如何管理您的个人信息")
    expect(page).to_have_url(re.compile("chapter="))
    expect(hits(page).first).to_be_visible()
    expect(hits(page).filter(has_not=page.locator(".path", has_text="五、"))).to_have_count(0)
    assert not re.search(r"[?&](kind|order|clause)=", page.url)
    page.reload()
    expect(page.get_by_label("章节").locator("option:checked")).to_have_text(re.compile("五、"))
    page.go_back()
    expect(page.get_by_label("章节").locator("option:checked")).to_have_text("全部")


def test_every_chapter_can_be_chosen(visit, policy: Policy) -> None:
    options = visit("library").get_by_label("章节").locator("option")
    assert [words.strip("　") for words in options.all_text_contents()] == ["全部", *(h.title for h in policy.headings)]


def test_a_kind_alone_lists_all_of_it_in_the_order_of_the_text(visit, policy: Policy) -> None:
    page = visit("library")
    page.get_by_label("种类").select_option(label="表格行")
    expect(page.locator(".count b")).to_have_text("76 条")
    assert anchors(page) == [clause.anchor for clause in policy.clauses if clause.kind == "table_row"]
    page.get_by_label("种类").select_option(label="条款")
    expect(page.locator(".count b")).to_have_text(f"{sum(c.kind == 'clause' for c in policy.clauses)} 条")


def test_hits_come_by_relevance_or_by_place(visit, policy: Policy) -> None:
    page = visit("library?q=位置")
    best = anchors(page)
    page.get_by_label("排序").select_option(label="按原文顺序")
    expect(page).to_have_url(re.compile("order=place"))
    expect(hits(page)).to_have_count(len(best))
    placed = anchors(page)
    order = [clause.anchor for clause in policy.clauses]
    assert placed == sorted(best, key=order.index) != best


def test_examples_and_terms_show_how_to_search(visit) -> None:
    page = visit("library")
    page.get_by_role("link", name='"用户画像"', exact=True).click()
    expect(hits(page)).to_have_count(2)
    page.go_back()
    page.locator(".terms").get_by_role("link", name="第三方资金出借主体").click()
    expect(page.locator("#text .current")).to_contain_text("第三方资金出借主体")


# ---- the whole policy ----


@both
def test_a_hit_opens_in_the_full_text_and_the_address_is_its_permalink(visit) -> None:
    page = visit("library?q=注销")
    hits(page).first.get_by_role("link").first.click()
    is_reading(page, visit.phone, "c5-4")
    expect(page).to_have_url(re.compile("q=.+policy=jifenqi&clause=c5-4"))
    expect(hits(page).first).to_have_class(re.compile("current"))
    page.reload()
    is_reading(page, visit.phone, "c5-4")
    expect(hits(page).first).to_have_class(re.compile("current"))


@both
def test_the_back_button_goes_to_the_clause_before(visit) -> None:
    if visit.phone:
        return  # there, going back leaves the full text
    page = reading(visit)
    page.locator(".outline").get_by_role("link", name="八、如何联系我们").click()
    expect(page.locator("#text .current")).to_have_text("八、如何联系我们")
    page.go_back()
    is_reading(page, visit.phone, "c5-4")


@on_a_phone
def test_on_a_phone_the_full_text_is_left_by_its_button_or_by_going_back(visit) -> None:
    page = visit("library?q=注销")
    for leave in (lambda: page.get_by_role("button", name="返回").click(), page.go_back, lambda: page.keyboard.press("Escape")):
        hits(page).first.get_by_role("link").first.click()
        is_reading(page, visit.phone, "c5-4")
        leave()
        expect(page.locator("#reading")).to_be_hidden()
        expect(hits(page).first).to_be_visible()


@both
def test_a_link_opened_in_a_new_tab_is_left_to_the_browser(visit) -> None:
    page = visit("library?q=注销")
    with page.context.expect_page() as opened:
        hits(page).first.get_by_role("link").first.click(modifiers=["ControlOrMeta"])
    is_reading(opened.value, visit.phone, "c5-4")


@both
@pytest.mark.parametrize("anchor", ["c5-4", "c1-1-2-t1-4", "c0-1", "c8-2"])
def test_a_permalink_shows_its_clause_marked(visit, anchor: str) -> None:
    expect(reading(visit, anchor).locator("#text .current")).to_have_count(1)


@both
def test_a_permalink_may_name_the_number(visit) -> None:
    is_reading(visit("library?clause=五、4"), visit.phone, "c5-4")


def test_every_clause_stands_in_the_full_text_once_word_for_word_and_in_order(visit, policy: Policy) -> None:
    page = visit("library")
    shown = page.locator("#text [data-number]").evaluate_all(
        "all => all.map((each) => [each.id, each.dataset.number, each.textContent])"
    )
    assert [(anchor, number) for anchor, number, _ in shown] == [(clause.anchor, clause.clause) for clause in policy.clauses]
    for clause, (_, _, text) in zip(policy.clauses, shown, strict=True):
        own = [policy.source.words(s) for r, s in zip(clause.roles, clause.spans, strict=True) if r in ("body", "cell")]
        assert all(words in text for words in own), clause.clause


@both
def test_the_outline_leads_to_every_heading(visit, policy: Policy) -> None:
    page = reading(visit)
    if visit.phone:
        page.locator(".outline summary").click()
    links = page.locator(".outline a")
    expect(links).to_have_text([heading.title for heading in policy.headings])
    links.get_by_text("三、我们如何共享、转让、公开披露您的个人信息", exact=True).click()
    heading = page.get_by_role("heading", name="三、我们如何共享、转让、公开披露您的个人信息")
    expect(heading).to_be_in_viewport()
    expect(heading).to_have_class(re.compile("current"))
    page.reload()
    expect(heading).to_have_class(re.compile("current"))


def test_headings_have_their_levels(visit, policy: Policy) -> None:
    page = visit("library")
    for heading in policy.headings:
        tag = page.locator(f"#text #{heading.anchor}").evaluate("heading => heading.tagName")
        assert tag == f"H{heading.depth + 3}", heading.title


@both
def test_a_table_is_drawn_as_a_table_with_its_columns(visit) -> None:
    page = reading(visit, "c1-1-2-t1-1")
    table = page.locator("#text table").first
    expect(table.locator("thead th")).to_have_text(["序号", "权限名称(安卓用户)", "涉及产品", "提供服务"])
    expect(table.locator("tbody tr")).to_have_count(34)
    expect(place(page, "c1-1-2-t1-1").locator("td").nth(1)).to_have_text("读取日志(READ_LOGS)")
    expect(page.locator("#text table")).to_have_count(4)


@both
def test_merged_cells_span_their_rows(visit) -> None:
    page = reading(visit, "c1-1-2-t1-2")
    merged = place(page, "c1-1-2-t1-2").locator("td", has_text="APP实名认证拍照、录像功能")
    expect(merged).to_have_attribute("rowspan", "4")
    for row in (3, 4, 5):
        expect(place(page, f"c1-1-2-t1-{row}").locator("td")).to_have_count(2)
    below = place(page, "c1-1-2-t1-5").bounding_box()
    cell = merged.bounding_box()
    assert cell["y"] + cell["height"] == pytest.approx(below["y"] + below["height"], abs=2)


def test_the_cells_of_every_row_fill_the_table(visit) -> None:
    grids = (
        visit("library")
        .locator("#text table")
        .evaluate_all(
            """tables => tables.map((table) => {
          const columns = table.tHead.rows[0].cells.length, left = Array(columns).fill(0);
          return [...table.tBodies[0].rows].every((row) => {
            const spans = [...row.cells].map((cell) => cell.rowSpan);
            for (let n = 0; n < columns; n++) left[n] = left[n] ? left[n] - 1 : (spans.shift() ?? NaN) - 1;
            return !spans.length && left.every((count) => count >= 0);
          }) && left.every((count) => count === 0);
        })"""
        )
    )
    assert grids == [True] * 4


@both
def test_cross_references_are_links_to_what_they_name(visit) -> None:
    page = reading(visit, "c4-1-3-3")
    link = place(page, "c4-1-3-3").locator("a.reference")
    expect(link).to_contain_text("第八条")
    link.click()
    expect(page.locator("#text .current")).to_have_text("八、如何联系我们")
    expect(page.locator("#text .current")).to_be_in_viewport()


def test_every_link_inside_the_policy_leads_to_a_place_in_it(visit) -> None:
    page = visit("library")
    targets = page.locator("#text a[data-anchor]").evaluate_all("links => links.map((link) => link.dataset.anchor)")
    ids = set(page.locator("#text [id]").evaluate_all("all => all.map((each) => each.id)"))
    assert targets and set(targets) <= ids


@both
def test_a_defined_term_shows_its_definition_to_the_mouse_and_to_the_keyboard(visit) -> None:
    page = reading(visit)
    term = place(page, "c5-4").locator("a.term").first
    tip = page.get_by_role("tooltip")
    term.hover()
    expect(tip).to_contain_text("在本隐私政策中,指上海即科智能技术集团有限公司及其关联方")
    expect(tip).to_be_in_viewport()
    page.locator(".policy-head h2").hover()
    expect(tip).to_be_hidden()
    term.focus()
    expect(tip).to_be_visible()
    expect(term).to_have_attribute("aria-describedby", "tip")


def test_a_hit_can_be_copied_with_its_permalink(visit) -> None:
    page = visit("library?q=注销")
    hits(page).first.get_by_role("button", name="复制引用").click()
    expect(page.locator("#toast")).to_have_class("shown")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        copied.startswith(CANCELLING) and copied.endswith("/library?policy=jifenqi&clause=c5-4") and "五、4 注销, 版本" in copied
    )


# ---- export and print ----


def chosen(page: Page, *numbers: int) -> Page:
    for number in numbers:
        hits(page).nth(number).get_by_role("checkbox").check()
    expect(page.locator(".chosen")).to_have_text(f"已选 {len(numbers)} 条")
    return page


def test_nothing_can_be_exported_before_something_is_chosen(visit) -> None:
    page = visit("library?q=注销")
    for name in ("Word", "Excel", "Markdown", "打印"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    chosen(page, 0)
    for name in ("Word", "Excel", "Markdown", "打印"):
        expect(page.get_by_role("button", name=name)).to_be_enabled()


def test_all_hits_are_chosen_and_let_go_at_once(visit) -> None:
    page = visit("library?q=注销")
    page.get_by_label("全选").check()
    expect(page.locator(".chosen")).to_have_text(f"已选 {hits(page).count()} 条")
    hits(page).first.get_by_role("checkbox").uncheck()
    expect(page.get_by_label("全选")).not_to_be_checked()
    page.get_by_label("全选").check()
    page.get_by_label("全选").uncheck()
    expect(page.locator(".chosen")).to_have_text("已选 0 条")


def downloaded(page: Page, name: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


@pytest.mark.parametrize(("name", "ending"), [("Word", "docx"), ("Excel", "xlsx"), ("Markdown", "md")])
def test_the_chosen_hits_are_exported_with_number_path_version_date_and_hash(
    visit, policy: Policy, tmp_path: Path, name: str, ending: str
) -> None:
    page = chosen(visit("library?q=注销"), 0, 1)
    path = downloaded(page, name, tmp_path)
    assert re.fullmatch(rf"即分期超G会员隐私政策-条款-\d{{8}}\.{ending}", path.name)
    words = words_of(path)
    for needed in (
        "五、4",
        "五、2(4)",
        "五、您如何管理您的个人信息 › 4、注销",
        policy.source.version,
        policy.source.sha256,
        CANCELLING,
    ):
        assert needed in words, needed
    assert re.search(r"20\d\d-\d\d-\d\d", words) and "一(四)3" not in words


def words_of(path: Path) -> str:
    if path.suffix == ".docx":
        return "\n".join(paragraph.text for paragraph in Document(path).paragraphs)
    if path.suffix == ".xlsx":
        return "\n".join(str(value) for row in load_workbook(path).active.iter_rows(values_only=True) for value in row)
    return path.read_text("utf-8").replace("\\", "")


def test_the_chosen_hits_can_be_printed(visit, policy: Policy) -> None:
    page = chosen(visit("library?q=注销"), 0, 1)
    page.context.add_init_script("window.print = () => { window.printed = true; }")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="打印").click()
    sheet = opened.value
    expect(sheet.get_by_role("heading", level=1)).to_have_text("即分期超G会员隐私政策")
    expect(sheet.locator("article")).to_have_count(2)
    expect(sheet.locator("article").first).to_contain_text(CANCELLING)
    expect(sheet.locator(".edition")).to_have_text(re.compile(r"打印日期 20\d\d-\d\d-\d\d"))
    expect(sheet.locator(".provenance")).to_contain_text(policy.source.sha256)
    expect(sheet.locator(".provenance")).to_contain_text(f"版本 {policy.source.version}")
    sheet.wait_for_function("window.printed")


def test_on_paper_a_print_view_is_black_on_white(visit) -> None:
    page = visit("export?form=print&clause=c5-4")
    page.emulate_media(media="print")
    colours = page.locator("body").evaluate("body => [getComputedStyle(body).color, getComputedStyle(body).backgroundColor]")
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


def test_on_paper_the_library_shows_its_hits_and_no_buttons(visit) -> None:
    page = visit("library?q=注销")
    page.emulate_media(media="print")
    expect(hits(page).first.locator("blockquote")).to_be_visible()
    for hidden in (".masthead", ".export", ".filters", "#reading", ".actions >> nth=0"):
        expect(page.locator(hidden)).to_be_hidden()


# ---- without scripts ----


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["desk", "phone"])
def scriptless(request: pytest.FixtureRequest, chromium, address: str):
    """Opens pages of the app in a browser that runs no scripts."""
    width, height = request.param
    context = chromium.new_context(viewport={"width": width, "height": height}, java_script_enabled=False, accept_downloads=True)

    def opened(path: str) -> Page:
        page = context.new_page()
        page.goto(address + path)
        return page

    yield opened
    context.close()


def test_without_scripts_the_library_searches(scriptless) -> None:
    page = scriptless("library")
    box(page).fill("注销")
    page.get_by_role("button", name="检索").click()
    expect(hits(page).first).to_contain_text(CANCELLING)
    hits(page).first.locator("summary", has_text="为什么是这一条").click()
    expect(hits(page).first.locator(".why table")).to_be_visible()


def test_without_scripts_filters_apply_when_submitted(scriptless) -> None:
    page = scriptless("library?q=注销")
    page.get_by_label("章节").select_option(label="五、您如何管理您的个人信息")
    page.get_by_label("排序").select_option(label="按原文顺序")
    page.get_by_role("button", name="检索").click()
    expect(hits(page).first).to_be_visible()
    expect(hits(page).filter(has_not=page.locator(".path", has_text="五、"))).to_have_count(0)
    expect(page.get_by_label("排序").locator("option:checked")).to_have_text("按原文顺序")


def test_without_scripts_a_permalink_shows_the_policy_with_its_clause(scriptless) -> None:
    page = scriptless("library?policy=jifenqi&clause=c5-4#c5-4")
    expect(place(page, "c5-4")).to_be_visible()
    expect(place(page, "c5-4")).to_be_in_viewport()
    expect(place(page, "c5-4")).not_to_have_css("box-shadow", "none")


def test_without_scripts_links_lead_to_the_page_with_their_place(scriptless) -> None:
    page = scriptless("library?q=注销")
    hits(page).first.get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("clause=c5-4"))
    expect(place(page, "c5-4")).to_be_visible()


def test_without_scripts_the_chosen_hits_are_exported_by_the_form(scriptless, tmp_path: Path) -> None:
    page = scriptless("library?q=注销")
    hits(page).first.get_by_role("checkbox").check()
    path = downloaded(page, "Markdown", tmp_path)
    assert path.suffix == ".md" and CANCELLING in words_of(path)


def test_without_scripts_what_is_missing_says_so_and_offers_search(scriptless) -> None:
    page = scriptless("library?clause=nowhere")
    box(page).fill("注销")
    page.get_by_role("button", name="检索").click()
    expect(hits(page).first).to_contain_text(CANCELLING)


def test_without_scripts_the_desk_shows_the_hits_of_a_link(scriptless) -> None:
    expect(scriptless("desk?q=怎么注销账户").locator(".hit").first).to_contain_text(CANCELLING)


# ---- several policies ----


@pytest.fixture(scope="module")
def three(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a library of four policies, one of which names another."""
    folder = tmp_path_factory.mktemp("four")
    for file in (CORPUS, DATA / "service.md", DATA / "statute.txt"):
        (folder / file.name).write_bytes(file.read_bytes())
    rule = "犬只登记须知\n一、入园\n1、犬只入园依《城市公园管理条例》第四条办理。\n2、导盲犬除外。\n"
    (folder / "dogs.txt").write_text(rule, "utf-8")
    built = Assistant.build(folder, replace(settings, records=None))
    port = free_port()
    site = started(built, port)
    yield f"http://127.0.0.1:{port}/"
    site.close()


@pytest.fixture
def shelf(chromium, three: str) -> Iterator[Page]:
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(f"{three}library")
    yield page
    context.close()


def scope(page: Page) -> Locator:
    return page.locator("details.scope summary b")


def choose(page: Page, *titles: str) -> None:
    """Check policies in the list that folds away, and close it."""
    scope(page).click()
    for title in titles:
        page.get_by_role("checkbox", name=title).check()
    page.keyboard.press("Escape")


def test_policies_are_chosen_in_a_list_and_searched_when_it_is_closed(shelf: Page) -> None:
    expect(scope(shelf)).to_have_text("全部 4 份政策")
    expect(shelf.get_by_label("章节")).to_have_count(0)
    scope(shelf).click()
    shelf.get_by_label("按标题筛选").fill("管理")
    expect(shelf.get_by_role("checkbox", name="云杉笔记服务协议")).to_be_hidden()
    shelf.get_by_role("checkbox", name="城市公园管理条例").check()
    expect(scope(shelf)).to_have_text("城市公园管理条例")
    assert "policy=" not in shelf.url, "not before the list is closed"
    shelf.locator("#text .fulltext").click()
    expect(shelf.locator("#text h2")).to_have_text("城市公园管理条例")
    expect(shelf.get_by_label("章节").locator("option")).to_have_text(
        [re.compile("全部"), re.compile("第一章 总则"), re.compile("第二章 管理")]
    )
    shelf.get_by_label("章节").select_option(index=2)
    expect(hits(shelf).first).to_be_visible()
    choose(shelf, "犬只登记须知")
    expect(scope(shelf)).to_have_text("2 份政策")
    expect(shelf).not_to_have_url(re.compile("chapter="))
    box(shelf).fill("犬只入园")
    box(shelf).press("Enter")
    expect(shelf.locator(".shares li")).to_have_count(2)
    expect(shelf).to_have_url(re.compile("policy=.*policy="))
    shelf.go_back()
    expect(scope(shelf)).to_have_text("2 份政策")
    shelf.go_back()
    expect(scope(shelf)).to_have_text("城市公园管理条例")
    box(shelf).fill("第三条")
    box(shelf).press("Enter")
    expect(hits(shelf)).to_have_count(1)
    expect(hits(shelf)).to_contain_text("闭园")


def test_a_reference_is_followed_from_one_policy_into_another_and_back(shelf: Page, three: str) -> None:
    shelf.goto(f"{three}library?q={quote('导盲犬')}&policy=dogs&policy=service&policy=statute")
    hits(shelf).filter(has_text="犬只登记须知").get_by_role("link").first.click()
    expect(shelf.locator("#text h2")).to_have_text("犬只登记须知")
    expect(shelf).to_have_url(re.compile("policy=dogs&policy=service&policy=statute&clause=c1-2&open=dogs"))
    shelf.locator("#text").get_by_role("link", name="《城市公园管理条例》第四条").click()
    expect(shelf.locator("#text h2")).to_have_text("城市公园管理条例")
    expect(shelf.locator("#text .current")).to_contain_text("游人不得有下列行为")
    expect(shelf.locator(".outline")).to_have_attribute("open", "")
    expect(shelf.locator(".hit.current")).to_have_count(0)
    shelf.reload()
    expect(shelf.locator("#text .current")).to_contain_text("游人不得有下列行为")
    expect(scope(shelf)).to_have_text("3 份政策")
    shelf.go_back()
    expect(shelf.locator("#text .current")).to_contain_text("导盲犬除外")
    expect(shelf.locator("#text h2")).to_have_text("犬只登记须知")
    expect(shelf.locator(".hit.current")).to_have_attribute("data-policy", "dogs")


def test_hits_of_several_policies_are_exported_together(shelf: Page, three: str, tmp_path: Path) -> None:
    shelf.goto(f"{three}library?q={quote('导盲犬')}&policy=dogs&policy=statute")
    shelf.get_by_label("全选").check()
    words = words_of(downloaded(shelf, "Markdown", tmp_path))
    assert "《犬只登记须知》一、2" in words and "《城市公园管理条例》第四条(二)" in words and words.count("SHA-256") == 2


def test_a_permalink_opens_the_policy_that_it_names(shelf: Page, three: str) -> None:
    shelf.goto(f"{three}library?policy={quote('statute')}&clause={quote('第三条')}")
    expect(shelf.locator("#text .current")).to_contain_text("闭园")
    anchor = shelf.locator("#text .current").get_attribute("id")
    shelf.goto(f"{three}?policy=statute&clause={anchor}")
    expect(shelf.locator("#text .current")).to_contain_text("闭园")
    shelf.goto(f"{three}library?policy=statute&clause=c5-4")
    expect(shelf.get_by_role("main")).to_contain_text("没有编号为「c5-4」的条款")


def test_a_table_of_another_kind_is_drawn_with_its_merged_cells(shelf: Page, three: str) -> None:
    shelf.goto(f"{three}library?policy=service")
    table = shelf.locator("#text table")
    expect(table.locator("thead th")).to_have_text(["服务", "公司", "收集的信息", "隐私政策"])
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(table.locator("td", has_text="地图")).to_have_attribute("rowspan", "2")
