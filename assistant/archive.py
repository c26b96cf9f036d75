"""Zip files, in memory and within limits: the policy files inside a .zip, and the check that a .docx must pass too.

Nothing is ever written to disk, no path inside an archive is followed, and no archive inside an archive is opened.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from assistant.errors import CorpusError

LARGEST_TOTAL = 200_000_000
LARGEST_RATIO = 200
SMALL = 1_000_000  # below this no ratio is suspicious
MOST_ENTRIES = 2_000
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive: its path as people wrote it, and its bytes."""

    name: str
    data: bytes


def open_zip(data: bytes, name: str) -> zipfile.ZipFile:
    """Open a zip file after a look at its list of contents.

    :raises CorpusError: if it is damaged, locked by a password, or unpacks to too much
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = archive.infolist()
    except BROKEN as error:
        raise CorpusError(f"文件已损坏或不完整: {name}。请重新下载或重新打包。") from error
    if len(entries) > MOST_ENTRIES:
        raise CorpusError(f"压缩包里的文件太多: {name} 有 {len(entries)} 个, 最多 {MOST_ENTRIES} 个。请拆成几个压缩包。")
    if any(entry.flag_bits & 1 for entry in entries):
        raise CorpusError(f"压缩包有密码: {name}。请解开密码, 重新打包后再导入。")
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST_TOTAL:
        raise CorpusError(f"压缩包解开后太大: {name} 超过 {LARGEST_TOTAL // 1_000_000} MB。请拆成几个压缩包。")
    if total > SMALL and total > LARGEST_RATIO * len(data):
        raise CorpusError(f"压缩包可疑: {name} 解开后是原来的 {total // len(data)} 倍, 不会打开。请用正常的文件重新打包。")
    return archive


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    """Return the bytes of one entry; never more than its list of contents says.

    :raises CorpusError: if it is damaged
    """
    try:
        return archive.read(entry)
    except BROKEN as error:
        raise CorpusError(f"压缩包里的文件已损坏: {name}/{_name(entry)}。请重新下载或重新打包。") from error


def members(data: bytes, name: str, suffixes: tuple[str, ...]) -> tuple[list[Member], list[str]]:
    """Return the files of a zip whose names end with one of `suffixes`, by name, and a message for everything left out.

    :raises CorpusError: if the zip is damaged, locked, unpacks to too much, or holds no such file
    """
    found: list[Member] = []
    skipped: list[str] = []
    with open_zip(data, name) as archive:
        for entry in archive.infolist():
            path = _name(entry)
            if entry.is_dir() or _is_clutter(path):
                continue
            if reason := _refusal(path, suffixes):
                skipped.append(f"压缩包里的 {path} 没有读入: {reason}")
            else:
                found.append(Member(path, read_entry(archive, entry, name)))
    if not found:
        raise CorpusError(f"压缩包里没有政策文件 ({'、'.join(suffixes)}): {name}。请放入至少一个文件再打包。")
    return sorted(found, key=lambda member: member.name), skipped


def _name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's path; names that Windows wrote in GBK come out of zipfile as code page 437."""
    path = entry.filename
    if not entry.flag_bits & 0x800:
        raw = path.encode("cp437", "replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                path = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return re.sub(r"[\x00-\x1f\x7f]", "", path.replace("\\", "/"))


def _is_clutter(path: str) -> bool:
    """Whether an operating system, not a person, put the file there."""
    parts = PurePosixPath(path).parts
    return any(part == "__MACOSX" or (part.startswith((".", "~$")) and part != "..") for part in parts)


def _refusal(path: str, suffixes: tuple[str, ...]) -> str:
    """Return why an entry is left out; "" if it is a policy file."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or re.match(r"[A-Za-z]:", path):
        return "路径指到压缩包外面"
    if pure.suffix.lower() == ".zip":
        return "不打开压缩包里的压缩包"
    if pure.suffix.lower() not in suffixes:
        return f"不是政策文件 ({'、'.join(suffixes)})"
    return ""
