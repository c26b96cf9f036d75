"""What was asked and how it was judged, in one SQLite file: masked, readable by its owner only, safe for several processes.

Keeping records never gets in the way of an answer: opening and reading raise RecordsError, writing gives "" or False.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.clause import Answer
from assistant.errors import RecordsError
from assistant.masking import mask

REASONS = ("引用错误", "没回答", "看不懂", "条款过期")
SCHEMA = 1
LONGEST = 2000
PATIENCE = 2.0
_TABLES = (
    "CREATE TABLE questions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, asked_at TEXT NOT NULL, page TEXT NOT NULL,"
    " policy TEXT NOT NULL, version TEXT NOT NULL, question TEXT NOT NULL, standalone TEXT NOT NULL, verdict TEXT NOT NULL,"
    " confidence REAL NOT NULL, clauses TEXT NOT NULL, took_ms REAL NOT NULL)",
    "CREATE TABLE feedback (id TEXT PRIMARY KEY REFERENCES questions (id), judged_at TEXT NOT NULL, useful INTEGER NOT NULL,"
    " reason TEXT NOT NULL)",
)
_ASKED = (
    "INSERT INTO questions (id, asked_at, page, policy, version, question, standalone, verdict, confidence, clauses, took_ms)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_JUDGED = (
    "INSERT INTO feedback SELECT id, ?, ?, ? FROM questions WHERE id = ?"
    " ON CONFLICT (id) DO UPDATE SET judged_at = excluded.judged_at, useful = excluded.useful, reason = excluded.reason"
)
_ROWS = (
    "SELECT id, asked_at, page, policy, version, question, standalone, verdict, confidence, clauses, took_ms, useful,"
    " coalesce(reason, '') AS reason FROM questions LEFT JOIN feedback USING (id) ORDER BY number DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One question as stored, with its latest judgement.

    :param asked_at: ISO 8601, UTC, to the second
    :param clauses: numbers of the clauses shown as the answer
    :param took_ms: in milliseconds
    :param useful: None if nobody has judged
    :param reason: one of REASONS, or ""
    """

    id: str
    asked_at: str
    page: str
    policy: str
    version: str
    question: str
    standalone: str
    verdict: str
    confidence: float
    clauses: tuple[str, ...]
    took_ms: float
    useful: bool | None
    reason: str


class Records:
    """The file and one connection to it, which the threads of this process take in turns."""

    def __init__(self, path: Path) -> None:
        """Open the file, or create it with mode 0600 in folders with mode 0700.

        :raises RecordsError: if it cannot be created, is no database of ours, or was written by a later version
        """
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = _opened(path)
        self._place = _place(path)

    def asked(self, answer: Answer, page: str) -> str:
        """Store a question with what identifies a person masked; return its random id, or "" if it cannot be stored."""
        key = secrets.token_urlsafe(9)
        words = [mask(text)[:LONGEST] for text in (page, answer.question, answer.standalone)]
        origin = (answer.hits[0].policy if answer.hits else "", answer.policy_version)
        clauses = json.dumps([hit.clause for hit in answer.citations], ensure_ascii=False)
        figures = (answer.verdict, answer.confidence, clauses, answer.took_ms)
        return key if self._written(_ASKED, (key, _now(), words[0], *origin, *words[1:], *figures)) else ""

    def judged(self, id: str, useful: bool, reason: str = "") -> bool:
        """Store a judgement in place of an earlier one; False if there is no such question or reason, or it cannot be."""
        return reason in ("", *REASONS) and self._written(_JUDGED, (_now(), int(useful), reason, id))

    def rows(self, limit: int = 1000) -> list[Row]:
        """Return what is stored, newest first.

        :raises RecordsError: if the file cannot be read
        """
        try:
            with self._lock:
                found = self._current().execute(_ROWS, (max(limit, 0),)).fetchall()
            return [_row(columns) for columns in found]
        except (sqlite3.Error, OSError, ValueError) as error:
            raise RecordsError(_cannot(self.path, "读不了", error)) from error

    def clear(self) -> int:
        """Delete everything, from the disk as well, and return how many questions there were.

        :raises RecordsError: if the file cannot be written, or another process holds on to it
        """
        try:
            with self._lock:
                connection = self._current()
                connection.execute("BEGIN IMMEDIATE")
                with connection:
                    connection.execute("DELETE FROM feedback")
                    count = connection.execute("DELETE FROM questions").rowcount
                connection.execute("VACUUM")  # what was deleted would stay in free pages and in the log
                if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                    raise sqlite3.OperationalError("database is locked")
            return count
        except (sqlite3.Error, OSError) as error:
            raise RecordsError(_cannot(self.path, "清不掉", error)) from error

    def close(self) -> None:
        """Close the file; what is asked or judged from now on is not stored."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def _written(self, statement: str, values: Sequence[str | float]) -> bool:
        """Whether a statement changed exactly one row; never raises because of the file."""
        with suppress(sqlite3.Error, OSError, RecordsError), self._lock:
            storable = [_storable(value) if isinstance(value, str) else value for value in values]
            return self._current().execute(statement, storable).rowcount == 1
        return False

    def _current(self) -> sqlite3.Connection:
        """Return the connection; a file that was deleted or replaced is opened anew, SQLite would go on writing to the old."""
        if self._connection is None:
            raise RecordsError(f"提问记录已关闭: {self.path}。请重新打开。")
        if _place(self.path) != self._place:
            fresh = _opened(self.path)  # the old connection stays until there is a new one
            self._connection.close()
            self._connection = fresh
            self._place = _place(self.path)
        return self._connection


def _opened(path: Path) -> sqlite3.Connection:
    """Open or create the file, with its tables."""
    try:
        _created(path)
        connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        path.chmod(0o600)
    except (sqlite3.Error, OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise RecordsError(_cannot(path, "打不开", error)) from error
    return connection


def _created(path: Path) -> None:
    """Create the folders and an empty file that nobody else can read; SQLite gives its log the mode of the file."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not ours, then switch on the log that lets readers and a writer work at once, and make the tables."""
    connection.execute("BEGIN")  # version and tables are read at the same moment
    with connection:
        _check(connection, path)
    _patiently(connection, "PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        if _check(connection, path) == 0:  # else another process was faster
            for table in _TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the tables, 0 for an empty file; refuse those of a later version or of another program."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA:
        raise RecordsError(f"提问记录由更新的版本写成: {path}。请升级程序, 或用 ASSISTANT_RECORDS 换个文件。")
    if version == SCHEMA:
        connection.execute(_ROWS, (0,))
    elif connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise RecordsError(f"这个文件是别的数据库, 不是提问记录: {path}。请用 ASSISTANT_RECORDS 换个文件。")
    return int(version)


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement that does not wait for other processes by itself."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _row(columns: sqlite3.Row) -> Row:
    """Return a row from the columns of _ROWS."""
    stored = dict(columns)
    useful = None if stored["useful"] is None else bool(stored["useful"])
    return Row(**stored | {"clauses": tuple(json.loads(stored["clauses"])), "useful": useful})


def _place(path: Path) -> tuple[int, int] | None:
    """Return which file lies at a path."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _storable(text: str) -> str:
    """Return a text without what SQLite cannot keep: NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _now() -> str:
    """Return the time as ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _cannot(path: Path, what: str, error: Exception) -> str:
    """Return one sentence for the user."""
    return f"提问记录{what}: {path} ({str(error)[:80]})。请检查权限和磁盘空间, 或用 ASSISTANT_RECORDS 换个文件 (off 不记录)。"
