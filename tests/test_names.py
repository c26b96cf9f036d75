"""Headings that no number and no mark shows, and numbered lines that are names or not."""

from __future__ import annotations

import pytest
from invariants import check
from samples import source_of

from assistant.clause import Policy
from assistant.parse import parse

STATED = "我们会按照合法、正当、必要的原则，收集您在使用服务时主动提供的信息。"


def read(text: str, name: str = "t.md") -> Policy:
    policy = parse(source_of(text, name))
    check(policy)
    return policy


def headings(text: str, name: str = "t.md") -> list[tuple[str, int]]:
    return [(heading.title, heading.depth) for heading in read(text, name).headings]


def test_a_question_above_its_answer_is_a_heading() -> None:
    text = f"示例政策\n{STATED}\n我们会收集哪些信息？\n{STATED}\n就收集的时间而言，请见上文。您有什么权利？\n{STATED}\n"
    assert headings(text, "t.txt") == [("我们会收集哪些信息？", 0)]


def test_a_name_stands_apart_from_a_paragraph_without_a_stop() -> None:
    text = f"示例政策\n{STATED}\n您可以在设置里关闭消息的推送，也可以回复短信退订我们发送的营销信息\n注销账号\n您可以在客户端里申请注销账号，注销之后我们将删除您的信息\n"
    assert headings(text) == [("注销账号", 0)]
    assert [c.text for c in read(text).clauses][1:] == [text.split("\n")[2], text.split("\n")[4]]


def test_half_a_sentence_is_no_name() -> None:
    text = f"示例政策\n{STATED}\n当您使用家庭通讯录\n时，您可以自主修改您在通讯录中的部分信息，这些信息会存储在服务器上。\n尊敬的用户：\n{STATED}\n"
    assert headings(text, "t.txt") == []


def test_a_bullet_above_a_paragraph_is_a_heading_and_one_among_bullets_is_none() -> None:
    text = f"# 示例政策\n## 一、功能\n下面说明各项功能。\n● 注册登录\n{STATED}\n## 二、权限\n您可以关闭：\n● 相机\n● 位置\n{STATED}\n"
    assert headings(text) == [("一、功能", 0), ("注册登录", 1), ("二、权限", 0)]


def test_a_name_with_a_colon_ends_where_its_bullets_end() -> None:
    text = "## 一、地图\n服务提供者：示例公司\n功能用途：\n+ 位置展示\n+ 路线规划\n隐私政策：见官方网站\n## 二、其他\n您同意并承诺：\n+ 年满十八周岁\n"
    policy = read(text)
    assert [heading.title for heading in policy.headings] == ["一、地图", "功能用途：", "二、其他"]
    assert [(c.text, c.path[1:]) for c in policy.clauses][:4] == [
        ("服务提供者：示例公司", ()),
        ("位置展示", ("功能用途：",)),
        ("路线规划", ("功能用途：",)),
        ("隐私政策：见官方网站", ()),
    ]


def test_a_line_above_a_table_is_its_heading() -> None:
    text = "### 1.1 地图功能\n示例地图SDK（com.example.map）\n| 信息 | 目的 |\n| --- | --- |\n| 位置 | 用于定位 |\n"
    policy = read(text)
    assert headings(text) == [("1.1 地图功能", 0), ("示例地图SDK（com.example.map）", 1)]
    assert policy.clauses[0].path[-1] == "示例地图SDK（com.example.map）"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        (f"1、转让\n{STATED}\n2、公开披露。\n{STATED}\n3、适用中国法律。\n", ["1、转让", "2、公开披露。"]),
        (f"一、{STATED}\n二、{STATED}\n三、我们拥有最终解释权。\n{STATED}\n", []),
        (f"1、点击我的\n2、点击设置\n3、点击注销账号\n{STATED}\n", []),
        (f"1、转让\n2、设备信息\n{STATED}\n3、日志信息\n{STATED}\n", ["2、设备信息", "3、日志信息"]),
        ("以下言论会被删除：\n（1）没有依据的言论\n（2）具有广告性质\n● 推销商品\n● 招揽顾客\n", []),
    ],
)
def test_lines_of_one_list_are_alike(text: str, titles: list[str]) -> None:
    assert [title for title, _ in headings(text, "t.txt")] == titles


def test_names_that_look_alike_stand_at_one_height() -> None:
    text = f"您提供的信息\n{STATED}\n我们收集的信息\n我们会在您使用服务时收集以下这些类型的个人信息：\n（1）账号\n{STATED}\n（2）设备\n{STATED}\n我们保存的信息\n{STATED}\n"
    assert headings(f"# 示例政策\n{STATED}\n{text}") == [
        ("您提供的信息", 0),
        ("我们收集的信息", 0),
        ("（1）账号", 1),
        ("（2）设备", 1),
        ("我们保存的信息", 0),
    ]


def test_a_stem_between_items_belongs_to_what_holds_them() -> None:
    text = (
        "### 第一节 广告\n不得发布广告，包括：\n第一条 重复发布；\n第二条 批量发布。\n不得恶意营销，包括：\n第三条 冒充他人。\n"
    )
    clauses = read(text).clauses
    assert [c.path for c in clauses] == [("第一节 广告",)] * 5
    assert clauses[4].text == "不得恶意营销，包括：\n第三条 冒充他人。"
