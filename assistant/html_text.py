"""A saved web page -> Extracted: the article without menus, scripts and hidden parts; lists numbered as a browser shows them.

Nothing is fetched and no link is followed.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant import numbering
from assistant.clause import Extracted
from assistant.decoding import decode
from assistant.errors import CorpusError
from assistant.html_article import INLINE, Sizes, is_hidden, is_silent
from assistant.html_tables import is_layout, table_rows
from assistant.manuscript import Manuscript, Pieces
from assistant.word_numbers import letter, roman

_CONTROLS = {"button", "select", "option", "textarea", "input", "datalist", "dialog"}
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]{2,30})|<\?xml[^>]*encoding=[\"']([\w-]+)", re.IGNORECASE)
_BROKEN_LINE = re.compile(r"(?<=[\u2e80-\uffef])[ \t]*[\r\n]\s*(?=[\u2e80-\uffef])")
_DEEPEST = 2500  # the parser takes time by the square of the depth
_MARKUP = re.compile(r"<(/?)([A-Za-z][^\s/>]*)|<!--|-->")
_CLOSED_BY_OTHERS = (
    "area base br col dd dt embed hr img input li link meta optgroup option p param rp rt source td th tr track wbr"
)
_FLAT = frozenset(f"{_CLOSED_BY_OTHERS} caption colgroup tbody tfoot thead html head body".split())
_RAW = frozenset(("script", "style", "textarea", "title", "noscript", "xmp", "iframe", "!--"))
# what a page may say of itself; a page that says utf-16 in ASCII is none
_CHARSETS = re.compile(
    r"utf-?8|big5(-hkscs)?|shift_jis|euc-(jp|kr)|iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|gb18030", re.IGNORECASE
)
_MARKS: dict[str, Callable[[int], str]] = {
    "1": str,
    "a": letter,
    "A": lambda n: letter(n).upper(),
    "i": roman,
    "I": lambda n: roman(n).upper(),
}


@dataclass(slots=True)
class _List:
    """A list while the walk is inside it: the next number and its steps, None for bullets."""

    next: int | None
    step: int
    form: str


def extract(data: bytes, name: str) -> Extracted:
    """Return the text of a web page.

    :raises CorpusError: if it holds no words, as pages do that a script fills
    """
    from selectolax.lexbor import LexborHTMLParser

    text = _decoded(data, name)
    if _depth(text) > _DEEPEST:
        raise CorpusError(f"网页已损坏, 或嵌套太深: {name}。请在浏览器里复制正文, 另存为 .txt 或 .docx。")
    page = Manuscript(name)
    body = LexborHTMLParser(text).body
    if body is not None:
        sizes = Sizes(body)
        article = sizes.article(body)
        if not article.css_first("h1") and (title := body.css_first("h1")) is not None:
            page.heading(1, title.text())
        page.count("正文以外 (菜单、页眉、页脚等) {} 字没有读入", sizes.of(body).words - sizes.of(article).words)
        try:
            _Reader(page, sizes).read(article)
        except RecursionError as error:
            raise CorpusError(f"网页里的表格嵌套太深: {name}。请在浏览器里复制正文, 另存为 .txt 或 .docx。") from error
    extracted = page.finish()
    if not extracted.text.strip():
        raise CorpusError(f"网页里没有正文 (可能由脚本生成): {name}。请在浏览器里打开后另存「网页, 全部」, 或复制正文存为 .txt。")
    return extracted


def _decoded(data: bytes, name: str) -> str:
    """Decode a page: UTF-8 is told by its bytes, else as the page declares, else as any policy file."""
    declared = _CHARSET.search(data[:4096])
    label = "utf-8" if data.startswith(codecs.BOM_UTF8) else (declared[1] or declared[2]).decode() if declared else ""
    label = "gb18030" if label.lower() in ("gb2312", "gbk", "gb_2312-80") else label
    for encoding in ("utf-8", label):
        if _CHARSETS.fullmatch(encoding) and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            with contextlib.suppress(UnicodeDecodeError, LookupError):
                text = data.decode(encoding)
                if "\x00" not in text:
                    return text
    return decode(data, name)


def _depth(text: str) -> int:
    """Return about how deep the elements of a page are nested, without building its tree."""
    deepest = depth = 0
    raw = ""
    for match in _MARKUP.finditer(text):
        closing, tag = bool(match[1]), (match[2] or "!--").lower()
        if raw:
            ends = match[0] == "-->" if raw == "!--" else closing and tag == raw
            raw = "" if ends else raw
        elif match[0] == "-->" or tag in _FLAT:
            continue
        elif tag in _RAW and not closing:
            raw = tag
        elif tag not in _RAW:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


class _Reader:
    """Walks the article once and writes it to the page; the walk keeps its own stack, so that depth does no harm."""

    def __init__(self, page: Manuscript, sizes: Sizes) -> None:
        self.page, self.sizes = page, sizes
        self.buffer: list[str] = []
        self.lists: list[_List] = []
        self.marker = ""
        self.preformatted = 0

    def read(self, root: Any) -> None:
        """Write everything below an element."""
        pending = [(child, False) for child in root.iter(include_text=True)][::-1]
        while pending:
            node, leaving = pending.pop()
            if leaving:
                self._leave(node)
            elif self._enter(node):
                pending.append((node, True))
                pending += [(child, False) for child in node.iter(include_text=True)][::-1]
        self._flush()

    def _enter(self, node: Any) -> bool:
        """Begin an element; whether to go into it."""
        tag = node.tag
        if tag == "-text":
            self.buffer.append(self._text(node.text_content))
            return False
        if self._is_left_out(node):
            return False
        if tag == "br":
            self.buffer.append("\n")
        elif tag == "table" and not is_layout(node):
            self._flush()
            self.page.table(table_rows(node, self._cell))
            return False
        elif tag not in INLINE:
            self._flush()
            self._enter_block(node)
        return True

    def _enter_block(self, node: Any) -> None:
        """Begin a list, an item, or a passage that keeps its line breaks."""
        if node.tag in ("ol", "ul", "menu"):
            self.lists.append(_list(node))
        elif node.tag == "li":
            self.marker = self._mark(node)
        elif node.tag == "pre":
            self.preformatted += 1

    def _leave(self, node: Any) -> None:
        """End an element."""
        tag = node.tag
        if tag in INLINE:
            return
        if re.fullmatch(r"h[1-6]", tag):
            words, self.buffer = "".join(self.buffer), []
            self.page.heading(int(tag[1]), words)
            return
        self._flush()
        if tag in ("ol", "ul", "menu"):
            self.lists.pop()
        elif tag == "li":
            self.marker = ""
        elif tag == "pre":
            self.preformatted -= 1

    def _is_left_out(self, node: Any) -> bool:
        """Whether an element is no part of the text, noting what would be missed."""
        words = self.sizes.of(node).words
        if is_silent(node):
            return True
        if is_hidden(node):
            self.page.count("网页里隐藏的部分 {} 处没有读入", int(bool("".join(node.text().split()))))
            return True
        if node.tag == "img":
            self.page.count("图片 {} 张, 图里的文字没有读入")
        elif node.tag == "iframe":
            self.page.count("嵌入的其他网页 {} 个没有读入")
            return True
        elif node.tag in _CONTROLS or self.sizes.is_menu(node):
            self.page.count("菜单、按钮、页脚 {} 处没有读入", int(bool(words)))
            return True
        elif self.sizes.is_contents(node):
            self.page.count("目录 {} 处没有读入")
            return True
        return False

    def _text(self, words: str) -> str:
        """Return words with the white space that a browser shows; a line broken between Chinese characters leaves none."""
        if self.preformatted:
            return words
        return re.sub(r"[ \t\r\n\f]+", " ", _BROKEN_LINE.sub("", words))

    def _flush(self) -> None:
        """Write the words since the last block, an item's with its number unless they bring their own."""
        words = re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", "".join(self.buffer))).strip()
        self.buffer = []
        if words:
            own = numbering.match(words) or words[0] in "•●·○-"
            self.page.paragraph(words if own else self.marker + words)
            self.marker = ""

    def _mark(self, item: Any) -> str:
        """Return what a browser shows in front of a list item."""
        if not self.lists or (lists := self.lists[-1]).next is None:
            return "• "
        value = item.attributes.get("value") or ""
        number = int(value) if re.fullmatch(r"-?\d{1,9}", value) else lists.next
        lists.next = number + lists.step
        form = item.attributes.get("type") or lists.form
        return f"{_MARKS.get(form, str)(number)}. "

    def _cell(self, cell: Any) -> str:
        """Return the words of a table cell on one line."""
        pieces = Pieces(self.page)
        _Reader(pieces, self.sizes).read(cell)
        return pieces.words


def _list(node: Any) -> _List:
    """Return a list's first number and steps."""
    if node.tag != "ol":
        return _List(None, 0, "")
    start = node.attributes.get("start") or ""
    backwards = "reversed" in node.attributes
    first = sum(child.tag == "li" for child in node.iter()) if backwards else 1
    first = int(start) if re.fullmatch(r"-?\d{1,9}", start) else first
    return _List(first, -1 if backwards else 1, node.attributes.get("type") or "1")
