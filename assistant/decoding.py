"""Bytes -> text: the encodings that Chinese policies come in, and the refusal of what is no text."""

from __future__ import annotations

import re

from assistant.errors import CorpusError

_ENCODINGS = ("utf-8", "utf-16", "gb18030")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def decode(data: bytes, name: str) -> str:
    """Decode a policy file: UTF-8, UTF-16 with a mark, or GB18030.

    :raises CorpusError: if the bytes are empty, binary or in none of these encodings
    """
    if not data.strip():
        raise CorpusError(f"文件是空的: {name}。请换一份有正文的文件。")
    for encoding in _ENCODINGS:
        if encoding == "utf-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text) and _readable(text) and (encoding != "gb18030" or _common(text)):
            return text
        break
    raise CorpusError(f"不是文本文件, 或编码无法识别: {name}。请另存为 UTF-8 或 GB18030 编码的 .txt/.md。")


def _common(text: str) -> bool:
    """Tell Chinese from another encoding read as GB18030: nearly all its Han characters are those of GB 2312."""
    han = [c for c in text if "\u4e00" <= c <= "\u9fff"]
    return sum(len(c.encode("gb2312", "ignore")) == 2 for c in han) >= 0.9 * len(han)


def _readable(text: str) -> bool:
    """Tell text from binary data that happens to decode: hardly any private-use or unassigned characters."""
    odd = sum(not c.isprintable() and c not in "\r\n\t\u3000\u200b\xa0\ufeff" for c in text)
    return odd <= len(text) // 100
