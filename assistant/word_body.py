"""The body of a Word file -> Manuscript: what a reader of the accepted document sees, in the order in which Word counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assistant.manuscript import Manuscript, Pieces
from assistant.tables import MERGED
from assistant.word_numbers import Numbers, W, attribute, integer
from assistant.word_styles import Styles

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/picture}"
_OFFICE = "{urn:schemas-microsoft-com:vml}"
_SILENT = {
    W + name
    for name in ("pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sdtPr", "sdtEndPr", "sectPr", "instrText", "delText", "rt")
}
_DELETED, _INSERTED = {W + "del", W + "moveFrom"}, {W + "ins", W + "moveTo"}
_BREAKS = {W + "br": "\n", W + "cr": "\n", W + "tab": " ", W + "ptab": " ", W + "noBreakHyphen": "-"}
_NOTES = {W + "footnoteReference": "footnotes", W + "endnoteReference": "endnotes"}
_WIDEST = 100
_CODE = "\x00"  # stands before the code of a field while the walk is inside it
_DELETIONS = "修订: 删去的 {} 处没有读入"
_SYMBOLS = {"F0FE": "☑", "F052": "☑", "F0FD": "☒", "F051": "☒", "F0A8": "□", "F06F": "□", "F0A3": "□"}  # Wingdings


class WordBody:
    """Walks the body once, in the order in which Word counts numbers."""

    def __init__(self, parts: dict[str, Any], page: Manuscript) -> None:
        self.parts, self.page = parts, page
        self.styles = Styles(parts.get("styles"))
        self.numbers = Numbers(parts.get("numbering"), self.styles.links())
        self.notes: list[tuple[str, str]] = []
        self.boxes: list[Any] = []
        self.fields: list[str] = []
        self.in_contents = False
        self.carried = ""

    def blocks(self, holder: Any) -> None:
        """Write the paragraphs and tables below an element to the page."""
        for block in self._blocks(holder):
            if block.tag == W + "p":
                level, text = self._paragraph(block)
                if level:
                    self.page.heading(level, text)
                else:
                    self.page.paragraph(text)
                boxes, self.boxes = self.boxes, []
                for box in boxes:
                    self.page.count("文本框 {} 个, 文字放在所在段落之后")
                    self.blocks(box)
            else:
                self._table(block)

    def _blocks(self, holder: Any) -> Iterator[Any]:
        """Yield the paragraphs and tables of an element, through what only wraps them."""
        for child in holder.iterchildren():
            if child.tag in (W + "p", W + "tbl"):
                yield child
            elif child.tag == W + "altChunk":
                self.page.count("嵌入的其他文件 {} 个没有读入")
            elif child.tag == W + "sdt" and _gallery(child) == "Table of Contents":
                lines = sum(bool(plain(p)) for p in child.iter(W + "p"))
                self.page.count("目录 {} 行没有读入", lines)
            elif child.tag in _DELETED:
                self.page.count(_DELETIONS)
            elif child.tag == _MC + "AlternateContent":
                yield from self._blocks(_choice(child))
            elif isinstance(child.tag, str) and child.tag not in _SILENT:
                yield from self._blocks(child)

    def _paragraph(self, paragraph: Any) -> tuple[int, str]:
        """Return heading level and text of a paragraph, number included; a deleted paragraph mark joins it with the next."""
        properties = paragraph.find(W + "pPr")
        self.in_contents = self.styles.is_contents(properties) or self._lists_headings()
        words = "".join(self._words(paragraph))
        if self.in_contents:
            self.page.count("目录 {} 行没有读入", int(bool(plain(paragraph))))
            return 0, ""
        mark = properties.find(W + "rPr") if properties is not None else None
        if mark is not None and mark.find(W + "del") is not None:
            self.carried += words
            return 0, ""
        words, self.carried = self.carried + words, ""
        numbering = self.styles.numbering(properties, self.numbers)
        if mark is not None and not words.strip() and self.styles.hidden(mark):
            return 0, ""
        if numbering:
            number = self.numbers.step(*numbering)  # Word counts an empty paragraph too
            words = number + words.lstrip() if words.strip() else ""
        return self.styles.heading(properties), words

    def _lists_headings(self) -> bool:
        """Whether the walk is inside a field that lists the headings."""
        return any(code.lstrip(_CODE).strip().upper().startswith("TOC") for code in self.fields)

    def _words(self, element: Any) -> Iterator[str]:
        """Yield the words below an element as the accepted document shows them."""
        for child in element.iterchildren():
            tag = child.tag
            if tag in (W + "fldChar", W + "instrText"):
                self._field(child)
                self.in_contents |= self._lists_headings()
            elif tag in _DELETED:
                self.page.count(_DELETIONS)
            elif not isinstance(tag, str) or tag in _SILENT:
                continue
            elif tag == W + "r" and self.styles.hidden(child.find(W + "rPr")):
                self.page.count("隐藏文字 {} 处没有读入", int(bool(plain(child))))
            elif any(code.startswith(_CODE) for code in self.fields) and tag != W + "r":
                continue  # how a field is computed, not its result
            elif tag in (W + "t", _MATH + "t"):
                yield child.text or ""
            elif tag in _BREAKS:
                yield "" if child.get(W + "type") in ("page", "column") else _BREAKS[tag]
            else:
                yield from self._special(child)

    def _special(self, child: Any) -> Iterator[str]:
        """Yield the words of what holds more than words; text boxes wait until the paragraph is over."""
        if child.tag in _INSERTED:
            self.page.count("修订: 新加的 {} 处已读入")
        if child.tag in _NOTES:
            self.notes.append((_NOTES[child.tag], child.get(W + "id") or ""))
            yield f"[{len(self.notes)}]"
        elif child.tag == _MC + "AlternateContent":
            yield from self._words(_choice(child))
        elif child.tag == W + "txbxContent":
            self.boxes.append(child)
        elif child.tag in (_PICTURE + "pic", _OFFICE + "imagedata"):
            self.page.count("图片 {} 张, 图里的文字没有读入")
        elif child.tag == W + "sym":
            yield _SYMBOLS.get((child.get(W + "char") or "").upper(), "")
        else:
            yield from self._words(child)

    def _field(self, mark: Any) -> None:
        """Enter a field, read its code, pass on to its result, or leave it."""
        kind = mark.get(W + "fldCharType")
        if kind == "begin":
            self.fields.append(_CODE)
        elif not self.fields:
            return
        elif mark.tag == W + "instrText":
            self.fields[-1] += mark.text or ""
        elif kind == "separate":
            self.fields[-1] = self.fields[-1].lstrip(_CODE)
        elif kind == "end":
            self.fields.pop()

    def _table(self, table: Any) -> None:
        """Write a table; one of a single column or row only places its paragraphs."""
        rows = [self._row(row) for row in self._rows(table)]
        if max((len(row) for row in rows), default=0) > 1 and len(rows) > 1:
            self.page.table([[self._cell(cell) for cell in row] for row in rows])
            return
        for cell in (cell for row in rows for cell in row if cell is not None and not isinstance(cell, str)):
            self.blocks(cell)

    def _rows(self, table: Any) -> Iterator[Any]:
        """Yield the rows of a table that were not deleted, through what only wraps them."""
        for child in table.iterchildren():
            if child.tag == W + "tr":
                properties = child.find(W + "trPr")
                if properties is not None and properties.find(W + "del") is not None:
                    self.page.count(_DELETIONS)
                else:
                    yield child
            elif isinstance(child.tag, str) and child.tag not in _SILENT and child.tag not in _DELETED:
                yield from self._rows(child)

    def _row(self, row: Any) -> list[Any]:
        """Return one entry per column: a cell, MERGED below the cell it is merged with, or "" beside it."""
        entries: list[Any] = [""] * min(integer(attribute(row.find(W + "trPr"), "gridBefore")), _WIDEST)
        for cell in _cells(row):
            properties = cell.find(W + "tcPr")
            merge = properties.find(W + "vMerge") if properties is not None else None
            below = merge is not None and merge.get(W + "val") != "restart"
            entries.append(MERGED if below else cell)
            entries += [""] * (min(integer(attribute(properties, "gridSpan"), 1), _WIDEST) - 1)
        return entries

    def _cell(self, cell: Any) -> str:
        """Return the words of a cell on one line, those of a nested table among them."""
        if isinstance(cell, str):
            return cell
        inner = Pieces(self.page)
        outer, self.page = self.page, inner
        self.blocks(cell)
        self.page = outer
        return inner.words

    def append_notes(self) -> None:
        """Write the footnotes and endnotes that the text refers to below a heading of their own."""
        roots = {kind: self.parts[kind] for kind in ("footnotes", "endnotes") if kind in self.parts}
        texts = {(kind, note.get(W + "id")): note for kind, root in roots.items() for note in root.iterchildren()}
        for at, key in enumerate(list(self.notes), 1):
            inner = Pieces(self.page)
            outer, self.page = self.page, inner
            if key in texts:
                self.blocks(texts[key])
            self.page = outer
            if at == 1:
                self.page.count("脚注、尾注 {} 条放在文末", len(self.notes))
                self.page.heading(1, "脚注")
            self.page.paragraph(f"[{at}] {inner.words}")


def _cells(row: Any) -> Iterator[Any]:
    """Yield the cells of a row, through what only wraps them."""
    for child in row.iterchildren():
        if child.tag == W + "tc":
            yield child
        elif isinstance(child.tag, str) and child.tag not in _SILENT:
            yield from _cells(child)


def _choice(alternate: Any) -> Any:
    """Return the first of several forms of the same content; every form but that repeats its words."""
    return next(alternate.iterchildren(_MC + "Choice", _MC + "Fallback"), alternate)


def _gallery(sdt: Any) -> str | None:
    """Return which building block of Word a content control holds."""
    return next((found.get(W + "val") for found in sdt.iterfind(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")), None)


def plain(element: Any) -> str:
    """Return all words below an element, whatever they are."""
    return "".join(text.text or "" for text in element.iter(W + "t")).strip()
