"""Which format the bytes of a file are, whatever its name says, and the refusal of what cannot be read."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath

from assistant import archive
from assistant.errors import CorpusError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_TAG = re.compile(rb"<\x00?[A-Za-z!/?]")
_SUFFIX_KINDS = {".docx": "docx", ".docm": "docx", ".pdf": "pdf", ".html": "html", ".htm": "html", ".zip": "zip"}
_NAMES = {"docx": " Word 文件 (.docx)", "pdf": " PDF ", "zip": "压缩包 (.zip)", "html": "网页", "text": "纯文本文件"}


def format_of(name: str, data: bytes, shown: str) -> str:
    """Return docx, pdf, html, zip or text by the first bytes of a file; its name only decides between text and HTML.

    :raises CorpusError: if it is none that can be read, or is not what its name says and not safely something else
    """
    suffix = PurePosixPath(name).suffix.lower()
    named = _SUFFIX_KINDS.get(suffix, "text")
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise CorpusError(f"文件是空的: {shown}。请换一份有正文的文件。")
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise CorpusError(f"Word 文件有密码: {shown}。请在 Word 里去掉密码, 另存后再导入。")
        raise CorpusError(f"旧格式的 Word 或 WPS 文件 (.doc、.wps) 读不了: {shown}。请在 Word 或 WPS 里另存为 .docx。")
    if data.startswith((b"{\\rtf", b"MIME-Version:")):
        raise CorpusError(f"RTF、MHT 文件读不了: {shown}。请在 Word 里打开, 另存为 .docx。")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(named, data, shown)
    if named in ("docx", "pdf", "zip"):
        raise CorpusError(f"文件名与内容不符, 或文件不完整: {shown} 不是{_NAMES[named]}。请改成真正的后缀, 或重新下载。")
    return "html" if _HTML.match(data[:4096]) or (named == "html" and _TAG.search(data)) else "text"


def _zip_kind(named: str, data: bytes, shown: str) -> str:
    """Tell a Word file from an archive of files and from other formats that are zip files."""
    with archive.open_zip(data, shown) as opened:
        names = set(opened.namelist())
    if "[Content_Types].xml" in names and any(name.startswith("word/") for name in names):
        return "docx"
    if named == "zip" and "[Content_Types].xml" not in names:
        return "zip"
    if named == "zip" or "[Content_Types].xml" in names:
        raise CorpusError(f"不是 Word 文件, 是 Excel、PowerPoint 等别的格式: {shown}。请换成 Word、PDF、网页或文本文件。")
    raise CorpusError(f"文件名与内容不符: {shown} 是{_NAMES['zip']}, 不是{_NAMES[named]}。请改成真正的后缀。")
