"""Bytes -> text: the encodings that Chinese policies come in, the refusal of what is no text, and text for a terminal."""

from __future__ import annotations

import re

from assistant.errors import CorpusError

_ENCODINGS = ("utf-8", "utf-16", "gb18030")
_BLANK = " \t\r\n\u3000\u200b\xa0\ufeff"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def decode(data: bytes, name: str) -> str:
    """Decode a policy file: UTF-8, UTF-16 with a mark, or GB18030.

    :raises CorpusError: if the bytes are empty, binary or in none of these encodings, or some of them are damaged
    """
    for encoding in _ENCODINGS:
        if encoding == "utf-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not text.strip(_BLANK):
            raise CorpusError(f"文件是空的: {name}。请换一份有正文的文件。")
        if not _CONTROL.search(text) and _readable(text) and (encoding != "gb18030" or _common(text)):
            return text
        break
    if line := _damaged_line(data):
        raise CorpusError(f"第 {line} 行有损坏的字符: {name} 的其余部分是 UTF-8。请在编辑器里改好这一行, 另存为 UTF-8 再导入。")
    raise CorpusError(f"不是文本文件, 或编码无法识别: {name}。请另存为 UTF-8 或 GB18030 编码的 .txt/.md。")


def _damaged_line(data: bytes) -> int:
    """Return the line of the first byte that is no UTF-8 in a Chinese text that otherwise is; 0 if it is no such text."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    damaged = broken <= 1 + len(text) // 100 and not _CONTROL.search(text) and any("\u4e00" <= c <= "\u9fff" for c in text)
    return text[: text.index("\ufffd")].count("\n") + 1 if broken and damaged else 0


def _common(text: str) -> bool:
    """Tell Chinese from another encoding read as GB18030: nearly all its Han characters are those of GB 2312."""
    han = [c for c in text if "\u4e00" <= c <= "\u9fff"]
    return sum(len(c.encode("gb2312", "ignore")) == 2 for c in han) >= 0.9 * len(han)


def _readable(text: str) -> bool:
    """Tell text from binary data that happens to decode: hardly any private-use or unassigned characters."""
    odd = sum(not c.isprintable() and c not in _BLANK for c in text)
    return odd <= len(text) // 100


def printable(text: str) -> str:
    """Return text as one line of a terminal: blanks of any kind are spaces, what steers a terminal or turns lines round is ?."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)
