from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from samples import source_of

from assistant import Assistant, Settings
from assistant.calibration import load_calibration
from assistant.cards import card, permalink
from assistant.chat import Chat, top, welcoming
from assistant.clause import Answer, Clause, Policy, Source
from assistant.documents import add_documents
from assistant.downloads import add_exports
from assistant.embed import load_encoder
from assistant.entry import read_policy
from assistant.fulltext import Table, fulltext
from assistant.index import build_index
from assistant.library import add_library
from assistant.page import answer_html, cards, error_html, kept, render
from assistant.parse import parse
from assistant.render import is_verbatim, pieces, quotation, spoken, where
from assistant.routes import Pages, add_apologies, add_desk

HOSTILE = (
    '<script>alert(1)</script><img src=x onerror="alert(2)">"\'><svg/onload=alert(3)> [链接](javascript:alert(4))'
    " <javascript:alert(5)> {{7*7}} \u202e倒着写\u202c </textarea></title></dialog>"
)
MARKUP = {"script", "img", "svg", "iframe", "javascript:alert"}
VOID = {"meta", "link", "input", "br", "img"}


class Reader(HTMLParser):
    """Collects tags, attributes and text of a piece of HTML; `within` is the text of every element of one class or tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.texts: list[str] = []
        self.open: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")
        if tag not in VOID:
            self.open.append(len(self.tags) - 1)

    def handle_endtag(self, tag):
        while self.open and self.tags[self.open.pop()][0] != tag:
            pass

    def handle_data(self, data):
        self.text += data
        for number in self.open:
            self.texts[number] += data

    def within(self, name: str) -> list[str]:
        return [
            text.strip()
            for (tag, attributes), text in zip(self.tags, self.texts, strict=True)
            if tag == name or name in (attributes.get("class") or "").split()
        ]

    def values(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]

    @property
    def ids(self) -> list[str]:
        return self.values("id")


def sources_of(assistant: Assistant) -> dict[str, Source]:
    return {policy.source.policy: policy.source for policy in assistant.policies}


def drawn(assistant: Assistant, answer: Answer) -> Reader:
    return Reader(answer_html(answer, sources_of(assistant)))


def text_html(policy: Policy, language: str = "zh") -> str:
    return render("text.html", language, text=fulltext(policy), outlined=True)


def squeezed(words: str) -> str:
    return re.sub(r"\s", "", words)


# ---- an answer ----


def test_an_answer_shows_number_path_words_and_mark(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    shown = drawn(assistant, answer)
    assert shown.within("h3")[0] == "《即分期超G会员隐私政策》五、4 注销"
    assert shown.within("path")[0].endswith("4、注销")
    assert shown.within("blockquote")[0] == answer.citations[0].text and "逐字核对 ✓" in shown.within("verbatim")
    assert shown.within("mark") == ["您可以在我们的产品与/或服务中直接申请注销账户或注销您申请的具体即分期超G会员服务功能。"]


def test_the_first_citation_is_open_and_the_others_are_folded(assistant: Assistant) -> None:
    answer = assistant.ask("SDK 收集什么数据")
    assert len(answer.citations) == 3
    html = answer_html(answer, sources_of(assistant))
    opened, folded = html.split("<details>")
    assert len(Reader(opened).within("article")) == 1 and len(Reader(folded).within("article")) == 2
    assert Reader(folded).within("summary") == ["另有 2 条相关条款"]


def test_a_refusal_names_the_contacts_and_calls_the_nearest_what_they_are(assistant: Assistant) -> None:
    shown = drawn(assistant, assistant.ask("你们分期的年化利率是多少"))
    assert shown.within("verdict") == ["这份政策没有写到这个问题。"]
    assert shown.within("summary") == ["可能相关的 3 条 (不是答案)"] and len(shown.within("article")) == 3
    assert {"tel:4000662850", "mailto:merchants_service@geexfinance.com"} <= set(shown.values("href"))


def test_what_was_understood_and_every_part_are_shown_and_escaped(assistant: Assistant) -> None:
    answer = assistant.ask("zenme注销账户? <b>红烧肉</b>怎么做才不柴?")
    assert answer.verdict == "partial"
    html = answer_html(answer, sources_of(assistant))
    shown = Reader(html)
    assert shown.values("value") == ["怎么注销账户? <b>红烧肉</b>怎么做才不柴?"]
    assert shown.within("li") == ["怎么注销账户? 五、4", "<b>红烧肉</b>怎么做才不柴? 政策未涉及"]
    assert "<b>红烧肉" not in html


def test_nothing_is_said_to_be_understood_when_it_is_what_was_typed(assistant: Assistant) -> None:
    shown = drawn(assistant, assistant.ask("  怎么 注销账户 "))
    assert not shown.within("understood") and not shown.within("parts")


def test_only_a_question_that_is_kept_can_be_judged(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    asked = Reader(answer_html(answer, sources_of(assistant), id="x<y"))
    assert asked.values("data-id") == ["x<y"]
    assert asked.values("data-reason") == ["引用错误", "没回答", "看不懂", "条款过期"]
    assert not drawn(assistant, answer).within("feedback")


def test_related_questions_are_shown_as_buttons_to_ask(assistant: Assistant) -> None:
    html = answer_html(assistant.ask("怎么注销账户"), sources_of(assistant), related=("多久<b>", "找谁"))
    assert Reader(html).within("ask") == ["多久<b>", "找谁"]


def test_an_answer_that_differs_from_the_source_says_so(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    forged = replace(answer.citations[0], text="您不能注销账户。")
    shown = drawn(assistant, replace(answer, citations=(forged,)))
    assert shown.within("mismatch") == ["与原文不符"] and not shown.within("verbatim")


def test_a_hit_of_the_desk_that_differs_from_the_source_says_so(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    forged = replace(answer.hits[0], text=answer.hits[0].text[:-9])
    shown = cards((forged, *answer.hits[1:3]), sources_of(assistant))
    page = Reader(render("hits.html", answer=answer, understood="", cards=shown))
    assert page.within("mismatch") == ["与原文不符"] and page.within("h3")[0].endswith("与原文不符")


def test_an_answer_in_english_keeps_the_words_of_the_policy(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    shown = Reader(answer_html(answer, sources_of(assistant), "en", "x"))
    assert shown.within("blockquote")[0] == answer.citations[0].text
    assert "Checked word for word ✓" in shown.within("verbatim") and "Copy citation" in shown.within("copy")
    assert "逐字核对" not in shown.text and "有用" not in shown.text


def test_what_is_kept_is_said(assistant: Assistant) -> None:
    assert "手机号" in kept(True, "zh") and "保存" in kept(True, "zh") and "不会保存" in kept(False, "zh")
    assert not re.search("[一-鿿]", kept(True, "en") + kept(False, "en"))


# ---- hostile policies ----


@pytest.fixture(scope="module", params=["txt", "md"])
def hostile(request: pytest.FixtureRequest, settings: Settings) -> Assistant:
    """An assistant over a policy whose words, title, version and file name are all markup."""
    text = (
        f"{HOSTILE}政策\n一、收集{HOSTILE}\n1、我们收集{HOSTILE}您的位置信息。详见本政策第二条。\n“{HOSTILE}定位”是指{HOSTILE}您的位置。\n"
        f"名称{HOSTILE}|用途\n---|---\n定位|{HOSTILE}导航\n地图|{HOSTILE}导航\n二、联系\n客服电话：4001234567{HOSTILE}。\n"
    )
    source = Source("t", HOSTILE, HOSTILE, HOSTILE, f"{HOSTILE}.{request.param}", HOSTILE, text)
    encoder = load_encoder(settings.model)
    return Assistant(
        build_index([read_policy(parse(source), encoder)], encoder, settings), encoder, load_calibration(settings.model), settings
    )


@pytest.fixture
def pages(hostile: Assistant) -> TestClient:
    app, own = FastAPI(), Pages(hostile, None)
    for add in (add_desk, add_library, add_exports, add_documents, add_apologies):
        add(app, own)
    return TestClient(app, raise_server_exceptions=False)


def assert_harmless(html: str) -> None:
    """Check that only elements of our own templates came to be, and that links lead to our own pages or to the contacts."""
    shown = Reader(html)
    foreign = [(tag, a) for tag, a in shown.tags if tag in MARKUP and not (a.get("src") or "").startswith("web/")]
    assert not foreign
    assert not [name for _, attributes in shown.tags for name in attributes if name.startswith("on")]
    for address in [*shown.values("href"), *shown.values("action"), *shown.values("cite")]:
        assert re.match(r"(library|desk|documents|web/|export|tel:\d|mailto:|#|\?lang=|\.$|\.\?lang=en)", address), address


@pytest.mark.parametrize("question", ["收集位置信息吗", "定位导航", "分期利率"])
def test_hostile_words_of_a_policy_are_shown_as_words_in_answers(hostile: Assistant, question: str) -> None:
    answer = hostile.ask(question)
    for citations in (answer.hits, ()):
        html = answer_html(replace(answer, citations=citations), sources_of(hostile), "zh", HOSTILE, (HOSTILE,))
        assert_harmless(html)
        assert Reader(html).within("ask") == [HOSTILE]
        assert all(title.startswith(f"《{HOSTILE}》") for title in Reader(html).within("h3"))
    assert_harmless(error_html(HOSTILE))
    assert Reader(error_html(HOSTILE)).within("verdict") == [HOSTILE]


@pytest.mark.parametrize(
    "path",
    [
        "desk/hits?q=收集位置信息吗",
        "desk?q=定位导航",
        "library?q=位置",
        "library",
        "library?q=-位置",
        "documents",
        "documents?report=t",
    ],
)
def test_hostile_words_of_a_policy_are_shown_as_words_on_desk_and_library(pages: TestClient, path: str) -> None:
    reply = pages.get(f"/{path}")
    assert reply.status_code == 200 and "alert(1)" in reply.text
    assert_harmless(reply.text)


def test_a_hostile_policy_is_printed_and_apologised_for_as_words(pages: TestClient, hostile: Assistant) -> None:
    printed = pages.get("/export", params={"form": "print", "q": HOSTILE, "clause": hostile.policies[0].clauses[0].anchor})
    lost = pages.get("/library", params={"clause": HOSTILE})
    assert (printed.status_code, lost.status_code) == (200, 404)
    for reply in (printed, lost):
        assert_harmless(reply.text)
        assert HOSTILE in Reader(reply.text).text
    assert f"SHA-256 {HOSTILE}" in Reader(printed.text).text and f"{HOSTILE}." in Reader(printed.text).text


def test_hostile_words_of_a_policy_are_shown_as_words_in_the_full_text(hostile: Assistant) -> None:
    policy = hostile.policies[0]
    assert_harmless(text_html(policy))
    shown = Reader(text_html(policy))
    words = squeezed(shown.text)
    assert squeezed(f"我们收集{HOSTILE}您的位置信息") in words and squeezed(f"版本 {HOSTILE} · 生效 {HOSTILE}") in words
    assert shown.within("h2") == [HOSTILE], "not even {{7*7}} is counted"
    assert "\u202e" in shown.text


def test_a_hostile_title_is_shown_as_words_above_the_chat(hostile: Assistant) -> None:
    pages = Pages(hostile, None)
    for html in (top(pages.edition, "zh"), top(pages.edition, "en"), welcoming(pages.edition, "zh", ""), Chat(pages).foot("zh")):
        assert_harmless(html)
    assert Reader(top(pages.edition, "zh")).within("h1") == [HOSTILE]


# ---- the full text ----


def test_the_full_text_holds_every_word(any_policy: Policy) -> None:
    words = squeezed(Reader(text_html(any_policy)).text)
    for clause in any_policy.clauses:
        for role, span in zip(clause.roles, clause.spans, strict=True):
            if role in ("body", "cell", "column"):
                assert squeezed(any_policy.source.words(span)) in words


def test_every_clause_and_heading_has_its_anchor_exactly_once(any_policy: Policy) -> None:
    ids = Reader(text_html(any_policy)).ids
    assert len(ids) == len(set(ids))
    assert set(ids) == {item.anchor for item in (*any_policy.clauses, *any_policy.headings)}


def test_clauses_are_in_reading_order_with_their_numbers(any_policy: Policy) -> None:
    assert Reader(text_html(any_policy)).values("data-number") == [clause.clause for clause in any_policy.clauses]


def test_every_link_of_the_full_text_leads_to_an_anchor_of_it(any_policy: Policy) -> None:
    shown = Reader(text_html(any_policy))
    links = [(a["href"], a["data-anchor"]) for tag, a in shown.tags if tag == "a"]
    assert links and {anchor for _, anchor in links} <= set(shown.ids)
    assert all(href == permalink(any_policy.source.policy, anchor) for href, anchor in links)


def test_the_outline_names_every_heading(policy: Policy) -> None:
    shown = Reader(text_html(policy))
    assert shown.within("li") == [heading.title for heading in policy.headings]
    assert [tag for tag, a in shown.tags if a.get("id") == policy.headings[0].anchor] == ["h3"]


def test_a_reference_is_a_link_to_the_chapter_it_names(policy: Policy) -> None:
    shown = Reader(text_html(policy))
    assert shown.within("reference") == ["本政策第八条【如何联系我们】"]
    link = next(a for _, a in shown.tags if a.get("class") == "reference")
    assert [tag for tag, a in shown.tags if a.get("id") == link["data-anchor"]] == ["h3"]
    target = next(heading for heading in policy.headings if heading.anchor == link["data-anchor"])
    assert target.number == "八" and target.title.endswith("如何联系我们")


def test_a_reference_to_what_is_not_there_is_no_link() -> None:
    shown = Reader(
        text_html(parse(source_of("一、总则\n1、详见附件九和本政策第九条。\n2、依本政策第二条办理。\n二、其他\n1、没有。\n")))
    )
    assert shown.within("reference") == ["本政策第二条"]


def test_a_term_shows_its_definition(policy: Policy) -> None:
    shown = Reader(text_html(policy))
    term = next(a for tag, a in shown.tags if tag == "a" and a.get("class") == "term")
    assert term["data-anchor"] == "c0-1" and term["data-definition"] in policy.source.text
    assert "指上海即科智能技术集团有限公司" in term["data-definition"]
    assert set(shown.within("term")) == {"即分期超G会员"}


def test_cells_that_were_merged_span_their_rows(policy: Policy) -> None:
    html = text_html(policy)
    rows = {number: html.split(f'data-number="一(一)2 表1 序号{number}">')[1].split("</tr>")[0] for number in (2, 3, 5, 6)}
    assert rows[2].count("<td") == 4 and '<td rowspan="4">APP实名认证拍照、录像功能</td>' in rows[2]
    assert rows[3] == "<td>3</td><td>写入外置存储器(WRITE_EXTERNAL_STORAGE)</td>"
    assert rows[5].count("<td") == 2 and rows[6].count("<td") == 4


def test_no_column_of_a_table_is_left_open(any_policy: Policy) -> None:
    for table in (part for part in fulltext(any_policy).parts if isinstance(part, Table)):
        assert sum(cell.rows for row in table.rows for cell in row.cells) == len(table.columns) * len(table.rows)
        covered = 0
        for row in table.rows:
            assert len(row.cells) + covered == len(table.columns)
            covered = _spanned_after(table, row)


def _spanned_after(table: Table, row) -> int:
    """How many columns a cell of this row or one above spans in the next row."""
    at = table.rows.index(row)
    return sum(n + cell.rows > at + 1 for n, above in enumerate(table.rows[: at + 1]) for cell in above.cells)


def test_a_row_by_itself_shows_the_cells_it_inherits(clauses: dict[str, Clause], policy: Policy) -> None:
    lines = card(clauses["一(一)2 表1 序号3"], policy.source).lines
    assert [(line.column, line.role) for line in lines][1:] == [
        ("权限名称(安卓用户)", "cell"),
        ("涉及产品", "inherited"),
        ("提供服务", "inherited"),
    ]
    assert lines[2].runs[0].words == "APP实名认证拍照、录像功能"


def test_a_column_without_a_name_keeps_its_cells() -> None:
    html = text_html(parse(source_of("名称| |用途\n---|---|---\n地图|高德公司|定位导航\n")))
    assert all(f">{word}</td>" in html for word in ("地图", "高德公司", "定位导航"))


def test_the_full_text_in_english_keeps_the_words_of_the_policy(policy: Policy) -> None:
    chinese, english = Reader(text_html(policy)), Reader(text_html(policy, "en"))
    assert english.within("fulltext") == chinese.within("fulltext") and english.within("summary") == ["Contents"]


# ---- clauses in words ----


def hits_of(assistant: Assistant) -> Iterator[Clause]:
    for question in ("怎么注销账户", "工作单位为什么要填", "哪些情形不需要同意", "你们用 Cookie 做什么"):
        yield from assistant.ask(question).hits


def test_pieces_are_the_clause(assistant: Assistant) -> None:
    source = assistant.policies[0].source
    for hit in hits_of(assistant):
        words = "".join(piece.words for piece in pieces(hit, source))
        assert words == "".join(source.words(span) for span in hit.spans)
        assert is_verbatim(hit, source)
        assert not is_verbatim(replace(hit, text=hit.text[: len(hit.text) // 2]), source)


def test_matched_words_are_marked_and_nothing_is_lost(assistant: Assistant) -> None:
    source = assistant.policies[0].source
    for hit in hits_of(assistant):
        shown = card(hit, source, ["账户", "信息", "单位", "("])
        runs = [*shown.body, *(run for line in shown.lines for run in line.runs)]
        own = [piece.words for piece in pieces(hit, source) if piece.role in ("body", "cell", "inherited")]
        assert "".join(run.words for run in runs) == "".join(own)
        assert all(run.kind in ("", "sentence", "word") for run in runs)


def test_a_quotation_names_its_place_and_version(assistant: Assistant) -> None:
    hit = assistant.ask("怎么注销账户").hits[0]
    source = assistant.policies[0].source
    assert where(hit, source) == "《即分期超G会员隐私政策》五、4 注销"
    assert quotation(hit, source) == f"{hit.text}\n—— 《即分期超G会员隐私政策》五、4 注销, 版本 {source.version}"


def test_headings_keep_their_words_after_the_number() -> None:
    policy = parse(source_of("三、三方共享\n我们与第三方共享信息。\n四、5G服务\n我们提供服务。\n"))
    assert [where(c, policy.source) for c in policy.clauses] == ["《t》三 三方共享", "《t》四 5G服务"]


def test_spoken_is_the_decisive_sentence(assistant: Assistant) -> None:
    source, hit = assistant.policies[0].source, assistant.ask("怎么注销账户").hits[0]
    assert spoken(hit, source) == f"《{source.title}》五、4: {source.words(hit.marked)}"


def test_spoken_drops_codes_in_brackets(clauses: dict[str, Clause], policy: Policy) -> None:
    words = spoken(clauses["一(一)2 表1 序号3"], policy.source)
    assert words == (
        "《即分期超G会员隐私政策》一(一)2 表1 序号3: 权限名称(安卓用户): 写入外置存储器; 涉及产品: APP实名认证拍照、录像功能; "
        "提供服务: 将完成拍照、视频拍摄以及生物信息采集,用于完成实名认证及认证视频录制。"
    )
    for clause in policy.clauses:
        if clause.kind == "table_row":
            assert not re.search(r"\([A-Za-z_.]+\)", spoken(clause, policy.source))


def test_every_remaining_stretch_of_spoken_words_is_in_the_source(any_policy: Policy) -> None:
    for clause in any_policy.clauses:
        said = spoken(clause, any_policy.source).removeprefix(f"《{any_policy.source.title}》{clause.clause}: ")
        own = [squeezed(any_policy.source.words(span)) for span in clause.spans]
        stretches = re.split(r"; |: ", said) if clause.kind == "table_row" else [said]
        for stretch in stretches:
            assert is_left_of("".join(own), squeezed(stretch)), (clause.clause, stretch)


def is_left_of(words: str, stretch: str) -> bool:
    """Whether a stretch is what is left of some of the words when brackets are taken out of them."""
    gaps = r"(?:[(（][^()（）]*[)）])*"
    return re.search(gaps.join(map(re.escape, stretch)), words) is not None


def test_parts_of_the_page_are_laid_out_in_the_order_of_the_source(any_policy: Policy) -> None:
    anchors = Reader(text_html(any_policy)).ids
    places = {clause.anchor: clause.place[0] for clause in any_policy.clauses}
    places |= {heading.anchor: heading.span[0] for heading in any_policy.headings}
    assert all(places[a] <= places[b] for a, b in pairwise(anchors))
