"""The index folder: write it whole or not at all, and refuse to read one that does not belong to what is asked of it.

No pickle and no timestamp: building twice gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.clause import Policy, Source
from assistant.errors import IndexDamaged, IndexMissing, IndexStale
from assistant.index import Index
from assistant.settings import PACKAGE, IndexFiles, Settings

FORMAT = 1
_RECIPE = (
    "blocks.py",
    "citing.py",
    "index.py",
    "numbering.py",
    "parse.py",
    "references.py",
    "segment.py",
    "tables.py",
    "userdict.txt",
)
_POLICY = TypeAdapter(Policy)
REBUILD = "请运行 assistant build 重建索引。"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index says of itself; `recipe` is a hash of the code that decides what a clause and a term are."""

    format: int
    recipe: str
    encoder: str
    dimensions: int
    k1: float
    b: float
    sources: dict[str, str]
    files: dict[str, str]


@cache
def recipe() -> str:
    """Return the hash of parser and segmenter."""
    return hashlib.sha256(b"".join((PACKAGE / name).read_bytes() for name in _RECIPE)).hexdigest()[:16]


def save_index(index: Index, folder: Path, encoder: str, settings: Settings) -> Manifest:
    """Write an index beside its place, then swap it in; what stood there before serves until then.

    :param encoder: fingerprint of the encoder
    :raises IndexDamaged: if the place is taken by something that is no index
    """
    if folder.exists() and any(folder.iterdir()) and not IndexFiles(folder).manifest.exists():
        raise IndexDamaged(f"{folder} 里有别的文件, 不是索引, 不会覆盖。请换一个 --index 文件夹。")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        manifest = _write(index, IndexFiles(fresh), encoder, settings)
        fresh.chmod(0o755)
        old = fresh.with_name(fresh.name + "-old")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return manifest


def _write(index: Index, files: IndexFiles, encoder: str, settings: Settings) -> Manifest:
    """Write every file, the manifest last."""
    with files.policies.open("wb") as lines:
        for policy in index.policies:
            lines.write(_POLICY.dump_json(policy) + b"\n")
    index.write(files)
    manifest = Manifest(
        format=FORMAT,
        recipe=recipe(),
        encoder=encoder,
        dimensions=index.clause_vectors.d,
        k1=settings.k1,
        b=settings.b,
        sources={p.source.filename: p.source.sha256 for p in index.policies},
        files=_hashes(files.folder),
    )
    files.manifest.write_bytes(TypeAdapter(Manifest).dump_json(manifest, indent=1) + b"\n")
    return manifest


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, but for the manifest."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()[:16] for p in paths}


def read_manifest(folder: Path) -> Manifest:
    """Read what an index says of itself.

    :raises IndexMissing: if nothing is there
    :raises IndexDamaged: if it is no index, or of a version that cannot be read
    """
    files = IndexFiles(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        raise IndexMissing(f"还没有索引: {folder}。请先运行 assistant build。")
    try:
        raw: dict[str, Any] = json.loads(files.manifest.read_text("utf-8"))
        if raw["format"] != FORMAT:
            raise IndexStale(f"索引 {folder} 是第 {raw['format']} 版格式, 本程序用第 {FORMAT} 版。{REBUILD}")
        return TypeAdapter(Manifest).validate_python(raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"不是索引文件夹, 或清单已损坏: {folder}。{REBUILD}") from error


def check(manifest: Manifest, folder: Path, encoder: str, settings: Settings, sources: Sequence[Source]) -> None:
    """Refuse an index that another corpus, encoder or version made.

    :raises IndexStale: with what has changed
    """
    if manifest.sources != {s.filename: s.sha256 for s in sources}:
        raise IndexStale(f"语料已变更, 与索引 {folder} 不一致。{REBUILD}")
    if manifest.encoder != encoder:
        raise IndexStale(f"模型已更换, 与索引 {folder} 不一致。{REBUILD}")
    if (manifest.recipe, manifest.k1, manifest.b) != (recipe(), settings.k1, settings.b):
        raise IndexStale(f"程序或设置已更新, 与索引 {folder} 不一致。{REBUILD}")


def load_index(folder: Path, manifest: Manifest) -> Index:
    """Read an index whose manifest has been checked.

    :raises IndexDamaged: if a file is missing or not the one that was written
    """
    files = IndexFiles(folder)
    if _hashes(folder) != manifest.files:
        raise IndexDamaged(f"索引文件缺失或已损坏: {folder}。{REBUILD}")
    try:
        policies = tuple(_POLICY.validate_json(line) for line in files.policies.read_bytes().splitlines())
        return Index.read(policies, files)
    except (OSError, ValueError, RuntimeError, ValidationError) as error:
        raise IndexDamaged(f"索引读不了: {folder}。{REBUILD}") from error
