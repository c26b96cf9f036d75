from __future__ import annotations

import datetime
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from markdown_it import MarkdownIt
from openpyxl import load_workbook
from samples import ROOT, source_of

from assistant import Assistant
from assistant.clause import Clause, Policy, Source
from assistant.errors import QuestionError
from assistant.export import FORMATS, HEADER, LONGEST_CELL, Excerpt, File, export
from assistant.parse import parse
from assistant.render import pieces, where

MADE = datetime.date(2026, 11, 22)
ROW = "一(一)2 表1 序号3"
NOTE = "这份政策没有写到这个问题。"
FORMULA = '=HYPERLINK("http://evil.example","点我")'
HOSTILE = [
    FORMULA,
    "+1+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "-2+3",
    "#N/A",
    "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;&#65;",
    "# x",
    "x\n===",
    "x\n---",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "```\n~~~ `x` ``y``",
    "[点我](http://evil.example) ![x](http://evil.example/x.png) <http://evil.example>",
    "[点我]: http://evil.example\n[点我]",
    "1. x\n- y\n+ z\n> w\n12) v",
    "    x\n\ty",
    "**x** __y__ ~~z~~ $w$ \\x \\",
    "\u202e倒过来\u202c\u200f注销",
    "_x000D__x0041_",
    "a\x00b\x0bc\x1bd\ud800e\ufffff",
]


def sources_of(*policies: Policy) -> dict[str, Source]:
    return {policy.source.policy: policy.source for policy in policies}


def printable(words: str) -> str:
    return re.sub("[\x00\x0b\x1b\ud800\uffff]", "", words)


def made_of(policy: Policy, form: str, *chosen: Clause, question: str = "", note: str = "") -> File:
    return export([Excerpt(question, note, chosen)], sources_of(policy), form, MADE)


def docx_text(file: File) -> str:
    """All words of a Word document in order, one line per paragraph or cell."""
    body = Document(BytesIO(file.data)).element.body
    texts = ("".join(_words(node) for node in paragraph.iter()) for paragraph in body.iter(qn("w:p")))
    return "\n".join(texts)


def _words(node) -> str:
    return {qn("w:t"): node.text or "", qn("w:br"): "\n", qn("w:tab"): "\t"}.get(node.tag, "")


def xlsx_rows(file: File) -> list[dict[str, str]]:
    rows = load_workbook(BytesIO(file.data)).active.iter_rows(min_row=2, values_only=True)
    return [dict(zip(HEADER, (value or "" for value in row), strict=True)) for row in rows]


def md_text(file: File) -> tuple[str, set[str]]:
    """The words that a Markdown reader sees, and the kinds of things it sees them in."""
    tokens = [
        inner
        for token in MarkdownIt("commonmark").enable("table").parse(file.data.decode())
        for inner in (token, *(token.children or ()))
    ]
    shown = {"text": "", "text_special": "", "hardbreak": "\n", "paragraph_close": "\n", "heading_close": "\n"}
    words = "".join(shown.get(t.type, "") + (t.content if t.type in ("text", "text_special") else "") for t in tokens)
    return words, {token.type for token in tokens}


def words_of(file: File) -> str:
    if file.name.endswith(".docx"):
        return docx_text(file)
    if file.name.endswith(".md"):
        return md_text(file)[0]
    return "\n".join("\n".join(row.values()) for row in xlsx_rows(file))


@pytest.fixture(scope="module")
def hostile() -> Policy:
    """A policy in which every line is hostile, in clauses and in a table."""
    lines = [words.replace("\n", " ").replace("|", "/") for words in HOSTILE]
    clauses = "".join(f"{number}、{words}的信息。\n" for number, words in enumerate(lines, 1))
    table = "名称 | 用途\n---|---\n" + "".join(f"{words} | 用于{words}\n" for words in lines)
    text = f"一、{HOSTILE[5]}\n{clauses}二、清单\n{table}"
    return parse(replace(source_of(text), title=HOSTILE[5], version="`1`", filename="[t](x).txt", sha256="ab12"))


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_states_words_place_and_origin(policy: Policy, clauses: dict[str, Clause], form: str) -> None:
    source = replace(policy.source, version="2026-3", effective_date="2026-03-01")
    file = export([Excerpt("怎么注销", NOTE, (clauses["五、4"], clauses[ROW]))], {source.policy: source}, form, MADE)
    words = words_of(file)
    assert "怎么注销" in words and NOTE in words and clauses["五、4"].text in words
    for clause in (clauses["五、4"], clauses[ROW]):
        assert clause.clause in words and " › ".join(clause.path) in words
        assert "、".join(f"{start}-{end}" for start, end in clause.spans) in words
        assert all(source.words(span) in words for span in clause.spans)
    for fact in (source.title, "2026-3", "2026-03-01", source.filename, source.sha256, "2026-11-22"):
        assert fact in words
    assert form == "xlsx" or where(clauses["五、4"], source) in words


@pytest.mark.parametrize("form", FORMATS)
def test_every_clause_can_be_exported_word_for_word(any_policy: Policy, form: str) -> None:
    file = made_of(any_policy, form, *any_policy.clauses)
    words = words_of(file)
    for clause in any_policy.clauses:
        parts = [any_policy.source.words(span) for span in clause.spans]
        assert all(part in words for part in (parts if form == "docx" else [clause.text]))


def test_a_table_row_is_a_table_in_word(policy: Policy, clauses: dict[str, Clause]) -> None:
    assert "inherited" in clauses[ROW].roles
    (table,) = Document(BytesIO(made_of(policy, "docx", clauses["五、4"], clauses[ROW]).data)).tables
    drawn = [cell.text for row in table.rows for cell in row.cells]
    assert drawn == [piece.words for piece in pieces(clauses[ROW], policy.source)]


def test_a_cell_without_a_column_name_is_drawn() -> None:
    policy = parse(source_of("名称| |用途\n---|---|---\n地图|高德公司|定位导航\n"))
    (table,) = Document(BytesIO(made_of(policy, "docx", *policy.clauses).data)).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["名称", "地图"], ["", "高德公司"], ["用途", "定位导航"]]


def test_the_decisive_sentence_is_bold_in_word(assistant: Assistant) -> None:
    policy = assistant.policies[0]
    hit = next(hit for hit in assistant.ask("怎么注销账户").hits if any(piece.marked for piece in pieces(hit, policy.source)))
    document = Document(BytesIO(made_of(policy, "docx", hit).data))
    assert [run.text for paragraph in document.paragraphs for run in paragraph.runs if run.bold] == [
        piece.words for piece in pieces(hit, policy.source) if piece.marked
    ]
    plain = Document(BytesIO(made_of(policy, "docx", next(c for c in policy.clauses if c.clause == hit.clause)).data))
    assert not [run for paragraph in plain.paragraphs for run in paragraph.runs if run.bold]


def test_word_knows_chinese_fonts_and_paper_and_no_person(policy: Policy, clauses: dict[str, Clause]) -> None:
    document = Document(BytesIO(made_of(policy, "docx", clauses["五、4"], question="怎么注销").data))
    for style, font in {"Normal": "宋体", "Title": "微软雅黑", "Heading 1": "微软雅黑", "Heading 2": "微软雅黑"}.items():
        fonts = document.styles[style].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font and fonts.get(qn("w:eastAsiaTheme")) is None
    assert (round(document.sections[0].page_width.cm, 1), round(document.sections[0].page_height.cm, 1)) == (21.0, 29.7)
    properties = document.core_properties
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    assert properties.created.date() == properties.modified.date() == MADE
    assert [p.text for p in document.paragraphs if p.style.name.startswith(("Title", "Heading"))] == [
        "政策条款摘录",
        "怎么注销",
        where(clauses["五、4"], policy.source),
    ]


def test_a_workbook_has_a_row_per_clause_and_per_empty_answer(policy: Policy, clauses: dict[str, Clause]) -> None:
    excerpts = [Excerpt("怎么注销", "", (clauses["五、4"], clauses[ROW])), Excerpt("年化利率是多少", NOTE, ())]
    file = export(excerpts, sources_of(policy), "xlsx", MADE)
    book = load_workbook(BytesIO(file.data))
    sheet = book.active
    assert [cell.value for cell in sheet[1]] == list(HEADER)
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:L4"
    assert all(cell.alignment.wrap_text for row in sheet.iter_rows() for cell in row)
    first, second, third = xlsx_rows(file)
    assert first["条款原文"] == clauses["五、4"].text and second["条款原文"] == clauses[ROW].text
    assert (first["编号"], first["政策"], first["SHA-256"]) == ("五、4", policy.source.title, policy.source.sha256)
    assert {name: words for name, words in third.items() if words} == {
        "问题": "年化利率是多少",
        "说明": NOTE,
        "导出日期": "2026-11-22",
    }
    with ZipFile(BytesIO(file.data)) as archive:
        assert b"creator" not in archive.read("docProps/core.xml")
    assert book.properties.created.date() == book.properties.modified.date() == MADE


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_questions_are_words(policy: Policy, clauses: dict[str, Clause], words: str) -> None:
    shown = printable(words)
    files = {form: made_of(policy, form, clauses["五、4"], question=words, note=words) for form in FORMATS}
    assert docx_text(files["docx"]).count(shown.strip()) >= 2
    sheet = load_workbook(BytesIO(files["xlsx"].data)).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}
    assert sheet["A2"].value == sheet["F2"].value == re.sub("_(?=x00)", "_x005F_", shown)
    assert sheet["A2"].quotePrefix == shown.startswith(("=", "+", "-", "@"))
    text, kinds = md_text(files["md"])
    assert shown in text and " ".join(shown.split("\n")).strip() in text
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline", "fence", "code_block"}
    assert not kinds & {"table_open", "bullet_list_open", "ordered_list_open", "em_open", "strong_open", "softbreak"}
    assert files["md"].data.decode().count("\n# ") == 0


def test_hostile_clauses_are_words(hostile: Policy) -> None:
    assert {"clause", "table_row"} <= {clause.kind for clause in hostile.clauses} and len(hostile.clauses) > 30
    files = {form: made_of(hostile, form, *hostile.clauses) for form in FORMATS}
    word = docx_text(files["docx"])
    rows = xlsx_rows(files["xlsx"])
    text, kinds = md_text(files["md"])
    for clause, row in zip(hostile.clauses, rows, strict=True):
        assert all(printable(hostile.source.words(span)) in word for span in clause.spans)
        assert row["条款原文"] == re.sub("_(?=x00)", "_x005F_", printable(clause.text))
        assert printable(clause.text) in text
    assert kinds <= {
        *("inline", "text", "text_special", "hardbreak", "hr", "blockquote_open", "blockquote_close"),
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close"),
    }
    tokens = MarkdownIt("commonmark").parse(files["md"].data.decode())
    assert sum(token.type == "heading_open" for token in tokens) == 2 + len(hostile.clauses)


def test_no_formula_and_no_link_is_stored(policy: Policy, clauses: dict[str, Clause]) -> None:
    file = made_of(policy, "xlsx", clauses["五、4"], question=FORMULA)
    with ZipFile(BytesIO(file.data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "HYPERLINK" in sheet and "<f>" not in sheet and "<hyperlink" not in sheet


@pytest.mark.parametrize("words", ["长" * 40_000, "😀" * 20_000, "a" + "😀" * 20_000, "_x0041_" * 6_000])
def test_a_cell_holds_what_excel_can_and_says_what_it_cut(words: str, policy: Policy, clauses: dict[str, Clause]) -> None:
    shown = xlsx_rows(made_of(policy, "xlsx", clauses["五、4"], question=words))[0]["问题"]
    assert len(shown.encode("utf-16-le")) <= 2 * LONGEST_CELL
    assert shown.endswith("其余略)") and (shown.startswith(words[:7_000]) or "_x005F_x0041_" in shown)
    assert words in docx_text(made_of(policy, "docx", clauses["五、4"], question=words))


@pytest.mark.parametrize("form", FORMATS)
def test_an_answer_without_clauses_names_the_policy_that_was_searched(policy: Policy, form: str) -> None:
    file = made_of(policy, form, question="年化利率是多少", note=NOTE)
    assert file.name == f"即分期超G会员隐私政策-条款-20261122.{form}"
    assert NOTE in words_of(file) and (form == "xlsx" or policy.source.sha256 in words_of(file))


@pytest.mark.parametrize("form", FORMATS)
def test_equal_exports_are_equal_bytes(policy: Policy, clauses: dict[str, Clause], form: str) -> None:
    first, again = (made_of(policy, form, clauses["五、4"], clauses[ROW], question="怎么注销") for _ in range(2))
    assert first == again
    if form != "md":
        with ZipFile(BytesIO(first.data)) as archive:
            assert archive.testzip() is None
            assert {entry.date_time[:3] for entry in archive.infolist()} == {(2026, 11, 22)}


def test_what_cannot_be_exported_is_said(policy: Policy, clauses: dict[str, Clause]) -> None:
    with pytest.raises(QuestionError, match=r"pdf.*可选: docx、xlsx、md"):
        made_of(policy, "pdf", clauses["五、4"])
    for nothing in ([], [Excerpt("", " \n", ())]):
        with pytest.raises(QuestionError, match="没有可以导出的内容。请"):
            export(nothing, sources_of(policy), "docx", MADE)
    with pytest.raises(QuestionError, match=r"五、4 与现在的政策原文不一致.*请刷新"):
        made_of(policy, "md", replace(clauses["五、4"], text="改过的话"))
    with pytest.raises(QuestionError, match="五、4"):
        made_of(policy, "md", replace(clauses["五、4"], policy="另一份"))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("即分期超G会员隐私政策", "即分期超G会员隐私政策"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ('a\\b:c*d?e"f<g>h|i', "a_b_c_d_e_f_g_h_i"),
        ("隐\x00私\n政\x7f策\u202e\u2028 甲", "隐私政策 甲"),
        (" .隐藏. ", "隐藏"),
        ("-rf ~", "rf"),
        ("...", "政策"),
        ("", "政策"),
        ("长" * 300, "长" * 63),
        ("😀" * 300, "😀" * 50),
    ],
)
def test_names_are_safe_whatever_the_title(policy: Policy, clauses: dict[str, Clause], title: str, name: str) -> None:
    file = export(
        [Excerpt("", "", (clauses["五、4"],))], {policy.source.policy: replace(policy.source, title=title)}, "docx", MADE
    )
    assert file.name == f"{name}-条款-20261122.docx"
    assert len(file.name) <= 80 and len(file.name.encode()) <= 255


def test_a_name_for_several_policies_says_so(policy: Policy, clauses: dict[str, Clause], hostile: Policy) -> None:
    sources = sources_of(policy, hostile)
    file = export([Excerpt("", "", (clauses["五、4"], hostile.clauses[0]))], sources, "md", MADE)
    assert file.name == "即分期超G会员隐私政策等-条款-20261122.md" and file.media_type == "text/markdown"
    ending = md_text(file)[0].splitlines()[-2:]
    assert policy.source.sha256 in ending[0] and "ab12" in ending[1]


def test_office_libraries_load_when_a_file_is_made() -> None:
    code = "import sys, assistant.export\nassert not {'docx', 'openpyxl', 'lxml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
