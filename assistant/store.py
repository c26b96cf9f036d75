"""The index folder: write it whole or not at all, and refuse to read one that does not belong to what is asked of it.

No pickle and no timestamp: building twice gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.bank import bank_files, digest_of
from assistant.clause import Policy, Source
from assistant.embed import fingerprint
from assistant.entry import Entry
from assistant.errors import IndexDamaged, IndexMissing, IndexNotWritten, IndexStale, reason
from assistant.index import Index
from assistant.settings import PACKAGE, IndexFiles, Settings
from assistant.swap import replacing, undisturbed

FORMAT = 3
_RECIPE = (
    "archive",
    "bank",
    "blocks",
    "citing",
    "clause",
    "corpus",
    "cutting",
    "decoding",
    "docx_text",
    "doubts",
    "entry",
    "formats",
    "html_article",
    "html_tables",
    "html_text",
    "index",
    "ladder",
    "lexical",
    "manuscript",
    "names",
    "numbering",
    "parse",
    "pdf_lines",
    "pdf_tables",
    "pdf_text",
    "ragged",
    "references",
    "script",
    "segment",
    "table_layouts",
    "tables",
    "tagged_tables",
    "teach",
    "terms",
    "vectors",
    "word_body",
    "word_numbers",
    "word_styles",
)
_POLICY = TypeAdapter(Policy)
REBUILD = "请运行 assistant build 重建索引。"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index says of itself.

    :param recipe: hash of the code that decides what a clause and a term are
    :param corpus: the file or folder it was built from, as seen from the index folder
    :param sources: name of each file in the corpus folder -> its fingerprint, see corpus.fingerprints
    :param bank: digest of the question banks it was built with
    """

    format: int
    recipe: str
    encoder: str
    k1: float
    b: float
    corpus: str
    sources: dict[str, str]
    bank: str
    files: dict[str, str]


@cache
def recipe() -> str:
    """Return the hash of parser and segmenter."""
    files = [PACKAGE / f"{name}.py" for name in _RECIPE] + [PACKAGE / "userdict.txt"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def save_index(index: Index, folder: Path, encoder: str, settings: Settings) -> None:
    """Write an index beside its place, then swap it in; what stood there before serves until then.

    :param encoder: fingerprint of the encoder
    :raises IndexDamaged: if the place is taken by something that is no index
    :raises IndexNotWritten: if the disk is full or the place cannot be written
    """
    _refuse_foreign(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replacing(folder) as fresh:
            _write(index, IndexFiles(fresh), folder, encoder, settings)
    except (OSError, RuntimeError) as error:  # FAISS reports a full disk as RuntimeError
        raise IndexNotWritten(
            f"索引写不进去: {folder} ({reason(error)})。请检查权限和磁盘空间, 或用 ASSISTANT_INDEX 换个位置。"
        ) from error


def _refuse_foreign(folder: Path) -> None:
    """Raise IndexDamaged if a folder holds a file that no index has; a damaged index may be replaced, that mends it."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise IndexDamaged(f"{folder} 是一个文件, 不是文件夹, 不会覆盖。请换一个 --index 文件夹。")
    files = IndexFiles(folder)
    own = {files.manifest, files.policies, files.sentences, files.clause_vectors, files.sentence_vectors}
    own |= {files.questions, files.asked, files.question_vectors, files.taught_vectors}
    held = [p for p in folder.rglob("*") if not p.is_dir()]
    strange = [p for p in held if p not in own and p.parent not in (files.bm25, files.terms, files.counts)]
    if strange or (held == [files.manifest] and not _claims_format(files.manifest)):
        raise IndexDamaged(f"{folder} 里有别的文件, 不是索引, 不会覆盖。请换一个 --index 文件夹。")


def _claims_format(manifest: Path) -> bool:
    """Whether a manifest that stands alone is one of ours, as opposed to that of a web app."""
    try:
        return "format" in json.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _write(index: Index, files: IndexFiles, place: Path, encoder: str, settings: Settings) -> None:
    """Write every file, the manifest last; `place` is where the folder will stand."""
    with files.policies.open("wb") as lines:
        for policy in index.policies:
            lines.write(_POLICY.dump_json(policy) + b"\n")
    index.write(files)
    manifest = Manifest(
        format=FORMAT,
        recipe=recipe(),
        encoder=encoder,
        k1=settings.k1,
        b=settings.b,
        corpus=os.path.relpath(settings.corpus.resolve(), place.resolve()),
        sources={root_of(p.source): p.source.file_id for p in index.policies},
        bank=index.bank,
        files=_hashes(files.folder),
    )
    files.manifest.write_bytes(TypeAdapter(Manifest).dump_json(manifest, indent=1) + b"\n")


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, but for the manifest."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "manifest.json")
    return {p.relative_to(folder).as_posix(): _hash(p) for p in paths}


def _hash(file: Path) -> str:
    """Return the hash of a file, which is not held in memory."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


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


def located(settings: Settings) -> Settings:
    """Return settings with the corpus that their index was built from, unless another was asked for or that is gone."""
    if settings.corpus_named:
        return settings
    try:
        with undisturbed(settings.index):
            corpus = (settings.index / read_manifest(settings.index).corpus).resolve()
    except (IndexMissing, IndexStale, IndexDamaged):
        return settings
    return replace(settings, corpus=corpus) if corpus.exists() else settings


def root_of(source: Source) -> str:
    """Return the file in the corpus folder that a source came from: the zip of a file inside one."""
    return source.filename.split("/")[0]


def check(manifest: Manifest, folder: Path, encoder: str, settings: Settings, files: Mapping[str, str]) -> None:
    """Refuse an index that another corpus, encoder or version made.

    :raises IndexStale: with what has changed
    """
    if manifest.sources != files:
        raise IndexStale(f"语料已变更, 与索引 {folder} 不一致。{REBUILD}")
    if manifest.encoder != encoder:
        raise IndexStale(f"模型已更换, 与索引 {folder} 不一致。{REBUILD}")
    if manifest.bank != digest_of(bank_files(settings.banks)):
        raise IndexStale(f"题库已变更, 与索引 {folder} 不一致。{REBUILD}")
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
        return Index.read(policies, manifest.bank, files)
    except (OSError, ValueError, RuntimeError, ValidationError) as error:
        raise IndexDamaged(f"索引读不了: {folder}。{REBUILD}") from error


def known_entries(files: Mapping[str, str], settings: Settings) -> dict[str, Entry]:
    """Return by `Source.filename` what the index of the settings holds of these files; nothing if it cannot be used.

    Made by the same code with the same encoder from the same file, it is what reading the file again would give.

    :param files: file name -> fingerprint
    """
    try:
        with undisturbed(settings.index):
            manifest = read_manifest(settings.index)
            same = (manifest.recipe, manifest.encoder) == (recipe(), fingerprint(settings.model))
            if not same or manifest.sources.items().isdisjoint(files.items()):
                return {}
            index = load_index(settings.index, manifest)
    except (IndexMissing, IndexStale, IndexDamaged):
        return {}
    entries = ((entry.policy.source, entry) for entry in index.entries())
    return {source.filename: entry for source, entry in entries if files.get(root_of(source)) == source.file_id}
