from __future__ import annotations

from dataclasses import replace

import pytest
from samples import source_of

from assistant.clause import Source
from assistant.clause_number import folded
from assistant.mentions import Titles
from assistant.titles import laws, names_of, part_of


def named(title: str, policy: str = "p", filename: str = "f.txt", **values: str) -> Source:
    return replace(source_of("正文", filename), title=title, policy=policy, **values)


TITLES = Titles(
    [
        named("中华人民共和国个人信息保护法", "pipl"),
        named("中华人民共和国公司法", "old", "公司法(2018-10-26).md"),
        named("中华人民共和国公司法", "new", "公司法(2023-12-29).md"),
        named("中华人民共和国民法典", "合同编", "合同编.md"),
        named("中华人民共和国民法典", "总则", "总则.md"),
        named("城市公园管理条例", "park"),
        named("云杉笔记隐私政策", "privacy", "privacy.md"),
        named("松果商城有限公司用户协议", "terms", version="V2.1"),
        named("隐私政策", "plain"),
        named("会员", "one-word"),
        named("反洗钱法", "money"),
    ]
)


def mentioned(text: str, titles: Titles = TITLES) -> list[tuple[str, ...]]:
    return [mention.policies for mention in titles.mentions(folded(text))]


@pytest.mark.parametrize(
    ("text", "policies"),
    [
        ("个保法对自动化决策怎么规定", ["pipl"]), ("中华人民共和国个人信息保护法说了什么", ["pipl"]), ("按个人信息保护法", ["pipl"]), ("個人信息保護法", ["pipl"]),
        ("《个人信息保护法》", ["pipl"]), ("《 个人信息 保护法 》怎么说", ["pipl"]), ("民法典怎么规定", ["合同编", "总则"]), ("民法典合同编怎么规定", ["合同编"]),
        ("《民法典》合同编怎么规定", ["合同编"]), ("民法典总则怎么规定", ["总则"]), ("公司法怎么规定", ["old", "new"]), ("公司法(2023)怎么规定", ["new"]),
        ("《公司法》（2018修正）怎么规定", ["old"]), ("《公司法(2018)》怎么规定", ["old"]), ("2023年公司法", ["new"]), ("新公司法怎么规定", ["new"]), ("旧公司法怎么规定", ["old"]),
        ("城市公园管理条例", ["park"]), ("云杉笔记隐私政策怎么注销", ["privacy"]), ("松果商城用户协议怎么退货", ["terms"]), ("反洗钱法怎么规定", ["money"]),
    ],
)  # fmt: skip
def test_names_that_can_mean_nothing_else(text: str, policies: list[str]) -> None:
    assert mentioned(text) == [tuple(policies)]


@pytest.mark.parametrize(
    "text",
    [
        "隐私政策怎么更新", "会员费能退吗", "公司法人是谁", "公司法务怎么联系", "取消法定继承", "总则里说了什么", "合同怎么签", "p 是什么",
        "privacy settings", "合同法律关系", "公司的办法", "劳动法怎么规定", "洗钱法律后果",
    ],
)  # fmt: skip
def test_common_words_name_no_document(text: str) -> None:
    assert mentioned(text) == []


@pytest.mark.parametrize(
    ("text", "policies"),
    [
        ("隐私政策第五条", [("privacy", "plain")]), ("云杉隐私政策二、4", [("privacy",)]), ("请问云杉的隐私声明二、4", [("privacy",)]), ("用户协议第3.2条", [("terms",)]),
        ("privacy 二、4", [("privacy",)]), ("privacy.md第二条", [("privacy",)]), ("公园条例第三条", [("park",)]), ("总则第三条", [("总则",)]), ("条例第三条", []),
        ("按照本法第三条", []), ("违反本条例第三条", []), ("微信隐私政策第五条", []), ("会员 五、4", [("one-word",)]),
    ],
)  # fmt: skip
def test_other_names_count_before_a_clause_number(text: str, policies: list[tuple[str, ...]]) -> None:
    assert mentioned(text) == policies


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("《票据法》怎么规定", "票据法"), ("劳动法第三条", "劳动法"), ("公司法(2013)第三条", "公司法(2013)"), ("《公司法》(2013)第三条", "公司法(2013)"),
        ("《微信用户协议》第三条", "微信用户协议"), ("个人信息保护法实施条例第三条", "个人信息保护法实施条例"), ("物业条例第三条", "物业条例"),
        ("国务院《关于实施《公司法》的规定》第三条", "关于实施《公司法》的规定"),
    ],
)  # fmt: skip
def test_a_document_that_is_not_there_is_named_too(text: str, title: str) -> None:
    (mention,) = TITLES.mentions(folded(text))
    assert (mention.title, mention.policies) == (title, ())


def test_a_mention_says_where_it_stands() -> None:
    text = folded("请问《个人信息 保护法》第十七条")
    (mention,) = TITLES.mentions(text)
    assert text[mention.start : mention.end] == "《个人信息 保护法》"


def test_several_documents_in_their_order() -> None:
    assert mentioned("公园条例第三条和个保法第六条") == [("park",), ("pipl",)]


def test_a_law_goes_by_its_full_and_short_names() -> None:
    telling, loose = names_of(named("中华人民共和国消费者权益保护法(2013修正)", "x1", "消法.txt"))
    assert {"消费者权益保护法", "消法", "消保法", "中华人民共和国消费者权益保护法(2013修正)"} <= telling
    assert {"x1", "消法.txt"} <= loose


def test_numbers_are_no_names() -> None:
    assert names_of(named("2024", "17", "3.txt")) == (set(), {"3.txt"})


@pytest.mark.parametrize(
    ("title", "policy", "part"),
    [
        ("中华人民共和国民法典", "合同编", "合同编"), ("民法典·人格权编", "x", "人格权编"), ("民法典", "总则", "总则编"),
        ("民法典(侵权责任编)", "x", "侵权责任编"), ("中华人民共和国民法典", "民法典", ""), ("民法典", "附则", "附则"),
    ],
)  # fmt: skip
def test_parts_of_the_civil_code(title: str, policy: str, part: str) -> None:
    assert part_of(named(title, policy)) == part


def test_a_code_in_one_file_goes_by_the_names_of_its_parts() -> None:
    assert mentioned("民法典物权编第209条", Titles([named("中华人民共和国民法典", "code")])) == [("code",)]


def test_no_short_name_belongs_to_two_laws() -> None:
    rows = {name: full for name, full in laws().items() if name != full}
    assert rows and all(full in laws() and laws()[full] == full for full in rows.values())
    assert not set(rows) & set(rows.values())
