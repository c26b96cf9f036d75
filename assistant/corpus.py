"""Stage 0, files -> [Source]: read policy files as their owner wrote them, with the title and version from the manifest.

`sources.json` beside the files maps a file name to {"id", "title", "version", "effective_date", "source", "sha256"};
a file without an entry is still read: its name is its id and its first line its title. A policy that states no version
is told apart by the first twelve digits of its hash.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from assistant.bank import PATTERN
from assistant.clause import Source
from assistant.errors import CorpusError

MANIFEST = "sources.json"
SUFFIXES = (".txt", ".md")
LARGEST = 20_000_000
_ENCODINGS = ("utf-8", "utf-16", "gb18030")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def read_corpus(path: Path) -> list[Source]:
    """Read one policy file, or every policy file of a folder in the order of their names.

    :raises CorpusError: if nothing is there, or a file is empty, binary or in no known encoding
    """
    if not path.exists():
        raise CorpusError(f"找不到政策文件或文件夹: {path}。请检查路径, 或用 --corpus 指定。")
    folder = path if path.is_dir() else path.parent
    files = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise CorpusError(f"文件夹里没有政策文件 ({'、'.join(SUFFIXES)}): {path}。请放入至少一个文件再重试。")
    manifest = _manifest(folder)
    sources = [_read(file, manifest.get(file.name, {})) for file in files]
    ids = [source.policy for source in sources]
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise CorpusError(f"{folder} 里有多份政策编号相同: {'、'.join(sorted(twice))}。请改文件名, 或在 {MANIFEST} 里改 id。")
    return sources


def unread(path: Path) -> list[Path]:
    """Return the files of a corpus folder that are no policy file, for the import report."""
    others = [p for p in path.iterdir() if p.is_file() and p.suffix.lower() not in SUFFIXES] if path.is_dir() else []
    return sorted(p for p in others if p.name != MANIFEST and not p.match(PATTERN) and not p.name.startswith("."))


def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the manifest entries of a folder by file name; {} if it has none."""
    file = folder / MANIFEST
    if not file.exists():
        return {}
    try:
        entries = json.loads(file.read_text("utf-8"))["policies"]
        return {name: dict(entry) for name, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"清单文件读不懂: {file} ({error})。请按 README 的格式修正, 或删除它。") from error


def _read(file: Path, entry: dict[str, Any]) -> Source:
    """Read and decode one file."""
    try:
        if file.stat().st_size > LARGEST:
            raise CorpusError(f"文件太大: {file} 超过 {LARGEST // 1_000_000} MB。请拆分后再导入。")
        data = file.read_bytes()
    except OSError as error:
        raise CorpusError(f"读不了文件: {file} ({error.strerror})。请检查权限。") from error
    text = decode(data, str(file))
    first = next((line.strip(" #*\ufeff\t") for line in text.splitlines() if line.strip(" #*=\ufeff\t")), file.stem)
    digest = hashlib.sha256(data).hexdigest()
    if entry.get("sha256") not in (None, "", digest):
        raise CorpusError(f"{file} 与 {MANIFEST} 里登记的 sha256 不一致, 文件被改过。请核对原文; 确认无误后更新清单里的 sha256。")
    return Source(
        policy=str(entry.get("id", file.stem)),
        title=str(entry.get("title", first[:60])),
        version=str(entry.get("version") or digest[:12]),
        effective_date=str(entry.get("effective_date") or ""),
        filename=file.name,
        sha256=digest,
        text=text,
    )


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
