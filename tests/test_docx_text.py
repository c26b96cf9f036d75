from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from docx import Document
from invariants import check
from papers import add, clauses, element, numbered, saved

from assistant import AssistantError
from assistant.corpus import read_bytes
from assistant.docx_text import extract
from assistant.parse import parse
from assistant.word_numbers import written


def lines(document: Any) -> list[str]:
    return [line for line in extract(saved(document), "x.docx").text.splitlines() if line]


def notes(document: Any) -> str:
    return "\n".join(note.message for note in extract(saved(document), "x.docx").notes)


def rezipped(data: bytes, change: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change.get(entry.filename, old.read(entry)))
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name])
    return out.getvalue()


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("chineseCounting", {1: "一", 10: "十", 12: "十二", 20: "二十", 35: "三十五"}),
        ("chineseCountingThousand", {101: "一百零一", 110: "一百一十", 1002: "一千零二"}),
        ("ideographTraditional", {1: "甲", 10: "癸"}),
        ("japaneseCounting", {11: "十一"}),
        ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "㉑"}),
        ("lowerLetter", {1: "a", 27: "aa"}),
        ("upperRoman", {4: "IV", 1999: "MCMXCIX"}),
        ("lowerRoman", {9: "ix"}),
        ("decimalZero", {3: "03"}),
        ("chineseLegalSimplified", {12: "壹拾贰"}),
        ("unheard-of", {7: "7"}),
    ],
)
def test_formats_of_numbers(form: str, numbers: dict[int, str]) -> None:
    assert {n: written(n, form) for n in numbers} == numbers


def test_automatic_numbers_become_the_numbers_of_clauses() -> None:
    document = numbered([("chineseCounting", "%1、"), ("chineseCounting", "(%2)"), ("decimal", "%3.")])
    document.add_heading("示例政策", 0)
    add(document, "收集的信息", 0, style="Heading 1")
    add(document, "注册时", 1, style="Heading 2")
    add(document, "我们收集您的手机号。", 2)
    add(document, "我们收集您的设备型号。", 2)
    add(document, "付款时", 1, style="Heading 2")
    add(document, "我们收集您的卡号。", 2)
    add(document, "信息的保存", 0, style="Heading 1")
    add(document, "我们保存三年。", 2)
    found = clauses("示例.docx", saved(document))
    assert {number: clause.text for number, clause in found.items()} == {
        "一(一)1": "1. 我们收集您的手机号。",
        "一(一)2": "2. 我们收集您的设备型号。",
        "一(二)1": "1. 我们收集您的卡号。",
        "二、1": "1. 我们保存三年。",
    }
    assert found["一(二)1"].path == ("一、收集的信息", "(二) 付款时")


def test_levels_that_name_their_parents_start_again_and_count_on() -> None:
    document = numbered([("chineseCounting", "第%1章"), ("decimal", "%1.%2"), ("lowerRoman", "%1.%2.%3")])
    for text, level in [("甲", 0), ("乙", 1), ("丙", 2), ("丁", 2), ("戊", 1), ("己", 0), ("庚", 1)]:
        add(document, text, level)
    assert lines(document) == ["第一章 甲", "一.1 乙", "一.1.i 丙", "一.1.ii 丁", "一.2 戊", "第二章 己", "二.1 庚"]


def test_legal_levels_starts_overrides_and_restarts() -> None:
    document = numbered(
        [("upperRoman", "%1"), ("decimal", "%1.%2")],
        extra='<w:lvlOverride w:ilvl="0"><w:startOverride w:val="3"/></w:lvlOverride>',
    )
    root = document.part.numbering_part.element
    levels = root[0]
    levels[1].append(element("<w:isLgl/>"))
    levels[1].append(element('<w:lvlRestart w:val="0"/>'))
    root.append(element('<w:num w:numId="78"><w:abstractNumId w:val="77"/></w:num>'))
    for text, level, number in [("甲", 0, "77"), ("乙", 1, "77"), ("丙", 0, "77"), ("丁", 1, "78"), ("戊", 0, "78")]:
        add(document, text, level, number)
    assert lines(document) == ["III 甲", "3.1 乙", "IV 丙", "4.2 丁", "V 戊"]


def test_numbers_through_styles_and_what_they_are_based_on() -> None:
    document = numbered([("chineseCounting", "第%1条"), ("decimal", "%2、")])
    base = document.styles.add_style("条文", 1)
    base.element.get_or_add_pPr().append(element('<w:numPr><w:numId w:val="77"/></w:numPr>'))
    derived = document.styles.add_style("条文加粗", 1)
    derived.base_style = base
    item = document.styles.add_style("条文子项", 1)
    item.base_style = base
    item.element.get_or_add_pPr().append(element('<w:numPr><w:ilvl w:val="1"/></w:numPr>'))
    document.add_paragraph("为了保护用户, 制定本规则。", "条文加粗")
    document.add_paragraph("手机号;", "条文子项")
    document.add_paragraph("", "条文子项")
    document.add_paragraph("本规则自发布之日起施行。", "条文")
    bare = document.add_paragraph("附言", "条文")
    bare._p.get_or_add_pPr().append(element('<w:numPr><w:numId w:val="0"/></w:numPr>'))
    assert lines(document) == ["第一条 为了保护用户, 制定本规则。", "1、手机号;", "第二条 本规则自发布之日起施行。", "附言"]


def test_headings_by_outline_by_style_and_by_chinese_names() -> None:
    document = Document()
    named = document.styles.add_style("标题 3", 1)
    below = document.styles.add_style("自定义", 1)
    below.base_style = named
    outlined = document.add_paragraph("按大纲")
    outlined._p.get_or_add_pPr().append(element('<w:outlineLvl w:val="1"/>'))
    document.add_paragraph("按名字", "标题 3")
    document.add_paragraph("按继承", "自定义")
    document.add_heading("按样式", 4)
    body = document.add_paragraph("其实是正文", "标题 3")
    body._p.get_or_add_pPr().append(element('<w:outlineLvl w:val="9"/>'))
    assert lines(document) == ["## 按大纲", "### 按名字", "### 按继承", "#### 按样式", "其实是正文"]


def test_tables_keep_every_cell_under_its_column() -> None:
    document = Document()
    document.add_heading("一、收集的信息", 1)
    table = document.add_table(4, 3)
    words = [["序号", "信息", "目的"], ["1", "位置|轨迹", "用于风控"], ["2", "相机\n照片", ""], ["3", "", "用于登录"]]
    for row, line in zip(table.rows, words, strict=True):
        for cell, word in zip(row.cells, line, strict=True):
            cell.text = word
    table.cell(1, 2).merge(table.cell(2, 2)).text = "用于风控"
    (source,) = read_bytes("x.docx", saved(document))
    policy = parse(source)
    check(policy)
    assert [c.text for c in policy.clauses] == [
        "序号:1\n信息:位置|轨迹\n目的:用于风控",
        "序号:2\n信息:相机 照片\n目的:用于风控",
        "序号:3\n目的:用于登录",
    ]
    assert [c.clause for c in policy.clauses] == [f"一、表1 序号{n}" for n in (1, 2, 3)] or policy.clauses[0].clause.endswith(
        "表1 序号1"
    )
    assert policy.clauses[1].roles[-1] == "inherited" and policy.clauses[0].roles[-1] == "cell"


def test_cells_side_by_side_layout_tables_and_tables_in_tables() -> None:
    document = Document()
    table = document.add_table(3, 3)
    for cell, word in zip(table._cells, "甲乙丙丁戊己庚辛壬", strict=True):
        cell.text = word
    table.cell(1, 0).merge(table.cell(1, 1)).text = "合"
    table.cell(2, 2).add_table(1, 2).cell(0, 1).text = "内"
    document.add_paragraph("之后")
    frame = document.add_table(1, 2)
    frame.cell(0, 0).text, frame.cell(0, 1).text = "一、左栏", "右栏"
    assert lines(document) == [
        "| 甲 | 乙 | 丙 |",
        "| --- | --- | --- |",
        "| 合 |  | 己 |",
        "| 庚 | 辛 | 壬 内 |",
        "之后",
        "一、左栏",
        "右栏",
    ]


def test_tracked_changes_comments_and_hidden_words() -> None:
    document = Document()
    paragraph = document.add_paragraph("我们保存")
    paragraph._p.append(element('<w:del w:id="1"><w:r><w:delText>一年</w:delText></w:r></w:del>'))
    paragraph._p.append(element('<w:ins w:id="2"><w:r><w:t>三年</w:t></w:r></w:ins>'))
    hidden = paragraph.add_run("内部批示")
    hidden.font.hidden = True
    paragraph.add_run("。")
    document.add_comment(paragraph.runs, "请法务确认", author="甲")
    joined = document.add_paragraph("前半句")
    joined._p.get_or_add_pPr().append(element('<w:rPr><w:del w:id="3"/></w:rPr>'))
    document.add_paragraph("后半句。")
    assert lines(document) == ["我们保存三年。", "前半句后半句。"]
    assert all(part in notes(document) for part in ("新加的 1 处已读入", "删去的 1 处没有读入", "隐藏文字 1 处", "批注 1 条"))


def test_fields_contents_footnotes_boxes_and_running_heads() -> None:
    document = Document()
    document.sections[0].header.paragraphs[0].text = "内部资料"
    toc = document.add_paragraph()
    for xml in (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
        '<w:r><w:instrText> TOC \\o "1-3" </w:instrText></w:r>',
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>',
        "<w:r><w:t>一、收集 1</w:t></w:r>",
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
    ):
        toc._p.append(element(xml))
    document.add_heading("一、收集", 1)
    shown = document.add_paragraph("见第")
    for xml in (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
        "<w:r><w:instrText> REF x </w:instrText><w:t>代码</w:t></w:r>",
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>',
        "<w:r><w:t>三</w:t></w:r>",
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
    ):
        shown._p.append(element(xml))
    shown.add_run("条")
    box = "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>框里的话。</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
    shown._p.append(element(box))
    assert lines(document) == ["# 一、收集", "见第三条", "框里的话。"]
    assert all(part in notes(document) for part in ("目录 1 行", "文本框 1 个", "页眉、页脚没有读入: 「内部资料」"))


def test_footnotes_stand_at_the_end() -> None:
    document = Document()
    paragraph = document.add_paragraph("我们与合作方共享信息")
    paragraph._p.append(element('<w:r><w:footnoteReference w:id="2"/></w:r>'))
    paragraph.add_run("。")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    notes_part = (
        f'<w:footnotes {space}><w:footnote w:id="0" w:type="separator"><w:p/></w:footnote>'
        '<w:footnote w:id="2"><w:p><w:r><w:t>合作方见附件。</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    data = saved(document)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
        types = archive.read("[Content_Types].xml").decode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    mime = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    changed = {
        "word/footnotes.xml": notes_part.encode(),
        "word/_rels/document.xml.rels": relations.replace(
            "</Relationships>", f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>'
        ).encode(),
        "[Content_Types].xml": types.replace(
            "</Types>", f'<Override PartName="/word/footnotes.xml" ContentType="{mime}"/></Types>'
        ).encode(),
    }
    extracted = extract(rezipped(data, changed), "x.docx")
    assert extracted.text.splitlines() == ["我们与合作方共享信息[1]。", "# 脚注", "[1] 合作方见附件。"]


def test_macros_are_left_alone() -> None:
    data = saved(_one("我们保存三年。"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = archive.read("[Content_Types].xml").decode()
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    macro = "application/vnd.ms-word.document.macroEnabled.main+xml"
    (source,) = read_bytes(
        "x.docm", rezipped(data, {"[Content_Types].xml": types.replace(main, macro).encode(), "word/vbaProject.bin": b"x"})
    )
    assert source.text == "我们保存三年。\n" and "宏" in source.notes[0].message


def _one(text: str) -> Any:
    document = Document()
    document.add_paragraph(text)
    return document


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"word/document.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'},
            "不安全的 XML",
        ),
        ({"word/styles.xml": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}, "不安全的 XML"),
        ({"word/document.xml": b"<w:document"}, "已损坏"),
        ({"word/bomb.bin": b"\0" * 60_000_000}, "可疑"),
    ],
)
def test_hostile_word_files(change: dict[str, bytes], message: str) -> None:
    with pytest.raises(AssistantError, match=message):
        read_bytes("x.docx", rezipped(saved(_one("我们保存三年。")), change))


def test_a_word_file_without_words() -> None:
    with pytest.raises(AssistantError, match="没有文字"):
        read_bytes("x.docx", saved(Document()))
