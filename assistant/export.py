"""Clauses chosen by hand, or a conversation -> a Word, Excel or Markdown file that says where every word comes from."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from assistant.clause import Clause, Source
from assistant.errors import QuestionError
from assistant.render import is_verbatim, pieces, where

TITLE, CHOSEN = "政策条款摘录", "选出的条款"
HEADER = ("问题", "政策", "编号", "标题路径", "条款原文", "说明", "版本", "生效日期", "源文件", "SHA-256", "字符位置", "导出日期")
WIDTHS = (28, 24, 18, 32, 80, 28, 14, 12, 24, 24, 18, 12)
ORIGINS, ORIGIN_WIDTHS = ("政策", "版本", "生效日期", "源文件", "SHA-256", "条款", "导出日期"), (40, 20, 14, 36, 70, 8, 12)
FONTS = {"Normal": "宋体", "Title": "微软雅黑", "Heading 1": "微软雅黑", "Heading 2": "微软雅黑"}
LONGEST_NAME, LONGEST_CELL = 80, 32_767
_CM = 360_000  # in the units of Word files
_CUT, _BREAK = "…(单元格放不下, 其余略)", "\\\n"

_UNPRINTABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|]')
_EXCEL_CODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_MARKS = re.compile(r"[\\`*_{}\[\]<>#&|~$!^=@]|(?m:^)[-+:]|:(?=/)|(?<=www)\.|(?m:(?<=^\d)|(?<=\d\d))[.)]")
_EDGES = re.compile(r"(?m)^[^\S\n]+|[^\S\n]+$")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A question ("" for clauses picked by hand), a note ("" or e.g. 这份政策没有写到这个问题。) and what answers it."""

    question: str
    note: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand out; `name` is safe as a file name whatever the title of the policy holds."""

    name: str
    media_type: str
    data: bytes


def export(excerpts: Sequence[Excerpt], sources: Mapping[str, Source], form: str, made: datetime.date) -> File:
    """Write excerpts as a file of one of FORMATS, `sources` by policy id; equal arguments give equal bytes.

    :raises QuestionError: unknown format, nothing to export, or a clause that does not stand in its source
    """
    if form not in FORMATS:
        raise QuestionError(f"不能导出为「{form}」。可选: {'、'.join(FORMATS)}。")
    excerpts = [e for e in excerpts if e.question.strip() or e.note.strip() or e.clauses]
    if not excerpts:
        raise QuestionError("没有可以导出的内容。请先提问, 或至少选出一条条款。")
    clauses = [clause for excerpt in excerpts for clause in excerpt.clauses]
    if lost := [c.clause for c in clauses if c.policy not in sources or not is_verbatim(c, sources[c.policy])]:
        raise QuestionError(f"条款 {'、'.join(lost)} 与现在的政策原文不一致, 不能导出。请刷新页面, 重新选出这些条款。")
    # an answer without clauses is about everything that was searched
    used = {clause.policy: sources[clause.policy] for clause in clauses} or sources
    media_type, write = _WRITERS[form]
    return File(_name([source.title for source in used.values()], form, made), media_type, write(excerpts, used, made))


def _name(titles: Sequence[str], form: str, made: datetime.date) -> str:
    """Return 标题-条款-日期 without what a file system refuses or hides, within its 255 bytes."""
    shown = "".join(c for c in _NOT_IN_NAMES.sub("_", "".join(titles[:1])) if unicodedata.category(c)[0] not in "CZ" or c == " ")
    rest = ("等" if len(titles) > 1 else "") + f"-条款-{made:%Y%m%d}.{form}"
    shown = shown.strip(" .-~")[: LONGEST_NAME - len(rest)].encode()[:200].decode(errors="ignore").rstrip(" .")
    return (shown or "政策") + rest


def _printable(words: str) -> str:
    """Return words without the characters that no XML file can hold, and with line feeds as line ends."""
    return _UNPRINTABLE.sub("", words.replace("\r\n", "\n").replace("\r", "\n"))


def _spans(clause: Clause) -> str:
    """Return where the words stand in the source: 1782-1784、1814-1815."""
    return "、".join(f"{start}-{end}" for start, end in clause.spans)


def _facts(clause: Clause, source: Source) -> str:
    """Return what is needed to find a clause again, on one line."""
    path = f"标题路径 {' › '.join(clause.path)}; " if clause.path else ""
    return f"编号 {clause.clause}; {path}版本 {source.version}; 字符位置 {_spans(clause)} (从 0 数起, 不含末位)"


def _origin(source: Source, made: datetime.date) -> str:
    """Return where the words of one policy come from, on one line."""
    dates = (f"生效日期 {source.effective_date}; " if source.effective_date else "") + f"导出日期 {made}"
    return f"《{source.title}》; 版本 {source.version}; 源文件 {source.filename}; SHA-256 {source.sha256}; {dates}"


def _docx(excerpts: Sequence[Excerpt], sources: Mapping[str, Source], made: datetime.date) -> bytes:
    """Write a Word document: per excerpt a heading, the note and the clauses, at the end where the words come from."""
    from docx import Document
    from docx.oxml.ns import qn

    document = Document()
    document.sections[0].page_width, document.sections[0].page_height = 21 * _CM, round(29.7 * _CM)
    for style, font in FONTS.items():
        fonts = document.styles[style].element.get_or_add_rPr().get_or_add_rFonts()
        fonts.attrib.clear()  # a font of the theme would win over the one named here
        fonts.attrib.update({qn(script): font for script in ("w:ascii", "w:hAnsi", "w:eastAsia")})
    properties = document.core_properties
    properties.title, properties.author, properties.comments = TITLE, "", ""
    properties.created = properties.modified = datetime.datetime.combine(made, datetime.time())
    document.add_heading(TITLE, 0)
    document.add_paragraph(f"导出日期 {made}")
    for excerpt in excerpts:
        document.add_heading(_printable(excerpt.question).strip() or CHOSEN, 1)
        if excerpt.note:
            document.add_paragraph(_printable(excerpt.note))
        for clause in excerpt.clauses:
            source = sources[clause.policy]
            document.add_heading(_printable(where(clause, source)), 2)
            _docx_words(document, clause, source)
            document.add_paragraph(_printable(_facts(clause, source)), "Body Text 3")
    for source in sources.values():
        document.add_paragraph(_printable(_origin(source, made)))
    return _archive(document.save, made)


def _docx_words(document: Any, clause: Clause, source: Source) -> None:
    """Add the words of a clause: a table row as a table of column name and cell, anything else as paragraphs."""
    table, column, last = None, "", ""
    for piece in pieces(clause, source):
        if piece.role == "column":
            column = _printable(piece.words)
            continue
        if piece.role in ("cell", "inherited"):
            table = table or document.add_table(0, 2, "Table Grid")
            name, cell = table.add_row().cells
            name.width, cell.width = 4 * _CM, 10 * _CM
            name.text, column, paragraph = column, "", cell.paragraphs[0]
        elif piece.role != last:
            paragraph, last = document.add_paragraph(), piece.role
        paragraph.add_run(_printable(piece.words)).bold = piece.marked or None


def _xlsx(excerpts: Sequence[Excerpt], sources: Mapping[str, Source], made: datetime.date) -> bytes:
    """Write an Excel workbook: one row per clause, and one for an excerpt without clauses; on a second sheet one per policy."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.writer.excel import ExcelWriter

    workbook = Workbook()
    properties = workbook.properties
    properties.title, properties.creator = TITLE, None
    properties.created = properties.modified = datetime.datetime.combine(made, datetime.time())
    rows, origins = _rows(excerpts, sources, made), _origins(excerpts, sources, made)
    for sheet, title, header, content, widths in (
        (workbook.active, "条款", HEADER, rows, WIDTHS),
        (workbook.create_sheet(), "文档", ORIGINS, origins, ORIGIN_WIDTHS),
    ):
        for row in (header, *content):
            sheet.append([_cell(words) for words in row])
        for cell in chain(*sheet.iter_rows()):
            # text even if it begins like a formula, and still text after someone edits the cell
            cell.data_type, cell.quotePrefix = "s", cell.value.startswith(("=", "+", "-", "@"))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(name="微软雅黑", size=10, bold=cell.row == 1)
        for column, width in zip("ABCDEFGHIJKL", widths, strict=False):
            sheet.column_dimensions[column].width = width
        sheet.title, sheet.freeze_panes, sheet.auto_filter.ref = title, "A2", sheet.dimensions
    return _archive(lambda out: ExcelWriter(workbook, ZipFile(out, "w")).save(), made)  # Workbook.save notes the hour


def _rows(excerpts: Sequence[Excerpt], sources: Mapping[str, Source], made: datetime.date) -> list[list[str]]:
    """Return the rows under HEADER."""
    rows = []
    for excerpt in excerpts:
        for clause in excerpt.clauses:
            source = sources[clause.policy]
            own = [source.title, clause.clause, " › ".join(clause.path), clause.text, excerpt.note, source.version]
            rows.append([excerpt.question, *own, source.effective_date, source.filename, source.sha256, _spans(clause)])
        if not excerpt.clauses:
            rows.append([excerpt.question, *[""] * 4, excerpt.note, *[""] * 5])
    return [[*row, str(made)] for row in rows]


def _origins(excerpts: Sequence[Excerpt], sources: Mapping[str, Source], made: datetime.date) -> list[list[str]]:
    """Return the rows under ORIGINS: where the words of each policy come from, and how many of its clauses are there."""
    count = Counter(clause.policy for excerpt in excerpts for clause in excerpt.clauses)
    return [
        [s.title, s.version, s.effective_date, s.filename, s.sha256, str(count[name]), str(made)] for name, s in sources.items()
    ]


def _cell(words: str) -> str:
    """Return words as Excel stores them, at most LONGEST_CELL units of UTF-16 long; what is cut off is said to be."""
    units = _EXCEL_CODE.sub("_x005F_", _printable(words)).encode("utf-16-le")
    if len(units) > 2 * LONGEST_CELL:
        units = units[: 2 * (LONGEST_CELL - len(_CUT))] + _CUT.encode("utf-16-le")
    return units.decode("utf-16-le", "ignore")


def _md(excerpts: Sequence[Excerpt], sources: Mapping[str, Source], made: datetime.date) -> bytes:
    """Write a Markdown text; clauses are block quotes, and every mark in the words is escaped."""
    blocks = [f"# {TITLE}", f"导出日期 {made}"]
    for excerpt in excerpts:
        blocks += [f"## {_text(excerpt.question.strip(), ' ') or CHOSEN}", _text(excerpt.note, _BREAK)]
        for clause in excerpt.clauses:
            source = sources[clause.policy]
            blocks += [f"### {_text(where(clause, source), ' ')}", f"> {_text(clause.text, _BREAK + '> ')}"]
            blocks.append(_text(_facts(clause, source), " "))
    blocks += ["---", *(_text(_origin(source, made), " ") for source in sources.values())]
    return ("\n\n".join(filter(None, blocks)) + "\n").encode()


def _text(words: str, end: str) -> str:
    """Return words that CommonMark shows as they are: marks escaped, outer blanks kept, `end` between lines."""
    escaped = _MARKS.sub(r"\\\g<0>", _printable(words).strip("\n"))
    escaped = _EDGES.sub(lambda blanks: "".join(f"&#{ord(c)};" for c in blanks[0]), escaped)
    return escaped.replace("\n", end)


def _archive(save: Callable[[BytesIO], object], made: datetime.date) -> bytes:
    """Return the zip archive that `save` writes, every entry dated `made` instead of now."""
    raw, out = BytesIO(), BytesIO()
    save(raw)
    with ZipFile(raw) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(ZipInfo(name, (made.year, made.month, made.day, 0, 0, 0)), old.read(name), ZIP_DEFLATED)
    return out.getvalue()


_OFFICE = "application/vnd.openxmlformats-officedocument"
_WRITERS: dict[str, tuple[str, Callable[[Sequence[Excerpt], Mapping[str, Source], datetime.date], bytes]]] = {
    "docx": (f"{_OFFICE}.wordprocessingml.document", _docx),
    "xlsx": (f"{_OFFICE}.spreadsheetml.sheet", _xlsx),
    "md": ("text/markdown", _md),
}
FORMATS: tuple[str, ...] = tuple(_WRITERS)
