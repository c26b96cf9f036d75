from __future__ import annotations

import pytest
from invariants import check
from samples import source_of

from assistant.blocks import split_lines
from assistant.clause import Clause, Policy
from assistant.parse import parse
from assistant.table_layouts import find_tables

LOCATION = "用于获取位置信息,便于录入详细地址、安全风控"


def rows_of(policy: Policy, table: str) -> list[Clause]:
    return [c for c in policy.clauses if c.clause.startswith(table)]


@pytest.mark.parametrize(("table", "count"), [("一(一)2 表1", 34), ("一(一)2 表2", 22), ("一(一)3 表1", 4), ("一(一)4 表1", 16)])
def test_four_tables_with_all_their_rows(policy: Policy, table: str, count: int) -> None:
    assert len(rows_of(policy, table)) == count


def test_every_location_row_has_its_inherited_purpose(clauses: dict[str, Clause]) -> None:
    for number in [f"一(一)2 表1 序号{n}" for n in range(8, 15)] + ["一(一)2 表2 序号3", "一(一)2 表2 序号4"]:
        assert clauses[number].text.splitlines()[-1].split(":", 1)[1] == LOCATION, number


def test_merged_column_is_the_right_one(clauses: dict[str, Clause]) -> None:
    for number in range(23, 32):
        lines = clauses[f"一(一)2 表1 序号{number}"].text.splitlines()
        assert lines[1] == "权限名称(安卓用户):用户主动提供" and lines[3] == "提供服务:用于完成实名认证与资信评估"
    assert clauses["一(一)2 表1 序号23"].text.splitlines()[2] == "涉及产品:工作单位"
    assert clauses["一(一)2 表1 序号3"].text.splitlines()[1] == "权限名称(安卓用户):写入外置存储器(WRITE_EXTERNAL_STORAGE)"
    for number in ("一(一)2 表1 序号32", "一(一)2 表2 序号20"):
        assert clauses[number].text.splitlines()[1:] == [
            clauses[number].text.splitlines()[1], "涉及产品:开户行名称", clauses[number].text.splitlines()[3],
        ]  # fmt: skip
        assert clauses[number].text.endswith("用于绑定银行卡、身份认证及交易功能")
    assert clauses["一(一)2 表1 序号34"].text.splitlines()[2] == "涉及产品:银行预留手机号"


def test_empty_cells_stay_empty(clauses: dict[str, Clause]) -> None:
    assert "涉及产品" not in clauses["一(一)2 表1 序号19"].text
    assert "权限名称" not in clauses["一(一)2 表1 序号20"].text
    assert (
        clauses["一(一)4 表1 第8行"].text
        == "sdk名称:高德地图 (com.amap)\n收集数据类型:设备识别信息、定位信息\n使用目的:用于经纬度的数据获取"
    )


def test_unnumbered_rows_are_cited_by_position(clauses: dict[str, Clause]) -> None:
    assert "录音(NSMicrophoneUsageDescription)" in clauses["一(一)2 表2 第2行"].text
    assert "紧急联系人" in clauses["一(一)2 表2 第18行"].text


def test_rows_under_a_ruled_line() -> None:
    text = "名称|公司|信息\n---|---|---\n地图|甲|位置\n乙|位置、设备\n推送|丙|标识|多余\n"
    (table,) = find_tables(text, split_lines(text))
    assert [[cell.words for cell in row.cells] for row in table.rows] == [
        ["地图", "甲", "位置"],
        ["地图", "乙", "位置、设备"],
        ["推送", "丙", "标识|多余"],
    ]
    assert table.rows[1].cells[0].inherited
    check(parse(source_of(text)))


def test_cells_and_bars_on_lines_of_their_own() -> None:
    text = "序号\n|\n服务\n|\n用途  \n\n---|---|---\n\n1\n|\n扫码\n|\n登录  \n\n2\n|\n分享\n|\n保存  \n\n请留意上表。\n"
    (table,) = find_tables(text, split_lines(text))
    assert [[cell.words for cell in row.cells] for row in table.rows] == [["1", "扫码", "登录"], ["2", "分享", "保存"]]
    policy = parse(source_of(text, "t.md"))
    check(policy)
    assert policy.clauses[-1].text == "请留意上表。"


def test_a_row_may_take_several_lines_until_two_blanks_end_it() -> None:
    text = (
        " **序号**|\n **名称**\n|\n **用途**  \n  \n---|---|---  \n"
        "甲服务 | 登录 |\n用于在您登录时核对身份，并记住您的选择  \n乙服务  \n丙服务 | 推送 | 发送\n消息  \n\n另请留意上表。  \n"
    )
    (table,) = find_tables(text, split_lines(text))
    assert [cell.words for cell in table.columns] == ["**序号**", "**名称**", "**用途**"]
    assert [[cell.words for cell in row.cells] for row in table.rows][0::2] == [
        ["甲服务", "登录", "用于在您登录时核对身份，并记住您的选择"],
        ["丙服务", "推送", "发送\n消息"],
    ]
    policy = parse(source_of(text, "t.md"))
    check(policy)
    assert "乙服务" in policy.clauses[1].text and policy.clauses[-1].text == "另请留意上表。"


def test_rows_between_bars_are_exact() -> None:
    text = "| 序号 | 信息 | 目的 |\n| --- | --- | --- |\n| 1 | 位置\\|轨迹 | 用于风控 |\n| 2 |  | ^^ |\n| 3 | 相机 |  |\n甲|乙"
    policy = parse(source_of(text))
    check(policy)
    assert [(c.clause, c.text) for c in policy.clauses] == [
        ("前言 表1 序号1", "序号:1\n信息:位置|轨迹\n目的:用于风控"),
        ("前言 表1 序号2", "序号:2\n目的:用于风控"),
        ("前言 表1 序号3", "序号:3\n信息:相机"),
        ("前言", "甲|乙"),
    ]
    assert policy.clauses[1].roles == ("column", "cell", "column", "inherited")
