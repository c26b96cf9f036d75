"""What the corpus folder holds, and changing it: a document is added, renewed or removed whole or not at all."""

from __future__ import annotations

import contextlib
import json
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.assistant import Assistant
from assistant.building import Progress
from assistant.clause import Policy, Source
from assistant.corpus import MANIFEST, SUFFIXES, read_bytes, read_record
from assistant.errors import CorpusError, HoldingsError
from assistant.parse import parse
from assistant.settings import Settings
from assistant.staging import built_from, carry_out, staged, written
from assistant.statements import effective_date_of, kind_of, stated_date_of, version_of

LARGEST, LARGEST_TOTAL, LONGEST_NAME, MOST_FILES = 50_000_000, 500_000_000, 120, 100
_NOT_IN_IDS = re.compile(r"[\s,，#/]+")

Entries = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Holding:
    """One document as the table shows it; `date` is that of its force, or another that it states, with its own word for it."""

    id: str
    title: str
    kind: str
    version: str
    date: str
    filename: str
    clauses: int
    doubts: int


def add(files: Sequence[tuple[str, bytes]], settings: Settings, progress: Progress) -> tuple[Assistant, list[str]]:
    """Add documents, (name, bytes) each, or new versions of documents of the same names.

    :param progress: called with (stage, done, total); what it raises cancels, and nothing has changed
    :return: the assistant over the new corpus, and the ids of what was added
    :raises HoldingsError, CorpusError: with what is wrong with which file; nothing has changed
    """
    named = _named(files)
    read: list[Policy] = []
    for done, (name, data) in enumerate(named.items()):
        progress("读取", done, len(named))
        read += _read(name, data)
    with staged(settings) as stage:
        record = read_record(settings.corpus)
        entries: Entries = record["policies"]
        for name in named:
            before = {key: entries.pop(key) for key in list(entries) if _file(key) == name}
            for source in (p.source for p in read if _file(p.source.filename) == name):
                entry = _entry(source, before.get(source.filename, {}), stage)
                _refuse_twins(entry, source.filename, _known(stage, entries, named))
                entries[source.filename] = entry
        for name, data in named.items():
            written(stage / name, data)
        written(stage / MANIFEST, _as_json(record))
        built = built_from(stage, settings, progress)
        for source in (p.source for p in built.policies if _file(p.source.filename) not in named):
            for file in (p.source.filename for p in read):
                _refuse_twins(entries[file], file, {source.filename: {"title": source.title}})
        carry_out(stage, [*named, MANIFEST], built, settings)
        return built, [entries[policy.source.filename]["id"] for policy in read]


def remove(policy: str, assistant: Assistant, progress: Progress) -> Assistant:
    """Remove a document by its id; its bank stays, it serves the same text should that come back.

    :param assistant: the one that knows the document
    :raises HoldingsError: if there is no such document, it is the last one, or shares its file with others
    """
    sources = [p.source for p in assistant.policies]
    file = next((_file(s.filename) for s in sources if s.policy == policy), None)
    if file is None:
        raise HoldingsError(f"没有编号为「{policy[:80]}」的文档。用 assistant list 查看编号。")
    if beside := sum(_file(s.filename) == file and s.policy != policy for s in sources):
        raise HoldingsError(f"「{policy}」和另外 {beside} 份文档在同一个文件 {file} 里。请解开后分别导入, 再移除它。")
    if len(sources) == 1:
        raise HoldingsError("这是最后一份文档, 不能移除。请先导入另一份。")
    with staged(assistant.settings) as stage:
        record = read_record(assistant.settings.corpus)
        record["policies"] = {key: entry for key, entry in record["policies"].items() if _file(key) != file}
        (stage / file).unlink(missing_ok=True)
        if (stage / MANIFEST).exists():
            written(stage / MANIFEST, _as_json(record))
        built = built_from(stage, assistant.settings, progress)
        carry_out(stage, [file, MANIFEST], built, assistant.settings)
        return built


def _file(name: str) -> str:
    """Return the file in the corpus folder in which a policy is; bundles are named bundle.zip/inner name."""
    return name.split("/", maxsplit=1)[0]


def held(policies: Sequence[Policy], corpus: Path) -> list[Holding]:
    """Return what is held, in the order of the index; the kind as the manifest has it, else by the title."""
    entries: Entries = {}
    with contextlib.suppress(CorpusError):  # the list is shown whatever has become of the manifest
        entries = read_record(corpus if corpus.is_dir() else corpus.parent)["policies"]
    rows = []
    for policy in policies:
        source = policy.source
        kind = str(entries.get(source.filename, {}).get("kind") or kind_of(source.title))
        date = source.effective_date or effective_date_of(source.text) or stated_date_of(source.text)
        counts = len(policy.clauses), len(policy.doubts)
        rows.append(Holding(source.policy, source.title, kind, source.version, date, source.filename, *counts))
    return rows


def file_name(name: str) -> str:
    """Return the name under which a file is kept: its base name, whatever folders a sender puts before it.

    :raises HoldingsError: if no file may be called that, or it is of a kind that is not read
    """
    base = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1]).strip()
    shown = "".join(c if c.isprintable() else "?" for c in base)[:40]
    if not base or base.startswith((".", "~$")) or not base.isprintable() or len(base) > LONGEST_NAME or len(base.encode()) > 240:
        raise HoldingsError(
            f"文件名「{shown}」不能用: 不能是空的、以点开头、含控制字符, 最长 {LONGEST_NAME} 字。请改名后再导入。"
        )
    if Path(base).suffix.lower() not in SUFFIXES:
        raise HoldingsError(f"不认识「{shown}」这种文件。可以导入: {' '.join(SUFFIXES)}。")
    return base


def check_size(name: str, size: int) -> None:
    """Refuse a file over the limit.

    :param size: in bytes
    """
    if size > LARGEST:
        raise HoldingsError(f"文件太大: {name[:80]} 超过 {LARGEST // 1_000_000} MB。请拆分后再导入。")


def check_number(files: int) -> None:
    """Refuse more files at once than are held in memory together."""
    if files > MOST_FILES:
        raise HoldingsError(f"一次最多导入 {MOST_FILES} 个文件, 这里有 {files} 个。请分几次导入。")


def check_total(size: int) -> None:
    """Refuse files that are too much together.

    :param size: in bytes
    """
    if size > LARGEST_TOTAL:
        raise HoldingsError(f"一次导入的内容太大, 最多 {LARGEST_TOTAL // 1_000_000} MB。请分几次导入。")


def _named(files: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return the files under the names that they are kept by."""
    if not files:
        raise HoldingsError("没有选中文件。请选择要导入的文件。")
    check_number(len(files))
    named: dict[str, bytes] = {}
    for name, data in files:
        kept = file_name(name)
        check_size(kept, len(data))
        if kept in named:
            raise HoldingsError(f"有两个文件都叫「{kept}」。请改名, 或分两次导入。")
        named[kept] = data
    return named


def _read(name: str, data: bytes) -> list[Policy]:
    """Read and parse one file by itself, before anything is changed; a bundle gives several policies."""
    try:
        policies = [parse(source) for source in read_bytes(name, data)]
    except CorpusError as error:
        raise HoldingsError(str(error)) from error
    if empty := [p.source.filename for p in policies if not p.clauses]:
        raise HoldingsError(f"没有读出任何条款: {'、'.join(empty)}。请检查文件里是否有正文。")
    return policies


def _known(folder: Path, entries: Entries, leaving: Collection[str]) -> Entries:
    """Return what is known of each document that stays, without reading it: a file that has no entry has its name as its id."""
    files = [p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.name not in leaving]
    listed = {_file(key) for key in entries}
    return {**{p.name: {"id": p.stem} for p in files if p.name not in listed}, **entries}


def _refuse_twins(entry: Mapping[str, Any], file: str, others: Entries) -> None:
    """Refuse a document that has its title or its id in common with another."""
    for name, other in others.items():
        same = next((entry[key] for key in ("title", "id") if entry[key] == other.get(key)), None)
        if same is not None:
            raise HoldingsError(
                f"{file} 与 {name} 的标题或编号相同:「{same}」。要换成新版本, 请把文件改名为「{_file(name)}」再导入;"
                " 不是同一份的, 请改文件名或正文标题。"
            )


def _entry(source: Source, before: Mapping[str, Any], stage: Path) -> dict[str, Any]:
    """Return what the manifest says of a document; of a new version what people wrote about the old one stays."""
    entry: dict[str, Any] = {"id": _NOT_IN_IDS.sub("-", source.policy).strip("-") or "policy", "title": source.title}
    if before:
        curated = before.get("title") if before.get("title") != _stated_title(stage / source.filename) else None
        entry = {**before, "id": before.get("id", entry["id"]), "title": curated or entry["title"]}
    fresh = {"version": version_of(source.text), "effective_date": effective_date_of(source.text), "sha256": source.sha256}
    return {**entry, "kind": before.get("kind") or kind_of(entry["title"]), **fresh}


def _stated_title(file: Path) -> str | None:
    """Return the title that a file states itself, whatever the manifest says of it; None if it cannot be read."""
    try:
        return _read(file.name, file.read_bytes())[0].source.title
    except (HoldingsError, OSError):
        return None


def _as_json(record: Mapping[str, Any]) -> bytes:
    """Return a manifest as it is written."""
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()
