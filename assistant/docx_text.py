"""A Word file -> Extracted: paragraphs with the numbers that Word shows, headings, tables, footnotes, text boxes.

What a reader of the accepted document does not see is left out and counted: deleted and hidden words, comments, contents lines,
pictures, running heads. Macros are never looked at. The XML parser of python-docx resolves no entities; a file that declares
any is refused all the same.
"""

from __future__ import annotations

import io
from typing import Any

from assistant import archive
from assistant.clause import Extracted
from assistant.errors import CorpusError
from assistant.manuscript import Manuscript
from assistant.word_body import WordBody, plain
from assistant.word_numbers import W

LARGEST_PART = 60_000_000
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_SAVE_AGAIN = "请在 Word 或 WPS 里打开, 另存为 .docx 再导入。"


def extract(data: bytes, name: str) -> Extracted:
    """Return the text of a .docx or .docm.

    :raises CorpusError: if it is damaged, hostile, unpacks to too much, or holds no words
    """
    main, parts = _open(data, name)
    page = Manuscript(name)
    body = WordBody(parts, page)
    try:
        for holder in main.iterchildren(W + "body"):
            body.blocks(holder)
        body.append_notes()
    except RecursionError as error:
        raise CorpusError(f"Word 文件嵌套太深: {name}。{_SAVE_AGAIN}") from error
    _note_parts(parts, page)
    extracted = page.finish()
    if not extracted.text.strip():
        raise CorpusError(f"Word 文件里没有文字: {name}。如果内容是图片, 请换成有文字的文件。")
    return extracted


def _open(data: bytes, name: str) -> tuple[Any, dict[str, Any]]:
    """Return the body of a Word file, and the roots of its other parts by the end of their relation."""
    from docx.opc.package import OpcPackage
    from docx.oxml.parser import parse_xml
    from lxml.etree import XMLSyntaxError

    with archive.open_zip(data, name) as opened:
        for entry in opened.infolist():
            if not entry.filename.lower().endswith((".xml", ".rels")):
                continue
            content = archive.read_entry(opened, entry, name)
            if len(content) > LARGEST_PART:
                raise CorpusError(
                    f"Word 文件太大: {name} 的 {entry.filename} 超过 {LARGEST_PART // 1_000_000} MB。请拆分后再导入。"
                )
            if b"<!DOCTYPE" in content or b"<!ENTITY" in content or "<!DOCTYPE".encode("utf-16-le") in content:
                raise CorpusError(f"Word 文件含有不安全的 XML 声明, 不会打开: {name}。{_SAVE_AGAIN}")
    try:
        main = OpcPackage.open(io.BytesIO(data)).main_document_part
        parts: dict[str, Any] = {"types": main.content_type, "all": []}
        for relation in main.rels.values():
            kind = relation.reltype.removeprefix(_RELATIONS)
            if (
                kind in ("styles", "numbering", "footnotes", "endnotes", "comments", "header", "footer")
                and not relation.is_external
            ):
                root = parse_xml(relation.target_part.blob)
                parts[kind] = root
                parts["all"].append((kind, root))
        return parse_xml(main.blob), parts
    except (*archive.BROKEN, KeyError, AttributeError, TypeError, IndexError, XMLSyntaxError) as error:
        raise CorpusError(f"Word 文件已损坏, 或不是通常的 .docx: {name}。{_SAVE_AGAIN}") from error


def _note_parts(parts: dict[str, Any], page: Manuscript) -> None:
    """Note what stands beside the text: comments, running heads, macros."""
    comments = parts.get("comments")
    if comments is not None and (number := len(list(comments.iterchildren(W + "comment")))):
        page.count("批注 {} 条没有读入", number)
    heads = [words for kind, root in parts["all"] if kind in ("header", "footer") and (words := plain(root))]
    if heads:
        page.count(f"页眉、页脚没有读入: 「{'」「'.join(dict.fromkeys(word[:30] for word in heads))}」")
    if "macroEnabled" in parts["types"]:
        page.count("文件带有宏, 宏没有读取也没有运行")
