"""A folder that is replaced whole or not at all, while others read it, write it, or are killed in the middle of it.

The new folder is written beside its place as `.NAME-xxxxxxxx` and takes it by two renames. Whoever renames, and whoever
reads, holds a lock on the folder above; whoever writes holds one on what it writes, so that what a crash has left is told
from what is being written. The locks go with the process that holds them, and no file is left for them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_OLD = "-old"


@contextlib.contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to, and put it in the place of `folder` when the block ends without an error.

    :raises OSError: if there is no space or no permission; `folder` is then as it was
    """
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with _locked(fresh, fcntl.LOCK_EX):
            yield fresh
            fresh.chmod(0o755)
            with _locked(folder.parent, fcntl.LOCK_EX):
                _restore(folder)
                _swap(fresh, folder)
                _sweep(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextlib.contextmanager
def undisturbed(folder: Path) -> Iterator[None]:
    """Keep others from replacing a folder while it is read; what a crash has left out of its place is put back first."""
    if not folder.exists() and folder.parent.is_dir():
        with _locked(folder.parent, fcntl.LOCK_EX), contextlib.suppress(OSError):
            _restore(folder)
    with _locked(folder.parent, fcntl.LOCK_SH) if folder.parent.is_dir() else contextlib.nullcontext():
        yield


def _swap(fresh: Path, folder: Path) -> None:
    """Put a folder in the place of another, which is set aside until then."""
    old = fresh.with_name(fresh.name + _OLD)
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    if old.exists():
        shutil.rmtree(old.rename(fresh), ignore_errors=True)  # half removed it must not pass for one to put back


def _restore(folder: Path) -> None:
    """Put back the folder that was set aside by somebody who was killed before the new one took its place."""
    if not folder.exists():
        aside = [path for path in _beside(folder) if path.name.endswith(_OLD)]
        if aside:
            max(aside, key=lambda path: path.stat().st_mtime).rename(folder)


def _sweep(folder: Path) -> None:
    """Remove what killed processes have left beside a folder that stands in its place."""
    for path in _beside(folder):
        with contextlib.suppress(OSError), _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB, needed=True):
            shutil.rmtree(path, ignore_errors=True)


def _beside(folder: Path) -> list[Path]:
    """Return the folders beside a folder that `replacing` made for it."""
    ours = re.compile(rf"\.{re.escape(folder.name)}-[a-z0-9_]{{8}}(?:{_OLD})?")
    return sorted(path for path in folder.parent.iterdir() if ours.fullmatch(path.name) and path.is_dir())


@contextlib.contextmanager
def _locked(folder: Path, how: int, *, needed: bool = False) -> Iterator[None]:
    """Hold a lock on a folder; where the file system has none it goes on without, unless it is needed.

    :raises OSError: if it is needed, and held by another or not to be had
    """
    handle = None
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, how)
    except OSError:
        if needed:
            raise
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
