from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from pathlib import Path

import pytest
from docx import Document
from invariants import check
from papers import BODY, grid, pdf, saved
from reportlab.platypus import Paragraph
from samples import ROOT

from assistant import AssistantError, confined
from assistant.corpus import SUFFIXES, bytes_of, fingerprints, read_bytes, read_corpus, read_file
from assistant.parse import parse

TEXT = "示例政策\n一、收集\n我们收集您的手机号。\n"


def test_the_policy_is_the_owners_byte_for_byte() -> None:
    (source,) = read_corpus(ROOT / "corpus")
    assert source.sha256 == "e7c3c82f2f9ccafb1273f51bd44342735666334e6103603b50b124b21f807488"
    assert source.title == "即分期超G会员隐私政策"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "示例.txt"
    file.write_bytes(TEXT.encode(encoding))
    (source,) = read_corpus(file)
    assert source.text.lstrip("\ufeff") == TEXT
    assert source.title == "示例政策" and source.policy == "示例"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "文件是空的"),
        (b" \n\t\n", "文件是空的"),
        (bytes(range(256)) * 20, "不是文本文件"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "不是文本文件"),
        ("プライバシーポリシーと利用規約".encode("shift_jis"), "不是文本文件"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "x.txt"
    file.write_bytes(content)
    with pytest.raises(AssistantError, match=message):
        read_corpus(file)


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="找不到"):
        read_corpus(tmp_path / "none")
    with pytest.raises(AssistantError, match="没有政策文件"):
        read_corpus(tmp_path)


def test_manifest_gives_title_and_version_and_guards_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, "utf-8")
    entry = {
        "id": "a",
        "title": "甲政策",
        "version": "2.0",
        "effective_date": "2026-01-01",
        "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
    }
    manifest = tmp_path / "sources.json"
    manifest.write_text(json.dumps({"policies": {"a.txt": entry}}), "utf-8")
    (source,) = read_corpus(tmp_path)
    assert (source.policy, source.title, source.version, source.effective_date) == ("a", "甲政策", "2.0", "2026-01-01")
    (tmp_path / "a.txt").write_text(TEXT + "x", "utf-8")
    with pytest.raises(AssistantError, match="sha256 不一致"):
        read_corpus(tmp_path)
    manifest.write_text("{", "utf-8")
    with pytest.raises(AssistantError, match="清单文件读不懂"):
        read_corpus(tmp_path)


def test_two_policies_with_one_id(tmp_path: Path) -> None:
    for name in ("a.txt", "a.md"):
        (tmp_path / name).write_text(TEXT, "utf-8")
    with pytest.raises(AssistantError, match="编号相同"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.docx", b"", "文件是空的"),
        ("a.pdf", "不是 PDF".encode(), "文件名与内容不符"),
        ("a.docx", b"plain words", "文件名与内容不符"),
        ("a.docx", b"PK\x03\x04" + b"x" * 100, "已损坏"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "另存为 .docx"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "有密码"),
        ("a.txt", b"{\\rtf1 abc}", "RTF"),
        ("a.txt", b"x" * 20_000_001, "文件太大"),
        ("a.html", b"<p></p>", "没有正文"),
        ("a.md", b"\x00\x01\x02\x03" * 50, "不是文本文件"),
    ],
)
def test_bad_files_are_refused_with_one_message_that_names_them(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    (tmp_path / "good.txt").write_text(TEXT, "utf-8")
    with pytest.raises(AssistantError, match=message) as caught:
        read_corpus(file)
    assert str(file) in str(caught.value)
    if file.suffix in SUFFIXES:
        with pytest.raises(AssistantError, match=message):
            read_corpus(tmp_path)


def test_a_file_that_is_removed_while_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    with pytest.raises(AssistantError, match=r"文件不见了: .*gone\.txt"):
        read_corpus(tmp_path)


def test_a_file_is_read_as_what_it_is() -> None:
    page = "<!DOCTYPE html><html><body><p>我们收集您的手机号。</p></body></html>".encode()
    (named_wrongly,) = read_bytes("政策.txt", page)
    assert named_wrongly.text == "我们收集您的手机号。\n"
    document = Document()
    document.add_paragraph("我们收集您的手机号。")
    (word,) = read_bytes("C:\\上传\\政策.txt", saved(document))
    assert word.text == "我们收集您的手机号。\n" and word.filename == "政策.txt"


def test_fingerprints_follow_the_bytes_and_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT, "utf-8")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("内/c.txt", TEXT)
    before = fingerprints(tmp_path)
    assert {s.filename.split("/")[0]: s.file_id for s in read_corpus(tmp_path)} == before
    assert {s.file_id for s in read_file(tmp_path / "b.zip")} == {before["b.zip"]}
    manifest = tmp_path / "sources.json"
    manifest.write_text(json.dumps({"policies": {"b.zip/内/c.txt": {"id": "丙", "title": "丙政策"}}}), "utf-8")
    after = fingerprints(tmp_path)
    assert after["a.txt"] == before["a.txt"] and after["b.zip"] != before["b.zip"]
    assert {s.filename.split("/")[0]: s.file_id for s in read_corpus(tmp_path)} == after
    assert read_corpus(tmp_path)[1].title == "丙政策"
    (tmp_path / "a.txt").write_text(TEXT + "改", "utf-8")
    assert fingerprints(tmp_path)["a.txt"] != after["a.txt"]


HEAD = ["示例隐私政策", "一、我们收集的信息", "1、注册时, 我们收集您的手机号。", "2、付款时, 我们收集您的卡号。"]
ROWS = [["序号", "信息", "目的"], ["1", "位置|轨迹", "用于风控"], ["2", "相机", ""], ["3", "通讯录", "用于联系"]]
TAIL = ["二、我们共享的信息", "(一)合作方", "我们与合作方共享您的订单信息, 用于配送。"]


def in_every_format() -> dict[str, bytes]:
    """One policy as text, Markdown, Word, web page and PDF."""
    exact = [
        "| 序号 | 信息 | 目的 |",
        "| --- | --- | --- |",
        "| 1 | 位置\\|轨迹 | 用于风控 |",
        "| 2 | 相机 | ^^ |",
        "| 3 | 通讯录 | 用于联系 |",
    ]
    document = Document()
    for line in HEAD:
        document.add_paragraph(line)
    table = document.add_table(4, 3)
    for cell, words in zip(table._cells, (w for row in ROWS for w in row), strict=True):
        cell.text = words
    table.cell(1, 2).merge(table.cell(2, 2)).text = "用于风控"
    for line in TAIL:
        document.add_paragraph(line)
    cells = "<tr><td>1<td>位置|轨迹<td rowspan=2>用于风控<tr><td>2<td>相机<tr><td>3<td>通讯录<td>用于联系"
    page = (
        "".join(f"<p>{line}</p>" for line in HEAD)
        + f"<table><tr><th>序号<th>信息<th>目的{cells}</table>"
        + "".join(f"<p>{line}</p>" for line in TAIL)
    )
    flow = [
        *(Paragraph(line, BODY) for line in HEAD),
        grid(ROWS, ("SPAN", (2, 1), (2, 2))),
        *(Paragraph(line, BODY) for line in TAIL),
    ]
    return {
        "t.txt": "\n".join([*HEAD, *exact, *TAIL]).encode(),
        "t.md": "\n\n".join([HEAD[0], *HEAD[1:], "\n".join(exact), *TAIL]).encode(),
        "t.docx": saved(document),
        "t.html": page.encode(),
        "t.pdf": pdf(flow),
    }


def test_the_same_policy_in_every_format_has_the_same_clauses() -> None:
    trees = {}
    for name, data in in_every_format().items():
        policy = parse(read_bytes(name, data)[0])
        check(policy)
        trees[name] = [(c.clause, c.path, c.text, c.roles) for c in policy.clauses]
    assert [clause for clause, *_ in trees["t.txt"]] == [
        "一、1",
        "一、2",
        "一、2 表1 序号1",
        "一、2 表1 序号2",
        "一、2 表1 序号3",
        "二(一)",
    ]
    assert trees["t.txt"][3][2:] == (
        "序号:2\n信息:相机\n目的:用于风控",
        ("column", "cell", "column", "cell", "column", "inherited"),
    )
    assert all(tree == trees["t.txt"] for tree in trees.values()), trees


def test_one_damaged_byte_is_told_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_bytes(TEXT.encode() + b"\xe4\xba\n" + "二、共享\n不共享。\n".encode() * 20)
    with pytest.raises(AssistantError, match="第 4 行有损坏的字符"):
        read_corpus(file)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xef\xbb\xbf \n", b"\xff\xfe", "\u3000\n".encode()])
def test_marks_and_blanks_alone_are_an_empty_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.txt"
    file.write_bytes(content)
    with pytest.raises(AssistantError, match="文件是空的"):
        read_corpus(file)


def test_a_pipe_a_device_and_a_folder_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for place in (tmp_path / "pipe.txt", Path("/dev/zero"), tmp_path):
        with pytest.raises(AssistantError, match=r"不是普通文件|它是文件夹"):
            bytes_of(place)
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(AssistantError, match="不是普通文件"):
        read_corpus(tmp_path)


def test_a_link_to_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(AssistantError, match="不见了"):
        read_corpus(tmp_path)


def test_files_of_one_stem_are_named(tmp_path: Path) -> None:
    for name in ("a.md", "a.txt"):
        (tmp_path / name).write_text(TEXT, "utf-8")
    with pytest.raises(AssistantError, match=r"编号相同: a \(a.md、a.txt\)"):
        read_corpus(tmp_path)


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"policies": []}', b"\xff", b"[" * 100_000])
def test_a_manifest_that_cannot_be_understood_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_text(TEXT, "utf-8")
    (tmp_path / "sources.json").write_bytes(content)
    with pytest.raises(AssistantError, match="清单文件读不懂") as told:
        read_corpus(tmp_path)
    assert "object" not in str(told.value)


def test_a_text_called_html_is_read_line_by_line() -> None:
    (source,) = read_bytes("x.html", TEXT.encode())
    assert source.text == TEXT


@pytest.mark.parametrize("charset", ["undefined", "unicode_escape", "rot13", "utf-16", "gbk", "idna"])
def test_a_page_that_lies_about_its_encoding(charset: str) -> None:
    page = f"<html><head><meta charset={charset}></head><body><p>一、收集</p><p>我们收集您的手机号。</p></body></html>"
    (source,) = read_bytes("x.html", page.encode())
    assert "我们收集您的手机号。" in source.text


@pytest.mark.parametrize("tag", ["div", "article", "x-y", "em"])
def test_a_page_nested_without_end_is_refused_at_once(tag: str) -> None:
    for page in (f"<{tag}>" * 100_000, f"<{tag}>" * 100_000 + "收集" + f"</{tag}>" * 100_000):
        with pytest.raises(AssistantError, match="嵌套太深"):
            read_bytes("x.html", f"<html>{page}".encode())
    lines = "<br>我们收集您的手机号。" * 6000
    assert read_bytes("x.html", f"<html><script>a<b;a<b</script><p>一、收集{lines}".encode())[0].text.count("手机号") == 6000


def test_a_pdf_that_asks_for_too_much_ends_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zlib.compress(b"q Q " * 5_000_000, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(bomb), bomb),
    ]
    data = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, o) for n, o in enumerate(objects, 1))
    data += b"trailer<</Size 5/Root 1 0 R>>\n%%EOF"
    monkeypatch.setattr(confined, "_LEAST_TIME", 1)
    monkeypatch.setattr(confined, "_PER_MEGABYTE", 0)
    with pytest.raises(AssistantError, match=r"太复杂: x\.pdf 读了 1 秒"):
        read_bytes("x.pdf", data)
