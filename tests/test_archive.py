from __future__ import annotations

import io
import struct
import zipfile

import pytest
from docx import Document
from papers import saved

from assistant import AssistantError, archive
from assistant.corpus import read_bytes
from assistant.parse import parse

TEXT = "示例政策\n一、收集\n我们收集您的手机号。\n".encode()


def packed(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as zipped:
        for name, data in files:
            zipped.writestr(name, data)
    return out.getvalue()


def test_policies_inside_folders_of_a_zip() -> None:
    document = Document()
    document.add_paragraph("一、保存")
    document.add_paragraph("我们保存三年。")
    data = packed(
        ("隐私/政策.txt", TEXT),
        ("协议/服务.docx", saved(document)),
        ("__MACOSX/._政策.txt", b"x"),
        (".DS_Store", b"x"),
        ("图/标志.png", b"x"),
        ("里面.zip", packed(("a.txt", TEXT))),
        ("../逃.txt", TEXT),
        ("/etc/逃.txt", TEXT),
        ("C:\\逃.txt", TEXT),
    )
    sources = read_bytes("包.zip", data)
    assert [(s.filename, s.policy) for s in sources] == [("包.zip/协议/服务.docx", "服务"), ("包.zip/隐私/政策.txt", "政策")]
    assert [c.clause for c in parse(sources[0]).clauses] == ["一"] and len({s.file_id for s in sources}) == 1
    said = "\n".join(doubt.message for doubt in parse(sources[0]).doubts)
    assert all(part in said for part in ("图/标志.png", "里面.zip", "../逃.txt", "/etc/逃.txt", "C:/逃.txt"))
    assert "MACOSX" not in said and "DS_Store" not in said


def test_names_in_gbk_and_the_same_name_in_two_folders() -> None:
    data = packed(("A" * 12 + ".txt", TEXT)).replace(b"A" * 12, "隐私政策甲乙".encode("gbk"))
    (source,) = read_bytes("x.zip", data)
    assert source.filename == "x.zip/隐私政策甲乙.txt"
    sources = read_bytes("x.zip", packed(("甲/政策.txt", TEXT), ("乙/政策.txt", TEXT)))
    assert [s.policy for s in sources] == ["乙-政策", "甲-政策"]


def test_encrypted_damaged_and_empty_archives() -> None:
    plain = packed(("a.txt", TEXT), method=zipfile.ZIP_STORED)
    at = plain.index(b"PK\x01\x02") + 8
    locked = plain[:6] + struct.pack("<H", 1) + plain[8:at] + struct.pack("<H", 1) + plain[at + 2 :]
    for data, message in [
        (locked, "有密码"),
        (plain[:-30], "已损坏"),
        (plain.replace("手机号".encode(), "身份证".encode(), 1), "已损坏"),
        (packed(("a.png", b"x")), "没有政策文件"),
        (packed(), "没有政策文件"),
    ]:
        with pytest.raises(AssistantError, match=message):
            read_bytes("x.zip", data)


def test_bombs() -> None:
    with pytest.raises(AssistantError, match="可疑"):
        read_bytes("x.zip", packed(("a.txt", b"\0" * 50_000_000)))
    with pytest.raises(AssistantError, match="文件太多"):
        read_bytes("x.zip", packed(*((f"{n}.txt", b"x") for n in range(archive.MOST_ENTRIES + 1))))
    large = bytearray(packed(("a.txt", TEXT), method=zipfile.ZIP_STORED))
    at = large.index(b"PK\x01\x02") + 24
    large[at : at + 4] = struct.pack("<I", archive.LARGEST_TOTAL + 1)
    with pytest.raises(AssistantError, match="解开后太大"):
        read_bytes("x.zip", bytes(large))


def test_a_bad_file_in_a_zip_is_named() -> None:
    with pytest.raises(AssistantError, match=r"x\.zip/b\.docx"):
        read_bytes("x.zip", packed(("a.txt", TEXT), ("b.docx", b"not a word file")))
    with pytest.raises(AssistantError, match="Excel"):
        read_bytes("x.zip", packed(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")))
