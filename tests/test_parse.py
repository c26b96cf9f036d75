from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invariants import check
from samples import DATA, source_of

from assistant.clause import Clause, Policy
from assistant.parse import parse


def test_every_character_belongs_to_one_place(any_policy: Policy) -> None:
    check(any_policy)


def test_clause_tree_is_the_reviewed_one(policy: Policy) -> None:
    """tests/data/corpus_tree.jsonl was read against the policy line by line; `make tree` writes it anew after a review."""
    expected = [json.loads(line) for line in (DATA / "corpus_tree.jsonl").read_text("utf-8").splitlines()]
    assert tree(policy) == expected


def tree(policy: Policy) -> list[dict[str, object]]:
    """The outline of a parsed policy: headings and clauses in reading order, words shortened to their ends."""
    raw = policy.source.text
    rows: list[tuple[int, dict[str, object]]] = [
        (h.span[0], {"line": h.line, "heading": h.number, "depth": h.depth, "title": h.title}) for h in policy.headings
    ]
    for c in policy.clauses:
        own = [raw[slice(*span)] for span, role in zip(c.spans, c.roles, strict=True) if role in ("body", "cell")]
        stem = [raw[slice(*span)] for span, role in zip(c.spans, c.roles, strict=True) if role == "stem"]
        inherited = [raw[slice(*span)] for span, role in zip(c.spans, c.roles, strict=True) if role == "inherited"]
        row: dict[str, object] = {
            "line": c.line, "clause": c.clause, "kind": c.kind, "anchor": c.anchor, "under": [s[:12] for s in c.path],
            "own": own if c.kind == "table_row" else [f"{own[0][:10]}…{own[0][-8:]}"],
        }  # fmt: skip
        row |= {"stem": stem[0]} if stem else {}
        row |= {"inherited": inherited} if inherited else {}
        row |= {"refers": [r.target for r in c.references]} if c.references else {}
        rows.append((c.place[0], row))
    rows += [(f.span[0], {"furniture": f.kind, "words": raw[slice(*f.span)][:16]}) for f in policy.furniture]
    return [row for _, row in sorted(rows, key=lambda item: item[0])]


def test_contents_list_is_no_clause_but_the_paragraphs_around_it_are(policy: Policy) -> None:
    contents = [policy.source.text[slice(*f.span)] for f in policy.furniture if f.kind == "contents"]
    assert contents[0] == "本政策将帮助您了解以下内容:" and len(contents) == 9
    assert [c.line for c in policy.clauses if c.kind == "preamble"] == [3, 13, 14]


def test_two_paragraphs_under_one_number_are_two_clauses(clauses: dict[str, Clause]) -> None:
    assert clauses["五、3 第1段"].text.startswith("您可以通过删除信息")
    assert clauses["五、3 第2段"].text.startswith("请您理解")
    assert clauses["五、3 第2段"].path == ("五、您如何管理您的个人信息", "3、改变您授权同意的范围或撤回您的授权")


def test_same_item_under_two_lists_carries_two_stems(clauses: dict[str, Clause]) -> None:
    exempt, refused = clauses["一(三)1"], clauses["五、5(1)"]
    assert exempt.text.splitlines()[0] == "您充分知晓,以下情形中,我们收集、使用个人信息无需征得您的授权同意:"
    assert refused.text.splitlines()[0] == "在以下情形中,按照法律法规要求,我们将无法响应您的请求:"
    assert exempt.text.splitlines()[1] == "1、与国家安全、国防安全有关的;"
    assert exempt.roles == refused.roles == ("stem", "body")


def test_paragraphs_after_a_list_belong_to_what_holds_the_list(clauses: dict[str, Clause]) -> None:
    assert clauses["三(一)3(2) 第2段"].text.startswith("除非您同意")
    partners = [clauses[f"三(一)3 第{n}段"].text.split("。")[0] for n in range(3, 8)]
    assert partners == [
        "征信、核验及查询服务合作方", "服务平台或服务提供商", "软硬件/系统服务提供商", "广告、调研、分析、咨询类服务商", "催收类服务商",
    ]  # fmt: skip
    assert clauses["五、2 第3段"].text.startswith("收到您的删除请求后")


def test_references_lead_to_their_article_or_are_reported(policy: Policy, clauses: dict[str, Clause]) -> None:
    (reference,) = clauses["四(一)3(3)"].references
    assert (reference.words, reference.target) == ("本政策第八条【如何联系我们】", "八")
    assert clauses["一(二)8 第2段"].references[0].target is None
    assert [(d.line, "详见附表" in d.message) for d in policy.doubts] == [(325, True)]


def test_articles_are_cited_without_their_chapter() -> None:
    from assistant.corpus import read_corpus

    statute = parse(read_corpus(DATA / "statute.txt")[0])
    by_number = {c.clause: c for c in statute.clauses}
    assert by_number["第二条 第2款"].text == "动物园、植物园参照本条例执行。"
    assert by_number["第四条 第2款"].text == "违反前款规定的,处五十元以上二百元以下罚款。"
    assert by_number["第四条(二)"].text.startswith("游人不得有下列行为:")
    assert by_number["第五条"].references[0].target == "第三条"
    assert "第一百零六条" in by_number


def test_markdown_marks_and_broken_lines_are_layout() -> None:
    from assistant.corpus import read_corpus

    service = {c.clause: c for c in parse(read_corpus(DATA / "service.md")[0]).clauses}
    assert "如您不提供手机号，\n我们将无法为您创建账号" in service["一、1"].text
    assert "**" not in service["一、1"].text
    assert service["二(二)"].path[-1] == "（二）退款"


def test_long_paragraph_is_cut_at_sentences() -> None:
    text = "一、说明\n" + "我们会妥善保管您提供的全部资料。" * 100
    policy = parse(source_of(text))
    check(policy)
    assert [c.clause for c in policy.clauses] == [f"一 第{n}段" for n in range(1, len(policy.clauses) + 1)]
    assert all(len(c.text) <= 700 and c.text.endswith("。") for c in policy.clauses)


@pytest.mark.parametrize(
    "text",
    [
        "一",
        "|",
        "||||\n|||\n||\n|\n",
        "1、",
        "(一)\n(二)",
        "目录\n1、甲\n2、乙\n3、丙",
        "第一条",
        "甲 |\n乙 |\n||\n||\n",
        "\ufeff一、甲\r\n乙。\r\n",
    ],
)
def test_odd_texts_lose_nothing(text: str) -> None:
    check(parse(source_of(text)))


def test_lines_of_links_take_no_time() -> None:
    text = "[](u) [a" * 60 + "](u) 帮助中心\n" + "[a](b) " * 300 + "甲\n" + "没有编号的一段话。\n" * 5000
    assert parse(source_of(text)).clauses[-1].text == "没有编号的一段话。"


_PIECE = st.sampled_from(
    ["一、甲方", "二、乙方", "(一)范围", "（二）期限", "1、收集", "2、使用:", "(1)手机号;", "①其他。", "a.其他", "第三条 定义", "1.1 通则",
     "序号 |", "名称 |", "1 |", "||", "|", "---|---", "甲|乙", "**粗体**", "# 标题", "==========", "我们会保存您的信息。", "包括以下内容:",
     "您可以随时联系我们，", "  ", "\t", "\u3000", "", "目录", "详见附件二", "本政策第二条"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(_PIECE, st.text(max_size=12)), max_size=40), st.sampled_from(["t.txt", "t.md"]))
def test_any_mixture_of_lines_loses_nothing(lines: list[str], filename: str) -> None:
    check(parse(source_of("\n".join(lines), filename)))


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("一、服务\n1、\n本服务由我们提供，您同意后使用。\n2、\n您可以随时停止使用。\n", "一、2", "2、\n您可以随时停止使用。"),
        ("1. 服务\n**1.1**\n**您同意后使用本服务，我们才会收集信息。**\n", "1.1", "1.1\n您同意后使用本服务，我们才会收集信息。"),
        ("第一章\n总则\n第一条\n为了规范经营，制定本办法。\n", "第一条", "第一条\n为了规范经营，制定本办法。"),
        ("一、范围\n（一）\n本政策适用于网站。\n", "一(一)", "（一）\n本政策适用于网站。"),
    ],
)
def test_a_number_on_a_line_of_its_own_is_that_of_the_next_line(text: str, number: str, words: str) -> None:
    policy = parse(source_of(text, "t.md"))
    check(policy)
    assert policy.clauses[-1].clause == number and policy.clauses[-1].text == words


def test_a_number_that_is_a_cell_or_stands_before_a_number_stays_alone() -> None:
    policy = parse(source_of("版本\n2.0\n安卓版\n一、\n二、您的权利\n您可以查询。\n"))
    check(policy)
    assert [h.title for h in policy.headings] == ["二、您的权利"] and "2.0" in [c.text for c in policy.clauses]


def test_headings_with_fewer_marks_hold_those_with_more() -> None:
    text = "## 二、共享\n### 共享的原则\n我们只共享必要的信息。\n1、合法\n有正当目的。\n### 共享的对象\n关联公司。\n## 三、其他\n以上条款长期有效。\n"
    policy = parse(source_of(text, "t.md"))
    check(policy)
    assert [(h.title, h.depth) for h in policy.headings] == [
        ("二、共享", 0), ("共享的原则", 1), ("1、合法", 2), ("共享的对象", 1), ("三、其他", 0),
    ]  # fmt: skip
    assert [(c.clause, c.path[1:2]) for c in policy.clauses] == [
        ("二 第1段", ("共享的原则",)), ("二、1", ("共享的原则",)), ("二 第2段", ("共享的对象",)), ("三", ()),
    ]  # fmt: skip


def test_names_in_brackets_stand_below_the_number_before_them() -> None:
    policy = parse(source_of("八、争议\n协商解决。\n九、其他\n【可分性】\n一条无效, 其余有效。\n【标题】\n标题只为方便。\n"))
    check(policy)
    assert [c.path for c in policy.clauses[1:]] == [("九、其他", "可分性"), ("九、其他", "标题")]


def test_a_list_number_before_a_heading_is_none_of_its_words() -> None:
    policy = parse(source_of("5. ## 四、披露\n依法披露。\n6. ## 五、联系\n来电即可。\n", "t.md"))
    check(policy)
    assert [h.title for h in policy.headings] == ["四、披露", "五、联系"] and not policy.doubts


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("一、甲\n正文完整。\n三、乙\n正文完整。\n", 3, "编号不连续: 1 之后是 3"),
        ("一、甲\n1、说明。\n1、再说明。\n", 3, "编号 一、1 第 2 次出现"),
        ("一、甲\n信息（如手机号\n一直保存。\n", 2, "一 第1段 里的「（」没有合上"),
        ("一、甲\n详见附表一。\n", 2, "一 提到「详见附表一」, 但文中没有这个地方"),
        ("第一章 总则\n第二章 义务\n第一条 应当守法。\n", 1, "标题「第一章 总则」下面没有正文"),
    ],
)
def test_what_is_doubtful_is_said_with_its_line(text: str, line: int, message: str) -> None:
    assert (line, message) in [(doubt.line, doubt.message) for doubt in parse(source_of(text)).doubts]


def test_closed_brackets_of_both_widths_and_marks_of_numbers_are_no_doubt() -> None:
    assert not parse(source_of("一、甲\n1)信息(如手机号）和“地址”；\n2)其他【一】。\n")).doubts


@pytest.mark.parametrize("line", ["- 1. #", "2. ##", "1. # **", "**1\\.**", "（a）", "^^", "| |", "1、", "第一条"])
def test_a_line_of_marks_between_others_does_no_harm(line: str) -> None:
    for text in (line, f"一、甲\n{line}\n乙说明。\n", f"甲|乙\n---|---\n{line}\n丙|丁\n"):
        for name in ("t.md", "t.txt"):
            check(parse(source_of(text, name)))
