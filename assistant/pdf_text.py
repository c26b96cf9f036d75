"""A PDF -> Extracted: its text layer as paragraphs, ruled tables as tables, without running heads and page numbers.

A page without text layer is a scan: it is named in a note and not read. Slanted letters are watermarks. Nothing is rendered.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from assistant import numbering
from assistant.clause import Extracted
from assistant.errors import CorpusError
from assistant.manuscript import Manuscript
from assistant.pdf_lines import PageLine, paragraphs, read_lines, read_words, written
from assistant.pdf_tables import Box, Grid, ruled_tables, same_columns

MOST_PAGES = 2_000
_PAGE_NUMBER = re.compile(
    r"[-—–\s]*(?:第\s*)?\d{1,4}\s*(?:页|頁)?(?:\s*[/,，共of]+\s*(?:共\s*)?\d{1,4}\s*(?:页|頁)?)?[-—–\s]*|page\s*\d+(?:\s*of\s*\d+)?",
    re.I,
)
_CONTENTS = re.compile(r"(?:[.．…·]\s?){4,}\s*\d{1,4}\s*$")
_MARGIN = 0.14  # of the page's height, at its top and its bottom
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_OCR = "没有文字层, 没有读入; 请换成有文字层的 PDF, 或先做文字识别 (OCR)"


@dataclass(slots=True)
class _Page:
    """One page as read: its lines, its tables, and what was left out of it."""

    number: int
    height: float
    lines: list[PageLine]
    tables: list[Grid]
    slanted: int = 0
    unmapped: int = 0
    pictures: float = 0.0
    contents: int = 0
    dropped: list[str] = field(default_factory=list)

    @property
    def letters(self) -> int:
        """How many characters the page holds."""
        return sum(len(line.text) for line in self.lines) + sum(len(c) for t in self.tables for row in t.rows for c in row)


def extract(data: bytes, name: str) -> Extracted:
    """Return the text of a PDF.

    :raises CorpusError: if it is damaged, locked by a password, has too many pages, or no text layer at all
    """
    pages = _read(data, name)
    _drop_running(pages)
    scans = [p for p in pages if p.letters < 20 and p.pictures > 0.3]
    if not any(p.letters for p in pages if p not in scans):
        if any(p.unmapped for p in pages):
            raise CorpusError(f"PDF 的字体没有编码表, 文字读不出来: {name}。请换用原来的 Word 文件, 或在阅读器里重新打印成 PDF。")
        raise CorpusError(f"PDF 没有文字层 (扫描件): {name}。请换成有文字层的 PDF 或 Word 文件, 或先做文字识别 (OCR)。")
    page = Manuscript(name)
    _write([p for p in pages if p not in scans], page)
    if scans:
        page.count(f"第 {'、'.join(str(p.number) for p in scans)} 页是扫描页: {_OCR}")
    if dropped := list(dict.fromkeys(text for p in pages for text in p.dropped)):
        number = sum(len(p.dropped) for p in pages)
        page.count(f"页眉、页脚、页码 {number} 行没有读入: 「{'」「'.join(text[:30] for text in dropped[:6])}」")
    page.count("目录 {} 行没有读入", sum(p.contents for p in pages))
    page.count("斜排的水印 {} 字没有读入", sum(p.slanted for p in pages))
    page.count("字体没有编码表, {} 字读不出来, 请与原文核对", sum(p.unmapped for p in pages))
    return page.finish()


def _read(data: bytes, name: str) -> list[_Page]:
    """Read every page."""
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect
    from pdfplumber.utils.exceptions import PdfminerException

    for library in ("pdfminer", "pdfplumber"):  # what they warn of is not for the reader of a policy
        logging.getLogger(library).setLevel(logging.CRITICAL)
    pages = []
    try:
        with pdfplumber.open(io.BytesIO(data), password="") as document:
            if len(document.pages) > MOST_PAGES:
                raise CorpusError(f"PDF 页数太多: {name} 超过 {MOST_PAGES} 页。请拆分后再导入。")
            for page in document.pages:
                pages.append(_page(page))
                page.close()
    except (CorpusError, MemoryError):
        raise
    except Exception as error:  # a damaged PDF makes the parser raise errors of any kind
        locked = isinstance(error, PDFPasswordIncorrect) or (
            isinstance(error, PdfminerException) and any(isinstance(a, PDFPasswordIncorrect) for a in error.args)
        )
        if locked:
            raise CorpusError(f"PDF 有密码: {name}。请在阅读器里去掉密码, 另存后再导入。") from error
        raise CorpusError(f"PDF 已损坏或不完整: {name}。请重新下载, 或在阅读器里另存一份。") from error
    if not pages:
        raise CorpusError(f"PDF 已损坏或不完整: {name} 一页也没有。请重新下载, 或在阅读器里另存一份。")
    return pages


def _page(page: Any) -> _Page:
    """Read one page of pdfplumber."""
    area = float(page.width * page.height) or 1.0
    pictures = sum(max(i["x1"] - i["x0"], 0) * max(i["bottom"] - i["top"], 0) for i in page.images) / area
    slanted = sum(_is_slanted(c) and not c["text"].isspace() for c in page.chars)
    unmapped = sum(bool(_UNMAPPED.fullmatch(c["text"])) for c in page.chars)
    upright = page
    if slanted or unmapped:
        upright = upright.filter(lambda o: o["object_type"] != "char" or not (_is_slanted(o) or _UNMAPPED.fullmatch(o["text"])))
    if len({(c["text"], round(c["x0"]), round(c["top"])) for c in upright.chars}) < len(upright.chars):
        upright = upright.dedupe_chars()  # letters printed twice to look bold
    tables = ruled_tables(upright)
    boxes = [box for _, box in tables]
    outside = [
        w for w in read_words(upright) if not any(_inside((w.x0 + w.x1) / 2, (w.top + w.bottom) / 2, box) for box in boxes)
    ]
    lines = [line for line in read_lines(outside, page.page_number, float(page.width)) if line.text.strip()]
    return _Page(page.page_number, float(page.height), lines, [t for t, _ in tables], slanted, unmapped, pictures)


def _inside(x: float, y: float, box: Box) -> bool:
    """Whether a point is inside a box."""
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _is_slanted(letter: dict[str, Any]) -> bool:
    """Whether a letter does not stand on a level line; one that only leans does."""
    across, up = letter["matrix"][:2]
    return bool(abs(up) > 0.02 * abs(across))


def _drop_running(pages: Sequence[_Page]) -> None:
    """Take out page numbers, contents lines, and what stands at the same height at the top or bottom of most pages."""
    seen: Counter[tuple[str, int]] = Counter()
    for page in pages:
        seen.update({_place(line, page) for line in page.lines if _at_margin(line, page)})
    for page in pages:
        kept = []
        for line in page.lines:
            repeated = seen[_place(line, page)] >= max(2, 0.5 * len(pages))
            number = _PAGE_NUMBER.fullmatch(line.text.strip())
            if _CONTENTS.search(line.text):
                page.contents += 1
            elif _at_margin(line, page) and (number or (repeated and not numbering.match(line.text))):
                page.dropped.append(line.text.strip())
            else:
                kept.append(line)
        page.lines = kept


def _place(line: PageLine, page: _Page) -> tuple[str, int]:
    """Return the words of a line whatever its digits, and its height."""
    return re.sub(r"\d+", "#", line.text), round(line.top / 4)


def _at_margin(line: PageLine, page: _Page) -> bool:
    """Whether a line stands where running heads and feet do."""
    return line.bottom < _MARGIN * page.height or line.top > (1 - _MARGIN) * page.height


def _write(pages: Sequence[_Page], page: Manuscript) -> None:
    """Write paragraphs and tables; what goes on over the end of a page is joined."""
    levels = _heading_levels(pages)
    waiting: list[PageLine] = []
    table: Grid | None = None
    for part in _in_order(pages):
        if isinstance(part, PageLine):
            if table:
                page.table(table.rows)
                table = None
            waiting.append(part)
            continue
        if table and not waiting and same_columns(table, part):
            table.rows += part.rows[1:] if part.rows[0] == table.rows[0] else part.rows
            table.page = part.page
            continue
        _write_lines(waiting, levels, page)
        waiting = []
        if table:
            page.table(table.rows)
        table = part
    if table:
        page.table(table.rows)
    _write_lines(waiting, levels, page)


def _in_order(pages: Sequence[_Page]) -> Iterator[PageLine | Grid]:
    """Yield lines and tables as they are read; a table stands before the first line below its top."""
    for page in pages:
        tables = list(page.tables)
        for line in page.lines:
            while tables and tables[0].top < line.top:
                yield tables.pop(0)
            yield line
        yield from tables


def _write_lines(lines: Sequence[PageLine], levels: dict[float, int], page: Manuscript) -> None:
    """Write paragraphs; one in large letters is a heading."""
    for paragraph in paragraphs(lines):
        level = levels.get(round(paragraph[0].size * 2) / 2, 0)
        if level and len(paragraph) <= 3:
            page.heading(level, written(paragraph))
        else:
            page.paragraph(written(paragraph))


def _heading_levels(pages: Sequence[_Page]) -> dict[float, int]:
    """Return size of letters -> level of heading, for the sizes well above that of most words."""
    sizes: Counter[float] = Counter()
    for line in (line for page in pages for line in page.lines):
        sizes[round(line.size * 2) / 2] += len(line.text)
    if not sizes:
        return {}
    body = sizes.most_common(1)[0][0]
    large = sorted((size for size in sizes if size >= 1.12 * body), reverse=True)
    return {size: min(level, 6) for level, size in enumerate(large, 1)}
