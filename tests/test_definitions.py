from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import source_of

from assistant.clause import Clause, Policy
from assistant.corpus import read_corpus
from assistant.definitions import LONGEST, Definition, definitions_of, uses_of
from assistant.parse import parse


def terms(text: str, filename: str = "t.txt") -> list[str]:
    return [d.term for d in definitions_of(parse(source_of(text, filename)))]


def in_chapter(sentence: str, heading: str = "一、总则") -> str:
    return f"海豚书屋借阅规则\n{heading}\n{sentence}\n二、其他\n没有别的内容。\n"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        # a short name for what was just said
        ("借书证和阅览证(以下简称“证件”)不得转借。", ["证件"]),
        ("海豚书屋有限公司(下称\"书屋\")负责管理。", ["书屋"]),
        ("押金、滞纳金与赔偿金（以下统称费用）按月结清。", ["费用"]),
        ("海豚书屋与鲸鱼书屋（以下合称「两书屋」）共用书库。", ["两书屋"]),
        ("海豚书屋（以下或称‘海豚’）欢迎读者。", ["海豚"]),
        ("借书证(以下简称:书证)每年更换。", ["书证"]),
        ("借书证（以下简称 **“书证”** 或 “卡片”）每年更换。", ["书证", "卡片"]),
        ("借书证（下称“书证/与或卡”）每年更换。", ["书证/与或卡"]),
        ("海豚书屋（注册地在海边，以下简称“海豚”）欢迎读者。", ["海豚"]),
        ("负责保管图书的部门，以下统称为图书保管部门。", ["图书保管部门"]),
        ("《海豚书屋借阅规则》（“借阅规则”）自今日起施行。", ["借阅规则"]),
        # what a term means
        ("“馆藏图书”是指登记在册的图书。", ["馆藏图书"]),
        ("”馆藏图书“系指登记在册的图书。", ["馆藏图书"]),
        ("「馆藏图书」，指登记在册的图书。", ["馆藏图书"]),
        ("【馆藏图书】：指登记在册的图书。", ["馆藏图书"]),
        ("本规则中提及的“海豚”以及“鲸鱼”均指海豚书屋的工作人员。", ["海豚", "鲸鱼"]),
        ("在本规则中，“滞纳金”是指逾期后每日加收的款项。", ["滞纳金"]),
        ("馆藏图书是指登记在册的图书。", ["馆藏图书"]),
        ("馆藏图书，是指登记在册的图书。", ["馆藏图书"]),
        ("馆藏图书：是指登记在册的图书。", ["馆藏图书"]),
        ("馆藏图书：指登记在册的图书。", ["馆藏图书"]),
        ("馆藏图书，指登记在册的图书。", ["馆藏图书"]),
        ("**馆藏图书：** 指登记在册的图书。", ["馆藏图书"]),
        ("本规则所称馆藏图书，是指登记在册的图书。", ["馆藏图书"]),
        ("本规则所称的馆藏图书是指登记在册的图书。", ["馆藏图书"]),
        ("图书馆法所称馆藏图书，是指登记在册的图书。", ["馆藏图书"]),
        ("其中馆藏图书是指登记在册的图书。", ["馆藏图书"]),
        ("馆藏图书（Holdings）是指登记在册的图书。", ["馆藏图书"]),
        ("借阅/外借：是指把图书带出书屋。", ["借阅", "外借"]),
        ("您可以办理外借，外借是指把图书带出书屋。", ["外借"]),
        ("遇到不可抗力（不可抗力是指不能预见的客观情况）时顺延。", ["不可抗力"]),
        ("海豚书屋产品或服务是指书屋提供的全部内容。", ["海豚书屋产品或服务"]),
        ("“海豚”阅读服务是指书屋提供的在线阅读。", ["“海豚”阅读服务"]),
        ("海豚书屋(在本规则中,指海豚书屋有限公司及其分店)欢迎读者。", ["海豚书屋"]),
        ("泄密：指向外人透露读者的借阅记录。", []),  # 指向 may be one word
        ("公开：是指向外人透露读者的借阅记录。", ["公开"]),
        ("保管人：又称“看守”，指负责看护书库的人员。", ["看守"]),
        ("“馆藏图书”是指登记在册的图书；“外借”是指把图书带出书屋。", ["馆藏图书", "外借"]),
    ],
)  # fmt: skip
def test_terms_are_found_in_every_style(sentence: str, expected: list[str]) -> None:
    assert sorted(terms(in_chapter(sentence))) == sorted(expected)


@pytest.mark.parametrize(
    "sentence",
    [
        "什么是指纹借书？",
        "馆藏图书是指什么呢？",
        "“馆藏图书”是指登记在册的图书吗?",
        "请到指定地点还书，指导员会协助您。",
        "读者可以外借，指南放在门口。",
        "违规行为包括但不限于折页，涂画，撕毁。",
        "馆藏图书是指包括但不限于画册、杂志。",
        "馆藏图书特指登记在册的图书。",
        "这是指读者自己带来的图书。",
        "该等图书是指读者自己带来的图书。",
        "上述图书是指读者自己带来的图书。",
        "《图书馆法》规定，馆藏图书是指登记在册的图书。",
        "依照《图书馆法》第三条“馆藏图书”是指登记在册的图书。",
        "本条所称馆藏图书，是指登记在册的图书。",
        "前款所称“馆藏图书”，是指登记在册的图书。",
        "读者不得以下称谓自居：馆长、主任。",
        "货架在线下称重，结果当场告知。",
        "（以下简称“书证”）每年更换。",
        "书屋的名称：海豚书屋有限责任公司。",
        "点击图标（称为“信标”GIF文件）即可。",
        "否则，指派专人处理这些图书。",
        "是指登记在册的图书。",
        "馆藏图书是指：",
        "2024是指登记在册的年份。",
    ],
)
def test_what_defines_nothing_is_left_alone(sentence: str) -> None:
    assert terms(in_chapter(sentence)) == []


@pytest.mark.parametrize(
    "heading",
    ["一、名词解释", "一、定义", "一、释义", "## 附录：相关定义", "一、定义与解释", "一、术语的含义", "第一条 关键词说明"],
)
def test_glossary_lines_count_only_under_a_glossary(heading: str) -> None:
    line = "外借：把登记在册的图书带出书屋。"
    assert terms(in_chapter(line, heading), "t.md") == ["外借"]
    assert terms(in_chapter(line), "t.md") == []


def test_fields_of_a_form_are_no_glossary() -> None:
    lines = "书屋名称：海豚书屋有限责任公司。\n联系方式：到书屋的柜台当面登记。\n外借：包括画册、杂志和其他读物。\n更多：请向书屋的柜台当面询问。"
    assert terms(in_chapter(lines, "一、定义")) == []


def test_stem_can_announce_a_glossary() -> None:
    assert terms("海豚书屋借阅规则\n第一条 本规则下列用语的含义：\n(一)外借：把登记在册的图书带出书屋；\n第二条 其他。") == [
        "外借"
    ]


@pytest.mark.parametrize(
    "term", ["我们", "您", "你", "本规则", "本公司", "平台", "公司", "用户", "甲方", "本隐私政策", "APP", "产品与/或服务"]
)
def test_words_of_address_are_pronouns(term: str) -> None:
    (found,) = definitions_of(parse(source_of(in_chapter(f"海豚书屋有限公司（以下简称“{term}”）负责管理。"))))
    assert (found.term, found.pronoun) == (term, True)


@pytest.mark.parametrize("term", ["书屋", "用户信息", "公司债券", "服务日志", "《规则汇编》", "我国图书法"])
def test_other_words_are_none(term: str) -> None:
    (found,) = definitions_of(parse(source_of(in_chapter(f"这些事项（以下简称“{term}”）另行规定。"))))
    assert (found.term, found.pronoun) == (term, False)


def test_pronouns_with_a_stroke_are_two() -> None:
    assert terms(in_chapter("现公布《借阅规则》（下称“本规则/本借阅规则”）。")) == ["本规则/本借阅规则"]
    assert terms(in_chapter("现公布《借阅规则》（下称“本规则/本使用规则”）。")) == ["本规则", "本使用规则"]


def test_a_definition_knows_its_place(tmp_path: Path) -> None:
    file = tmp_path / "海豚.txt"
    file.write_text(
        "海豚书屋借阅规则\n一、读者\n1、欢迎读者。馆藏图书是指登记在册的图书。请爱护。\n2、借书证(以下简称“书证”)每年更换。\n",
        "utf-8",
    )
    policy = parse(read_corpus(file)[0])
    books, card = definitions_of(policy)
    shown = [policy.source.text[slice(*d.span)] for d in (books, card)]
    assert shown == ["馆藏图书是指登记在册的图书。", "借书证(以下简称“书证”)每年更换。"]
    assert [(d.term, d.clause, d.anchor) for d in (books, card)] == [("馆藏图书", "一、1", "c1-1"), ("书证", "一、2", "c1-2")]


def test_what_says_the_meaning_goes_before_a_name_and_the_first_before_the_second() -> None:
    text = in_chapter("甲类图书（以下简称“图书”）存放一楼。\n“图书”是指装订成册的读物。\n“图书”是指所有的读物。")
    policy = parse(source_of(text))
    (found,) = definitions_of(policy)
    assert text[slice(*found.span)] == "“图书”是指装订成册的读物。"


def test_terms_stand_in_cells_too() -> None:
    text = "一、书目\n名称|说明\n---|---\n画册|画册（以下简称“图册”）存放二楼。\n杂志|存放一楼。\n"
    policy = parse(source_of(text, "t.md"))
    (found,) = definitions_of(policy)
    assert (found.term, found.clause) == ("图册", "一 表1 第1行")


def test_a_wrapped_line_goes_on_where_its_punctuation_says_so() -> None:
    text = in_chapter("海豚书屋负责管理本地所有的馆藏图书与读者登记的资料，\n以下统称“书务”。")
    policy = parse(source_of(text, "t.md"))
    (found,) = definitions_of(policy)
    assert text[slice(*found.span)].startswith("海豚书屋负责管理")


def test_a_long_sentence_is_cut_around_its_term() -> None:
    filler = "书屋每天清点一次书架上的图书，" * 35
    for sentence in (f"“清点”是指{filler}并登记。", f"{filler}以上做法（以下简称“清点”）照此办理。"):
        text = f"一、清点\n{sentence}\n"
        policy = parse(source_of(text))
        found = next(d for d in definitions_of(policy) if d.term == "清点")
        shown = text[slice(*found.span)]
        assert "清点”" in shown and len(shown) <= LONGEST and shown[-1] in "，。"


# uses


def used(text: str, defined: list[Definition]) -> list[str]:
    found = uses_of(defined, text, (0, len(text)))
    assert all(text[slice(*span)] == d.term for span, d in found)
    return [d.term for _, d in found]


def defined(*names: str) -> list[Definition]:
    return [Definition(name, (10_000, 10_010), "一", "c1") for name in names]


def test_longest_term_counts_and_each_only_once() -> None:
    text = "个人敏感图书与图书及个人敏感图书和图书。"
    assert uses_of(defined("图书", "个人敏感图书"), text, (0, len(text))) == [
        ((0, 6), defined("个人敏感图书")[0]),
        ((7, 9), defined("图书")[0]),
    ]


def test_only_the_span_is_read() -> None:
    text = "图书、图书、图书。"
    assert [span for span, _ in uses_of(defined("图书"), text, (2, 8))] == [(3, 5)]
    assert uses_of(defined("图书"), text, (4, 6)) == []


def test_a_definition_does_not_use_its_own_term() -> None:
    text = "一、图书\n“图书”是指成册的图书。图书要爱护。\n"
    policy = parse(source_of(text))
    found = definitions_of(policy)
    body = next(span for c in policy.clauses for span in c.spans)
    assert [span for span, _ in uses_of(found, text, body)] == [(text.index("图书要"), text.index("图书要") + 2)]


@pytest.mark.parametrize("term", ["C++读物", "a.b", "[图书]", "图书|杂志", "图书(甲)", "图.书", r"\d图", "^图书$", "图书?"])
def test_marks_of_regular_expressions_are_plain_letters(term: str) -> None:
    assert used(f"这里有{term}若干", defined(term)) == [term]
    assert used("这里有图书若干，图x书，a-b，7图", defined(term)) == []


def test_parts_of_other_words_are_no_uses() -> None:
    assert used("服务器、用户名、处理者、非会员", defined("服务", "用户", "处理", "会员")) == []
    assert used("APPLE、myAPP、APP2", defined("APP")) == []
    assert used("打开APP、会员服务", defined("APP", "会员", "服务")) == ["APP", "会员", "服务"]


def test_nothing_defined_nothing_used() -> None:
    assert uses_of([], "图书", (0, 2)) == []
    assert definitions_of(parse(source_of("一"))) == ()


def test_regex_marks_survive_the_way_from_definition_to_use() -> None:
    text = in_chapter("C++读物是指讲编程的图书。\n“书.证(新)”是指今年的书证。\n“书*证”是指去年的书证。")
    found = definitions_of(parse(source_of(text)))
    assert [d.term for d in found] == ["C++读物"]
    assert used("借阅C++读物", list(found)) == ["C++读物"]


# the policy in corpus/, and what holds for every text


def test_the_policy_defines_these(policy: Policy, clauses: dict[str, Clause]) -> None:
    found = {d.term: d for d in definitions_of(policy)}
    assert {term: d.pronoun for term, d in found.items()} == {
        "即分期超G会员": False,
        "我们": True,
        "本隐私政策": True,
        "我们的产品与/或服务": True,
        "第三方资金出借主体": False,
    }
    lender = found["第三方资金出借主体"]
    assert (lender.clause, lender.anchor) == ("一(一)1(4)", clauses["一(一)1(4)"].anchor)
    assert policy.source.text[slice(*lender.span)].startswith("当您使用即分期超G会员平台中")
    body = clauses["二(二)1"].spans[-1]
    assert [d.term for _, d in uses_of([d for d in found.values() if not d.pronoun], policy.source.text, body)] == [
        "即分期超G会员"
    ]


def check(policy: Policy) -> None:
    raw = policy.source.text
    own = {
        c.clause: (c.anchor, [s for role, s in zip(c.roles, c.spans, strict=True) if role in ("body", "cell")])
        for c in policy.clauses
    }
    found = definitions_of(policy)
    assert len({d.term for d in found}) == len(found)
    assert [d.span for d in found] == sorted(d.span for d in found)
    for d in found:
        anchor, spans = own[d.clause]
        assert d.anchor == anchor and 0 < d.span[1] - d.span[0] <= LONGEST
        assert any(start <= d.span[0] and d.span[1] <= end for start, end in spans)
        assert d.term in raw[slice(*d.span)] and (2 <= len(d.term) <= 20 or d.pronoun)
    for _, spans in own.values():
        for span in spans:
            uses = uses_of(found, raw, span)
            assert [s for s, _ in uses] == sorted(s for s, _ in uses)
            assert all(a[1] <= b[0] for (a, _), (b, _) in pairwise(uses))
            assert all(span[0] <= s[0] and s[1] <= span[1] for s, _ in uses)


def test_every_definition_stands_in_its_clause(any_policy: Policy) -> None:
    check(any_policy)


_PIECE = st.sampled_from(
    ["“", "”", "（", "）", "(", ")", "以下简称", "统称", "是指", "指", "：", "，", "。", "；", "\n", "甲乙", "我们", "本规则所称", "《", "》",
     "一、定义\n", "1、", "(一)", "**", "或", "/", "图书", "|", " ", "?", "*", "\\", "A"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_PIECE, st.text(max_size=6)), max_size=60), st.sampled_from(["t.txt", "t.md"]))
def test_any_text_keeps_the_rules(pieces: list[str], filename: str) -> None:
    check(parse(source_of("".join(pieces), filename)))


@pytest.mark.parametrize(
    "unit", ["“甲”", "（以下简称“甲", "， ", "以下简称", "甲乙是指", "“甲乙”、", "，指", "《甲》", "甲 -+/&", "**"]
)
def test_long_texts_take_no_time(unit: str) -> None:
    cell = (unit * 50_000)[:100_000]
    clause = Clause("t", "一", ("一、定义",), "clause", cell, ((0, len(cell)),), "c1", ("cell",), (0, len(cell)), 1)
    check(Policy(source_of(cell), (clause,), (), (), ()))
