"""Stage 0, files -> [Source]: read policy files as their owner wrote them, with the title and version from the manifest.

`sources.json` beside the files maps a file name (of a file inside a zip: bundle.zip/inner name) to {"id", "title", "version",
"effective_date", "source", "sha256"}; a file without an entry is still read: its name is its id and its first line its title.
A policy that states no version is told apart by the first twelve digits of its hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from assistant import archive
from assistant.bank import PATTERN
from assistant.clause import Doubt, Extracted, Source
from assistant.decoding import decode
from assistant.errors import CorpusError, reason
from assistant.formats import format_of
from assistant.manuscript import LARGEST_TEXT

MANIFEST = "sources.json"
SUFFIXES = (".txt", ".md", ".docx", ".docm", ".pdf", ".html", ".htm", ".zip")
LARGEST = 50_000_000
_Entries = dict[str, dict[str, Any]]


def read_corpus(path: Path, known: Iterable[Source] = ()) -> list[Source]:
    """Read one policy file, or every policy file of a folder in the order of their names.

    :param known: sources read before; they are taken for the file that still has their `file_id`
    :raises CorpusError: if nothing is there, or a file cannot be read as a policy
    """
    manifest = _manifest(path if path.is_dir() else path.parent)
    before: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for source in known:
        before[source.filename.split("/")[0], source.file_id].append(source)
    sources: list[Source] = []
    for file in _files(path):
        data = bytes_of(file)
        identified = (file.name, _file_id(file.name, hashlib.sha256(data).hexdigest(), manifest))
        sources += before.get(identified) or _read(file.name, data, str(file), manifest)
    _refuse_twins(sources, str(path))
    return sources


def _refuse_twins(sources: Iterable[Source], shown: str) -> None:
    """Raise CorpusError if several sources have the same id."""
    files = defaultdict(list)
    for source in sources:
        files[source.policy].append(source.filename)
    if twice := "; ".join(f"{i} ({'、'.join(names)})" for i, names in sorted(files.items()) if len(names) > 1):
        raise CorpusError(f"{shown} 里有几份文档的编号相同: {twice}。请改文件名, 或在 {MANIFEST} 里改 id。")


def read_file(file: Path) -> list[Source]:
    """Read one file, a zip as several policies, with what the manifest beside it says.

    :raises CorpusError: if it cannot be read as a policy
    """
    return _read(file.name, bytes_of(file), str(file), _manifest(file.parent))


def read_bytes(name: str, data: bytes) -> list[Source]:
    """Read a file that was handed over as its name and its bytes.

    :raises CorpusError: if it cannot be read as a policy, or is a zip in which two have the same id
    """
    _refuse_large(len(data), name)
    sources = _read(PurePosixPath(name.replace("\\", "/")).name, data, name, {})
    _refuse_twins(sources, name)
    return sources


def fingerprints(path: Path) -> dict[str, str]:
    """Return file name -> hash of its bytes and of what the manifest says of it, without reading what is in it.

    :raises CorpusError: if nothing is there, or a file or the manifest cannot be read
    """
    manifest = _manifest(path if path.is_dir() else path.parent)
    return {file.name: _file_id(file.name, hashlib.sha256(bytes_of(file)).hexdigest(), manifest) for file in _files(path)}


def unread(path: Path) -> list[Path]:
    """Return the files of a corpus folder that are no policy file, for the import report."""
    others = [p for p in path.iterdir() if p.is_file() and p.suffix.lower() not in SUFFIXES] if path.is_dir() else []
    return sorted(p for p in others if p.name != MANIFEST and not p.match(PATTERN) and not p.name.startswith("."))


def _files(path: Path) -> list[Path]:
    """Return the policy files at a path, in the order of their names; what Word leaves beside an open file is none."""
    if not path.exists():
        raise CorpusError(f"找不到政策文件或文件夹: {path}。请检查路径, 或用 --corpus 指定。")
    if not path.is_dir():
        return [path]
    try:
        held = sorted(path.iterdir())
    except OSError as error:
        raise CorpusError(f"打不开文件夹: {path} ({reason(error)})。请检查权限。") from error
    files = [p for p in held if p.suffix.lower() in SUFFIXES and not p.name.startswith((".", "~$")) and not p.is_dir()]
    if not files:
        raise CorpusError(f"文件夹里没有政策文件 ({'、'.join(SUFFIXES)}): {path}。请放入至少一个文件再重试。")
    return files


def _manifest(folder: Path) -> _Entries:
    """Return the manifest entries of a folder by file name; {} if it has none."""
    entries: _Entries = read_record(folder)["policies"]
    return entries


def read_record(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder as it is written, with no policies if there is none.

    :raises CorpusError: if it is none that can be understood
    """
    file = folder / MANIFEST
    try:
        record = json.loads(file.read_text("utf-8"))
        return {**record, "policies": {name: dict(entry) for name, entry in record["policies"].items()}}
    except FileNotFoundError:
        return {"policies": {}}
    except OSError as error:
        raise CorpusError(f"清单文件读不了: {file} ({reason(error)})。请检查权限。") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        where = f"第 {error.lineno} 行" if isinstance(error, json.JSONDecodeError) else "格式不对"
        raise CorpusError(f"清单文件读不懂: {file} ({where})。请按 CONTRIBUTING.md 的格式修正, 或删除它。") from error


def bytes_of(file: Path) -> bytes:
    """Return the bytes of a file, LARGEST at most.

    :raises CorpusError: if it is none, is larger, or cannot be read
    """
    try:
        with open(file, "rb", opener=_at_once) as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise CorpusError(f"不是普通文件: {file} 是文件夹、管道或设备。请先存成文件再重试。")
            _refuse_large(about.st_size, str(file))
            data = stream.read(LARGEST + 1)  # it may have grown in the meantime
        _refuse_large(len(data), str(file))
        return data
    except FileNotFoundError as error:
        raise CorpusError(f"文件不见了: {file}, 可能刚被移走或改名。请放回原处再重试。") from error
    except OSError as error:
        raise CorpusError(f"读不了文件: {file} ({reason(error)})。请检查路径和权限。") from error


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to is opened too, instead of being waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refuse_large(size: int, name: str) -> None:
    """Raise CorpusError if a file is over the limit."""
    if size > LARGEST:
        raise CorpusError(f"文件太大: {name} 超过 {LARGEST // 1_000_000} MB。请拆分后再导入。")


def _file_id(name: str, digest: str, manifest: _Entries) -> str:
    """Return a hash of a file's digest and of the manifest's entries for it and for the files inside it."""
    entries = {key: entry for key, entry in manifest.items() if key == name or key.startswith(f"{name}/")}
    return hashlib.sha256((digest + json.dumps(entries, sort_keys=True)).encode()).hexdigest()[:32]


def _read(name: str, data: bytes, shown: str, manifest: _Entries) -> list[Source]:
    """Read one file of any format; `shown` is what messages call it."""
    digest = hashlib.sha256(data).hexdigest()
    file_id = _file_id(name, digest, manifest)
    kind = format_of(name, data, shown)
    if kind != "zip":
        return [_source(name, data, kind, shown, manifest, file_id)]
    _refuse_changed(manifest.get(name, {}), digest, shown)
    inner, skipped = archive.members(data, shown, tuple(s for s in SUFFIXES if s != ".zip"))
    sources = []
    for member in inner:
        path = f"{shown}/{member.name}"
        _refuse_large(len(member.data), path)
        member_kind = format_of(member.name, member.data, path)
        if member_kind == "zip":
            raise CorpusError(f"压缩包里还有压缩包: {path}。请解开后再导入。")
        sources.append(_source(f"{name}/{member.name}", member.data, member_kind, path, manifest, file_id))
    return _told_apart(sources, tuple(Doubt(1, message) for message in skipped))


def _told_apart(sources: list[Source], skipped: tuple[Doubt, ...]) -> list[Source]:
    """Name files of the same name in several folders of a zip by their folders, and hand what was skipped to the first."""
    ids = Counter(source.policy for source in sources)
    told = [
        replace(s, policy="-".join(PurePosixPath(s.filename).with_suffix("").parts[1:])) if ids[s.policy] > 1 else s
        for s in sources
    ]
    return [replace(told[0], notes=skipped + told[0].notes), *told[1:]]


def _source(name: str, data: bytes, kind: str, shown: str, manifest: _Entries, file_id: str) -> Source:
    """Read one policy."""
    entry = manifest.get(name, {})
    digest = hashlib.sha256(data).hexdigest()
    _refuse_changed(entry, digest, shown)
    extracted = _extract(data, kind, shown)
    stem = PurePosixPath(name).stem
    lines = (line.strip(" #*|\ufeff\t") for line in extracted.text.splitlines() if line.strip(" #*=|\ufeff\t"))
    return Source(
        policy=str(entry.get("id", stem)),
        title=str(entry.get("title", next(lines, stem)[:60])),
        version=str(entry.get("version") or digest[:12]),
        effective_date=str(entry.get("effective_date") or ""),
        filename=name,
        sha256=digest,
        text=extracted.text,
        notes=extracted.notes,
        file_id=file_id,
    )


def _refuse_changed(entry: dict[str, Any], digest: str, shown: str) -> None:
    """Raise CorpusError if a file is not the one that the manifest registers."""
    if entry.get("sha256") not in (None, "", digest):
        raise CorpusError(
            f"{shown} 与 {MANIFEST} 里登记的 sha256 不一致, 文件被改过。请核对原文; 确认无误后更新清单里的 sha256。"
        )


def _extract(data: bytes, kind: str, shown: str) -> Extracted:
    """Turn the bytes of one policy into text."""
    from assistant import confined, docx_text, html_text

    if kind == "text":
        if len(data) > LARGEST_TEXT:
            raise CorpusError(f"文件太大: {shown} 超过 {LARGEST_TEXT // 1_000_000} MB。请拆分后再导入。")
        return Extracted(decode(data, shown))
    readers = {"docx": docx_text.extract, "pdf": confined.extract, "html": html_text.extract}
    return readers[kind](data, shown)
