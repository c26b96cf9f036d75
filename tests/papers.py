"""Word files, web pages and PDF files that the tests make; every word in them is written for this project."""

from __future__ import annotations

import io
from typing import Any

from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import SimpleDocTemplate, Table, TableStyle

from assistant.clause import Clause
from assistant.corpus import read_bytes
from assistant.parse import parse

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))
BODY = ParagraphStyle("body", fontName=FONT, fontSize=11, leading=18, firstLineIndent=22, wordWrap="CJK")
HEADING = ParagraphStyle("heading", parent=BODY, fontSize=14, leading=24, firstLineIndent=0)
TITLE = ParagraphStyle("title", parent=BODY, fontSize=20, leading=34, alignment=1, firstLineIndent=0)
GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("FONTNAME", (0, 0), (-1, -1), FONT)]


def element(xml: str) -> Any:
    """A piece of WordprocessingML, its first tag without namespaces."""
    tag = xml[1:].split(" ", 1)[0].split(">", 1)[0].rstrip("/")
    return parse_xml(xml.replace(f"<{tag}", f"<{tag} {nsdecls('w', 'wp', 'a', 'r')}", 1))


def saved(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def numbered(levels: list[tuple[str, str]], number: str = "77", extra: str = "") -> Any:
    """A document with one more numbering: (numFmt, lvlText) for every level."""
    document = Document()
    root = document.part.numbering_part.element
    written = "".join(
        f'<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for i, (form, text) in enumerate(levels)
    )
    root.insert(0, element(f'<w:abstractNum w:abstractNumId="{number}">{written}</w:abstractNum>'))
    root.append(element(f'<w:num w:numId="{number}"><w:abstractNumId w:val="{number}"/>{extra}</w:num>'))
    return document


def add(document: Any, text: str, level: int, number: str = "77", style: str | None = None) -> Any:
    """A paragraph with an automatic number."""
    paragraph = document.add_paragraph(text, style)
    properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    paragraph._p.get_or_add_pPr().append(element(properties))
    return paragraph


def pdf(flow: list[Any], head: str = "", **options: Any) -> bytes:
    """A PDF of flowing paragraphs, with a running head and page numbers if `head` says so."""
    buffer = io.BytesIO()

    def running(canvas: Any, document: Any) -> None:
        if head:
            canvas.setFont(FONT, 9)
            canvas.drawString(72, 810, head)
            canvas.drawCentredString(297, 30, f"第 {document.page} 页")

    SimpleDocTemplate(buffer, pagesize=A4, **options).build(flow, onFirstPage=running, onLaterPages=running)
    return buffer.getvalue()


def grid(rows: list[list[str]], *spans: tuple[Any, ...]) -> Table:
    """A ruled table whose first row comes again on every page."""
    return Table(rows, style=TableStyle([*GRID, *spans]), repeatRows=1, colWidths=[60, 150, 200][: len(rows[0])])


def clauses(name: str, data: bytes) -> dict[str, Clause]:
    """The clauses of the one policy in a file, by number."""
    (source,) = read_bytes(name, data)
    return {clause.clause: clause for clause in parse(source).clauses}
