from __future__ import annotations

import pytest
from samples import DATA, source_of

from assistant.address import Places
from assistant.clause import Clause, Policy
from assistant.clause_number import find_address, find_numbers, folded
from assistant.corpus import read_corpus
from assistant.parse import parse


def found(text: str, clauses: tuple[Clause, ...]) -> list[str]:
    address = find_address(text)
    return [clauses[i].clause for i in Places(clauses).resolve(address[0], range(len(clauses)))] if address else []


@pytest.mark.parametrize("written", ["五、4", "五4", "5.4", "５．４", "第五条第4款", "第5条第四款", "五（4）", "五、4讲的是什么"])
def test_one_clause_in_many_spellings(policy: Policy, written: str) -> None:
    assert found(written, policy.clauses) == ["五、4"]


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        ("第八条", ["八、1", "八、2"]), ("三（一）3(2)", ["三(一)3(2) 第1段", "三(一)3(2) 第2段"]), ("五、2 第3段", ["五、2 第3段"]),
        ("一(一)2表1序号8", ["一(一)2 表1 序号8"]), ("一(一)2 表2 第2行", ["一(一)2 表2 第2行"]), ("六", ["六、1", "六、2", "六、3"]),
        ("第九条", []), ("九、1", []), ("五、9", []),
    ],
)  # fmt: skip
def test_numbers_resolve_exactly_or_not_at_all(policy: Policy, written: str, numbers: list[str]) -> None:
    assert found(written, policy.clauses) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "一、两天能注销完吗",
        "五·一放假客服上班吗",
        "一、三季度有活动吗",
        "个人信息保护法第六条怎么规定的",
        "《民法典》第八条",
        "30天内答复吗",
        "保存3年还是5.5年",
        "2026年1月1日",
        "利率1.5倍",
        "怎么注销账户",
        "版本2.0.1",
    ],
)
def test_other_numbers_are_no_addresses(text: str) -> None:
    assert find_address(text) is None


def test_articles_of_a_statute() -> None:
    clauses = parse(read_corpus(DATA / "statute.txt")[0]).clauses
    assert found("第二条第二款", clauses) == ["第二条 第2款"]
    assert found("第106条", clauses) == found("第一百零六条", clauses) == ["第一百零六条"]
    assert found("第四条（二）", clauses) == ["第四条(二)"]
    assert found("第四条第二项", clauses) == found("第4条第1款第(二)项", clauses) == found("4条1款2项", clauses) == ["第四条(二)"]
    assert found("第四条第二款第二项", clauses) == found("第四条第三款", clauses) == found("第一条第二款", clauses) == []
    assert found("第四条", clauses) == ["第四条 第1款", "第四条(一)", "第四条(二)", "第四条(三)", "第四条 第2款"]
    assert found("第四条第一款", clauses) == ["第四条 第1款", "第四条(一)", "第四条(二)", "第四条(三)"]
    assert found("第一条第一款", clauses) == ["第一条"] and found("四、2", clauses) == []
    assert (
        found("第二章第四条第二款", clauses) == ["第四条 第2款"]
        and found("第一章第四条", clauses) == found("第三章", clauses) == []
    )
    assert found("第二章", clauses)[0] == "第三条" and "第二条 第1款" not in found("第二章", clauses)


@pytest.mark.parametrize(("text", "bare"), [("五、4讲的是什么", True), ("第八条", True), ("第八条和注销有什么关系", False)])
def test_a_question_may_ask_for_nothing_but_the_number(text: str, bare: bool) -> None:
    address = find_address(text)
    assert address and address[1] is bare


def test_every_clause_number_leads_to_its_clause(any_policy: Policy) -> None:
    for clause in any_policy.clauses:
        if clause.kind != "preamble":
            assert clause.clause in found(clause.clause, any_policy.clauses), clause.clause


def test_a_number_is_looked_for_in_one_policy_of_several(policy: Policy) -> None:
    other = parse(read_corpus(DATA / "statute.txt")[0])
    places = Places([*policy.clauses, *other.clauses])
    first = len(policy.clauses)
    both = range(first + len(other.clauses))
    for written in ("第四条", "第四条(二)", "第二章", "五、4", "五、2 第3段"):
        address = find_address(written)
        assert address
        alone = [Places(p.clauses).resolve(address[0], range(len(p.clauses))) for p in (policy, other)]
        assert places.resolve(address[0], range(first)) == alone[0], written
        assert places.resolve(address[0], range(first, both.stop)) == [first + n for n in alone[1]], written
        assert any(alone) and set(places.resolve(address[0], both)) <= {*alone[0], *(first + n for n in alone[1])}


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("第二条之一", (2, -1)), ("第２条", (2,)), ("第廿条", (20,)), ("第卅三条", (33,)), ("第卌条", (40,)), ("第3.2条", (3, 2)), ("第 1260 条", (1260,)),
        ("第一千二百六十条", (1260,)), ("55条", (55,)), ("第二條", (2,)), ("一、2a", (1, 2, "a")), ("1.2(b)", (1, 2, "b")), ("三（一）3（2）", (3, 1, 3, 2)),
        ("請問第八條說什麼", (8,)),
    ],
)  # fmt: skip
def test_spellings_of_numbers(text: str, steps: tuple[int | str, ...]) -> None:
    address = find_address(text)
    assert address and address[0].steps == steps and address[1]


def test_an_inserted_article_is_one_of_its_own() -> None:
    clauses = parse(source_of("第二条 甲。\n第二条之一 乙。\n第二条之二 丙。\n第三条 丁:\n(一)戊;\n(二)己。\n")).clauses
    assert (
        found("第二条", clauses) == ["第二条"]
        and found("第二条之二", clauses) == ["第二条之二"]
        and found("第三条之一", clauses) == []
    )
    assert found("第三条", clauses) == ["第三条", "第三条(一)", "第三条(二)"]


def test_an_article_number_alone_leads_to_every_number_in_a_text() -> None:
    numbers = find_numbers(folded("第十三条和第十五条第二款有什么不同"))
    assert [(number.address.steps, number.address.part) for number in numbers] == [((13,), 0), ((15,), 2)]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("第九十九条", "第一条～第一百零六条"), ("第四条第九款", "第四条第1款～第2款"), ("第一条第二款", "第一条"), ("第九章", "第一章～第二章"),
    ],
)  # fmt: skip
def test_what_there_is_instead_of_a_number(text: str, span: str) -> None:
    clauses = parse(read_corpus(DATA / "statute.txt")[0]).clauses
    address = find_address(text)
    assert address and Places(clauses).span(address[0], range(len(clauses))) == span


@pytest.mark.parametrize(("text", "span"), [("九、1", "一～八"), ("五、9", "五、1～五、5"), ("一(九)", "一(一)～一(四)")])
def test_what_there_is_instead_in_a_policy(policy: Policy, text: str, span: str) -> None:
    address = find_address(text)
    assert address and Places(policy.clauses).span(address[0], range(len(policy.clauses))) == span


@pytest.mark.parametrize(
    "piece", [" ", "1", "一", "(", "（一）", "第", "第1条", "第一章", "五、", "5.4", "《", "、", "廿", "条之一", "表1"]
)
def test_a_text_of_any_length_is_read(piece: str) -> None:
    text = (piece * 2000)[:2000]
    assert all(0 <= number.start < number.end <= len(text) for number in find_numbers(folded(text)))
