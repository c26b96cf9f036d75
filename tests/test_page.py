from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from samples import source_of

from assistant import Assistant, Settings
from assistant.calibration import load_calibration
from assistant.clause import Policy
from assistant.embed import load_encoder
from assistant.index import build_index
from assistant.page import answer_html, error_html, policy_html
from assistant.parse import parse
from assistant.render import is_verbatim, pieces, quotation, report, where

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


class Reader(HTMLParser):
    """Collects tags, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_an_answer_shows_number_path_words_and_mark(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    shown = Reader(answer_html(answer, {p.source.policy: p.source for p in assistant.policies}))
    assert "《即分期超G会员隐私政策》五、4 注销" in shown.text and "4、注销" in shown.text
    assert answer.citations[0].text in shown.text and "逐字核对 ✓" in shown.text
    assert "mark" in {tag for tag, _ in shown.tags}


def test_a_refusal_names_the_contacts_and_calls_the_nearest_what_they_are(assistant: Assistant) -> None:
    shown = Reader(
        answer_html(assistant.ask("你们分期的年化利率是多少"), {p.source.policy: p.source for p in assistant.policies})
    )
    assert "这份政策没有写到这个问题" in shown.text and "4000662850" in shown.text and "可能相关" in shown.text
    assert {"tel:4000662850", "mailto:merchants_service@geexfinance.com"} <= {a.get("href") for _, a in shown.tags}


def test_hostile_words_of_a_policy_are_shown_as_words(settings: Settings) -> None:
    text = f"{HOSTILE}政策\n一、收集{HOSTILE}\n1、我们收集{HOSTILE}您的位置信息。\n名称{HOSTILE} |\n用途 |\n定位 |\n{HOSTILE}导航 |\n"
    policy = parse(replace(source_of(text), title=HOSTILE, version=HOSTILE))
    assistant = Assistant(
        build_index([policy], load_encoder(settings.model), settings),
        load_encoder(settings.model),
        load_calibration(settings.model),
        settings,
    )
    sources = {"t": policy.source}
    for question in ("收集位置信息吗", "定位导航"):
        answer = assistant.ask(question)
        for html in (
            answer_html(replace(answer, citations=answer.hits), sources),
            answer_html(replace(answer, citations=()), sources),
            policy_html(policy),
        ):
            shown = Reader(html)
            assert not {"script", "img"} & {tag for tag, _ in shown.tags}
            assert not [name for _, attributes in shown.tags for name in attributes if name.startswith("on")]
    assert HOSTILE in Reader(policy_html(policy)).text
    assert "script" not in {tag for tag, _ in Reader(error_html(HOSTILE)).tags}


def test_full_text_holds_every_word_and_anchor(any_policy: Policy) -> None:
    shown = Reader(policy_html(any_policy))
    ids = {attributes.get("id") for _, attributes in shown.tags}
    assert {c.anchor for c in any_policy.clauses} <= ids
    squeezed = re.sub(r"\s", "", shown.text)
    for clause in any_policy.clauses:
        for role, span in zip(clause.roles, clause.spans, strict=True):
            if role in ("body", "cell"):
                assert re.sub(r"\s", "", any_policy.source.words(span)) in squeezed


def test_pieces_are_the_clause(assistant: Assistant) -> None:
    source = assistant.policies[0].source
    for question in ("怎么注销账户", "工作单位为什么要填", "哪些情形不需要同意"):
        for hit in assistant.ask(question).hits:
            words = "".join(piece.words for piece in pieces(hit, source))
            assert words == "".join(source.words(span) for span in hit.spans)
            assert is_verbatim(hit, source)
            assert not is_verbatim(replace(hit, text=hit.text[: len(hit.text) // 2]), source)


def test_a_quotation_names_its_place_and_version(assistant: Assistant) -> None:
    hit = assistant.ask("怎么注销账户").hits[0]
    source = assistant.policies[0].source
    assert where(hit, source) == "《即分期超G会员隐私政策》五、4 注销"
    assert quotation(hit, source).startswith(hit.text) and source.version in quotation(hit, source)


def test_headings_keep_their_words_after_the_number() -> None:
    policy = parse(source_of("三、三方共享\n我们与第三方共享信息。\n四、5G服务\n我们提供服务。\n"))
    assert [where(c, policy.source) for c in policy.clauses] == ["《t》三 三方共享", "《t》四 5G服务"]


def test_a_column_without_a_name_keeps_its_cells() -> None:
    policy = parse(source_of("名称| |用途\n---|---|---\n地图|高德公司|定位导航\n"))
    html = policy_html(policy)
    assert all(word in html for word in ("地图", "高德公司", "定位导航"))


def test_the_report_counts_and_names_doubts(policy: Policy) -> None:
    text = "\n".join(report(policy))
    assert "条款 218: 条款 139、表格行 76、引言段落 3; 标题行 35" in text
    assert "目录行 9" in text and "第 325 行" in text and "详见附表" in text


def test_what_was_understood_and_every_part_are_shown_and_escaped(assistant: Assistant) -> None:
    answer = assistant.ask("zenme注销账户? <b>红烧肉</b>怎么做才不柴?")
    sources = {p.source.policy: p.source for p in assistant.policies}
    shown = answer_html(answer, sources)
    assert answer.verdict == "partial" and "按「怎么注销账户? " in shown and "<b>政策未涉及</b>" in shown
    assert "<b>红烧肉" not in shown and "&lt;b&gt;红烧肉" in shown
    plain = answer_html(assistant.ask("怎么注销账户"), sources)
    assert 'class="understood"' not in plain and 'class="parts"' not in plain
