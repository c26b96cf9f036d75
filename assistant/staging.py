"""Preparing a change of the corpus folder beside what serves, and putting it in place whole or not at all.

The stage is a hidden folder inside the corpus, of links to what is there; a change is read, parsed and indexed from it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.assistant import Assistant
from assistant.building import Progress
from assistant.errors import CorpusError, HoldingsError, reason
from assistant.settings import Settings

_STAGE = ".import-"


@contextlib.contextmanager
def staged(settings: Settings) -> Iterator[Path]:
    """Give a folder with everything that the corpus holds, to be changed; one change at a time, also of other processes."""
    corpus = settings.corpus
    if not corpus.is_dir():
        raise HoldingsError(f"政策在单个文件里 ({corpus.name}), 不能导入或移除。请把它放进文件夹, 再用 ASSISTANT_CORPUS 指向它。")
    lock = os.open(corpus, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in corpus.glob(f"{_STAGE}*"):  # of a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        stage = Path(tempfile.mkdtemp(prefix=_STAGE, dir=corpus))
        try:
            for file in corpus.iterdir():
                if not file.exists():  # a link to nowhere is nothing to leave out without a word
                    (stage / file.name).symlink_to(file)
                elif not file.is_dir():
                    _linked(file, stage / file.name)
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    except BlockingIOError as error:
        raise HoldingsError("正在导入或移除另一份文档, 同时只能进行一个。请等它完成, 或先取消它。") from error
    except InterruptedError:  # how the one who looks at the progress may cancel
        raise
    except OSError as error:
        raise HoldingsError(f"政策文件夹写不进去: {corpus} ({reason(error)})。请检查权限和磁盘空间。") from error
    finally:
        os.close(lock)


def _linked(file: Path, place: Path) -> None:
    """Make a file appear at another place, by a link where the file system has them."""
    try:
        os.link(file, place)
    except OSError:
        shutil.copy2(file, place)


def built_from(stage: Path, settings: Settings, progress: Progress) -> Assistant:
    """Index what is staged."""
    try:
        built = Assistant.build(stage, settings, progress)
    except CorpusError as error:
        raise HoldingsError(str(error).replace(str(stage), str(settings.corpus))) from error
    progress("写入", 0, 1)
    built.settings = replace(built.settings, corpus=settings.corpus)
    return built


def carry_out(stage: Path, changed: Sequence[str], built: Assistant, settings: Settings) -> None:
    """Put the changed files and the index in their places, or all back as they were."""
    before = stage / ".before"
    before.mkdir()
    for name in changed:
        if (settings.corpus / name).exists():
            _linked(settings.corpus / name, before / name)
    try:
        for name in changed:
            _put(stage / name, settings.corpus / name)
        _save(built, settings)
    except BaseException:
        for name in changed:
            _put(before / name, settings.corpus / name)
        raise


def _save(built: Assistant, settings: Settings) -> None:
    """Save the index where the settings say."""
    try:
        built.save(settings.index)
    except (OSError, RuntimeError) as error:  # FAISS reports a full disk as RuntimeError
        raise HoldingsError(f"索引写不进去: {settings.index} ({reason(error)})。请检查权限和磁盘空间。") from error


def _put(file: Path, place: Path) -> None:
    """Put a file in its place at once, or take away what is there if there is no such file."""
    if not file.exists():
        place.unlink(missing_ok=True)
        return
    fresh = file.with_name(f".{hashlib.sha256(file.name.encode()).hexdigest()[:12]}.new")
    _linked(file, fresh)
    fresh.replace(place)


def written(file: Path, data: bytes) -> None:
    """Write a file of the stage in the place of what may be a link to one that serves."""
    file.unlink(missing_ok=True)
    file.write_bytes(data)
