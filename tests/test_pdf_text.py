from __future__ import annotations

import io
from typing import Any

import pytest
from invariants import check
from papers import BODY, FONT, HEADING, TITLE, grid, pdf
from PIL import Image as Pixels
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, Image, PageBreak, PageTemplate, Paragraph, Spacer

from assistant import AssistantError
from assistant.clause import Extracted
from assistant.corpus import read_bytes
from assistant.parse import parse
from assistant.pdf_text import extract

SENTENCE = "我们会在您使用服务的过程中收集您的手机号码和设备信息，用于身份核验与安全风控，并按照法律法规的要求保存必要的期限，期满后删除。"


def lines(extracted: Extracted) -> list[str]:
    return [line for line in extracted.text.splitlines() if line]


def notes(extracted: Extracted) -> str:
    return "\n".join(note.message for note in extracted.notes)


def picture() -> Any:
    buffer = io.BytesIO()
    Pixels.new("RGB", (200, 280), "white").save(buffer, "PNG")
    buffer.seek(0)
    return Image(buffer, width=400, height=560)


def test_paragraphs_headings_and_running_heads_over_several_pages() -> None:
    texts = [f"{n}、{SENTENCE * 3}" for n in range(1, 14)]
    flow = [Paragraph("示例隐私政策", TITLE), Paragraph("一、收集", HEADING), *(Paragraph(t, BODY) for t in texts)]
    data = pdf(flow, head="示例公司 隐私政策")
    extracted = extract(data, "x.pdf")
    assert lines(extracted) == ["# 示例隐私政策", "## 一、收集", *texts]
    assert "页眉、页脚、页码" in notes(extracted) and "示例公司 隐私政策" in notes(extracted)
    policy = parse(read_bytes("x.pdf", data)[0])
    check(policy)
    assert [c.clause for c in policy.clauses] == [f"一、{n}" for n in range(1, 14)]
    assert any("页眉" in doubt.message for doubt in policy.doubts)


def test_words_of_letters_keep_their_spaces() -> None:
    text = "We use the Software Development Kit named Example Analytics to count visits and to keep your account safe at all times. 我们使用 SDK 统计访问次数。"
    assert lines(extract(pdf([Paragraph(text, BODY)]), "x.pdf")) == [text]


def test_a_table_over_the_end_of_a_page() -> None:
    rows = [
        ["序号", "信息", "目的"],
        ["1", "位置|轨迹", "用于风控"],
        ["2", "相机", ""],
        *([str(n), f"信息{n}", f"用途{n}"] for n in range(3, 61)),
    ]
    flow = [Paragraph("一、收集", HEADING), grid(rows, ("SPAN", (2, 1), (2, 2))), Paragraph(SENTENCE, BODY)]
    policy = parse(read_bytes("x.pdf", pdf(flow, head="内部资料"))[0])
    check(policy)
    table = [c for c in policy.clauses if c.kind == "table_row"]
    assert [c.clause for c in table] == [f"一 表1 序号{n}" for n in range(1, 61)]
    assert table[0].text == "序号:1\n信息:位置|轨迹\n目的:用于风控"
    assert table[1].text == "序号:2\n信息:相机\n目的:用于风控" and table[1].roles[-1] == "inherited"
    assert table[59].text == "序号:60\n信息:信息60\n目的:用途60"
    assert policy.clauses[-1].text == SENTENCE


def test_two_columns() -> None:
    buffer = io.BytesIO()
    frames = [Frame(60, 60, 230, 720), Frame(310, 60, 230, 720)]
    document = BaseDocTemplate(buffer, pagesize=A4)
    document.addPageTemplates(PageTemplate(frames=frames))
    texts = [f"{n}、{SENTENCE * 2}" for n in range(1, 9)]
    document.build([Paragraph(t, BODY) for t in texts])
    assert lines(extract(buffer.getvalue(), "x.pdf")) == texts


def test_scanned_pages_are_named_and_not_read() -> None:
    flow = [
        Paragraph("一、收集", HEADING),
        Paragraph(SENTENCE, BODY),
        PageBreak(),
        picture(),
        PageBreak(),
        Paragraph(SENTENCE, BODY),
    ]
    extracted = extract(pdf(flow), "x.pdf")
    assert lines(extracted)[1:] == [SENTENCE, SENTENCE] or lines(extracted)[1:] == [SENTENCE + SENTENCE]
    assert "第 2 页是扫描页: 没有文字层, 没有读入" in notes(extracted) and "OCR" in notes(extracted)
    with pytest.raises(AssistantError, match="没有文字层"):
        extract(pdf([picture()]), "x.pdf")


def test_watermarks_and_contents_lines_are_left_out() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setFont(FONT, 11)
    canvas.drawString(72, 700, "一、收集................................3")
    canvas.drawString(72, 600, "我们收集您的手机号。")
    canvas.rotate(45)
    canvas.drawString(400, 300, "仅供内部使用")
    canvas.save()
    extracted = extract(buffer.getvalue(), "x.pdf")
    assert lines(extracted) == ["我们收集您的手机号。"]
    assert "水印 6 字" in notes(extracted) and "目录 1 行" in notes(extracted)


def test_locked_and_damaged_files() -> None:
    flow = [Paragraph(SENTENCE, BODY), Spacer(1, 10)]
    with pytest.raises(AssistantError, match="有密码"):
        extract(pdf(flow, encrypt=StandardEncryption("secret", canPrint=0)), "x.pdf")
    plain = ParagraphStyle("plain", fontName="Helvetica")
    opens = extract(pdf([Paragraph("We keep it.", plain)], encrypt=StandardEncryption("", ownerPassword="owner")), "x.pdf")
    assert lines(opens) == ["We keep it."]
    whole = pdf([Paragraph(SENTENCE, BODY)])
    for broken in (whole[: len(whole) // 2], b"%PDF-1.7\n" + bytes(range(256)) * 20):
        with pytest.raises(AssistantError, match=r"已损坏|没有文字层"):
            read_bytes("x.pdf", broken)
