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


def test_a_cell_alone_in_its_row_does_not_end_a_table() -> None:
    row = "{}\n|\n{}\n|\n{}  \n\n"
    text = row.format("名称", "用途", "信息") + "---|---|---  \n\n" + row.format("甲统计", "分析", "设备") + "网络状态  \n\n"
    policy = parse(source_of(text + row.format("乙统计", "1.分析；2.投放", "位置") + "请留意上表。\n", "t.md"))
    check(policy)
    assert [c.kind for c in policy.clauses] == ["table_row"] * 3 + ["preamble"] and not policy.headings
    assert "网络状态" in policy.clauses[1].text and "1.分析；2.投放" in policy.clauses[2].text


LONG = "我们会在您使用服务时收集这些信息，用于核对身份。"


@pytest.mark.parametrize(("head", "one", "two"), [("目的", 40, 40), ("目的", 20, 60), ("说明" * 400, 35, 3), ("目的", 90, 1)])
def test_a_row_over_the_limit_is_cut_at_sentences_and_between_cells(head: str, one: int, two: int) -> None:
    text = f"## 一、收集\n| 序号 | 功能 | 信息 | {head} |\n|---|---|---|---|\n| 7 | 登录 | {LONG * one} | {LONG * two} |\n| 8 | 支付 | ^^ | 付款 |\n"
    policy = parse(source_of(text, "t.md"))
    check(policy)
    pieces = [c for c in policy.clauses if "序号7" in c.clause]
    assert [c.clause for c in pieces] == [f"一 表1 序号7 第{n}段" for n in range(1, len(pieces) + 1)] and len(pieces) > 1
    assert [c.anchor for c in pieces] == [f"c1-t1-7-p{n}" for n in range(1, len(pieces) + 1)]
    own = [text[slice(*s)] for c in pieces for s, role in zip(c.spans, c.roles, strict=True) if role == "cell"]
    assert "".join(own) == f"7登录{LONG * (one + two)}"
    for piece in policy.clauses:
        assert len(piece.text) <= 700 and piece.text.startswith(f"序号:{7 + (piece not in pieces)}\n功能:")
        assert piece.text[-1] == "。" or piece not in pieces
    assert policy.clauses[-1].text.endswith("付款") and not policy.doubts


def test_the_number_of_a_row_names_all_its_pieces() -> None:
    from assistant.address import Places
    from assistant.clause_number import find_address

    text = f"## 一、收集\n| 序号 | 信息 |\n|---|---|\n| 1 | {LONG * 60} |\n| 2 | 位置 |\n"
    clauses = parse(source_of(text, "t.md")).clauses
    found = find_address("一表1序号1")
    assert found and Places(clauses).resolve(found[0], range(len(clauses))) == list(range(len(clauses) - 1))


TAGGED = """## 一、收集

<table border="1">
  <thead><tr><th>功能</th><th colspan=2>信息</th><th>目的</th></tr></thead>
  <tbody>
  <tr><td rowspan="2"><b>登录</b></td><td>手机号</td><td>验证码</td><td ROWSPAN='2'>核对身份<br/>保护账号</td></tr>
  <tr><td>头像<td>昵称
  <tr><td>支付</td><td colspan="2">银行卡</td><td></td></tr>
  </tbody>
</table>

请留意上表。
"""


@pytest.mark.parametrize("filename", ["t.md", "t.txt"])
@pytest.mark.parametrize("text", [TAGGED, TAGGED.replace("\n  ", ""), TAGGED.replace("<tbody>", "").replace("</tbody>", "")])
def test_a_table_written_as_html_has_its_merged_cells(text: str, filename: str) -> None:
    policy = parse(source_of(text, filename))
    check(policy)
    assert [(c.clause, c.text) for c in policy.clauses] == [
        ("一 表1 第1行", "功能:登录\n信息:手机号\n验证码\n目的:核对身份 保护账号"),
        ("一 表1 第2行", "功能:登录\n信息:头像\n昵称\n目的:核对身份 保护账号"),
        ("一 表1 第3行", "功能:支付\n信息:银行卡"),
        ("一", "请留意上表。"),
    ]
    assert [policy.clauses[1].roles.count(role) for role in ("inherited", "cell")] == [2, 2]


@pytest.mark.parametrize(
    "text",
    [
        "见<table><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td><td>丁</td></tr></table>所示。",
        "<table>\n<tr><td>甲</td></tr>\n<tr><td>乙</td></tr>\n</table>",
        "<table>\n<tr>说明<td>甲</td><td>乙</td></tr>\n<tr><td>丙</td><td>丁</td></tr>\n</table>",
        "<table>\n<tfoot><tr><td>甲</td><td>乙</td></tr></tfoot>\n<tr><td>丙</td><td>丁</td></tr>\n</table>",
        "<td>甲</td></table><table>",
    ],
)
def test_what_is_no_table_of_rows_and_columns_stays_text(text: str) -> None:
    assert not find_tables(text, split_lines(text))
    check(parse(source_of(text, "t.md")))
