from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from samples import ROOT

from assistant import AssistantError
from assistant.corpus import read_corpus

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
