from __future__ import annotations

import pytest

from assistant import numbering


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("一", 1),
        ("十", 10),
        ("十三", 13),
        ("二十", 20),
        ("一百零六", 106),
        ("一千二百六十", 1260),
        ("二〇二六", 2026),
        ("13", 13),
        ("①", 1),
        ("１２", 12),
        ("x", 0),
    ],
)
def test_value_of(written: str, value: int) -> None:
    assert numbering.value_of(written) == value


@pytest.mark.parametrize(
    ("line", "family", "label"),
    [
        ("第一千二百六十条 本法自", "条", "第一千二百六十条"), ("第十条之一 对", "条", "第十条之一"), ("一、引言", "一、", "一"), ("（二）共享", "(一)", "(二)"),
        ("(3)实名", "(1)", "(3)"), ("12、其他", "1、", "12"), (r"4\. 注销", "1、", "4"), ("5.4 删除", "1.1", "5.4"), ("1.2.3 例外", "1.1.1", "1.2.3"),
        ("①甲方", "①", "①"), ("a.冒用", "a.", "a"), ("2)乙方", "1)", "2)"), ("第二章 管理", "章", "第二章"), ("第一部分 定义", "编", "第一部分"),
    ],
)  # fmt: skip
def test_marker(line: str, family: str, label: str) -> None:
    marker = numbering.match(line)
    assert marker and (marker.family.name, marker.label) == (family, label)


@pytest.mark.parametrize(
    "line", ["第三条规定的情形", "第五条、第六条所称", "30天内答复", "2020年12月", "1.5倍", "11.5%", "一般情况下", "a", ""]
)
def test_no_marker(line: str) -> None:
    assert numbering.match(line) is None


@pytest.mark.parametrize(
    ("labels", "written"),
    [
        ([("一、", "五"), ("1、", "4")], "五、4"), ([("一、", "一"), ("(一)", "(一)"), ("1、", "2")], "一(一)2"),
        ([("一、", "三"), ("(一)", "(一)"), ("1、", "3"), ("(1)", "(2)")], "三(一)3(2)"), ([("章", "第二章"), ("条", "第四条"), ("(一)", "(二)")], "第四条(二)"),
        ([("1、", "5"), ("1.1", "5.4")], "5.4"), ([("条", "第二条"), ("1.1", "2.4"), ("1.1.1", "2.4.1")], "2.4.1"), ([("条", "第二条"), ("1.1", "1.1")], "第二条1.1"),
    ],
)  # fmt: skip
def test_join(labels: list[tuple[str, str]], written: str) -> None:
    assert numbering.join(labels) == written
