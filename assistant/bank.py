"""The question bank: questions that people ask, each tied to the clause that answers it, or to none.

One question a line in `corpus/NAME.questions.jsonl`, kept by people (`assistant questions`). A question is tied by the
number of its clause and a hash of the clause's words, so that it counts for that wording only: where the clause has changed
it is set aside and reported until somebody has looked at it. Banks are found by these ties, not by the name of the policy,
so the same text is served by its bank wherever the file lies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from assistant.clause import Clause
from assistant.errors import CorpusError

PATTERN = "*.questions.jsonl"
OWN_SHARE = 0.5  # a bank belongs to a policy if this share of its questions fits its clauses


@dataclass(frozen=True, slots=True)
class BankQuestion:
    """A question of the bank.

    :param clause: number of the clause that answers it; None if the policy does not
    :param words: `hash_of` that clause when the question was written or last confirmed
    :param voice: who asks: user, scene, agent or legal
    """

    question: Annotated[str, Field(min_length=1, max_length=200)]
    clause: str | None
    words: str = ""
    voice: str = "user"


@dataclass(frozen=True, slots=True)
class Ties:
    """A bank laid against the clauses of a policy.

    :param held: (question, position of its clause; -1 if the policy does not answer it)
    :param changed: questions whose clause now has other words; `lost`: whose clause is gone
    """

    held: tuple[tuple[str, int], ...]
    changed: tuple[BankQuestion, ...]
    lost: tuple[BankQuestion, ...]


def hash_of(clause: Clause) -> str:
    """Return eight digits that stand for the words of a clause."""
    return hashlib.sha256(clause.text.encode()).hexdigest()[:8]


def bank_files(folders: Iterable[Path]) -> list[Path]:
    """Return the banks that lie in these folders; of copies, the first."""
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.glob(PATTERN))]
    return list({file.read_bytes(): file for file in reversed(files)}.values())[::-1]


def digest_of(files: Iterable[Path]) -> str:
    """Return a hash of the words of banks, whatever their names and places."""
    return hashlib.sha256(b"".join(sorted(file.read_bytes() for file in files))).hexdigest()[:16]


def read_bank(file: Path) -> list[BankQuestion]:
    """Read a bank.

    :raises CorpusError: if it cannot be read or a line is not a question
    """
    try:
        lines = file.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"题库读不了: {file} ({error})。请检查权限和编码 (UTF-8)。") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found += [_ADAPTER.validate_json(line)] if line.strip() else []
        except ValidationError as error:
            reason = error.errors()[0]
            where = ".".join(str(step) for step in reason["loc"])
            raise CorpusError(f"题库 {file} 第 {number} 行不是一道题: {where} {reason['msg']}。请修正或删除这一行。") from error
    return found


def write_bank(file: Path, questions: Iterable[BankQuestion]) -> None:
    """Write a bank whole, through a file beside it, so that a failure leaves the old one."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_bytes(b"".join(_ADAPTER.dump_json(question) + b"\n" for question in questions))
    fresh.replace(file)


def tie(bank: Sequence[BankQuestion], clauses: Sequence[Clause]) -> Ties | None:
    """Lay a bank against clauses; None if it is the bank of another policy."""
    positions = {clause.clause: n for n, clause in enumerate(clauses)}
    held: list[tuple[str, int]] = []
    changed, lost = [], []
    for known in bank:
        position = positions.get(known.clause, -1) if known.clause else -1
        if known.clause is None:
            held.append((known.question, -1))
        elif position < 0:
            lost.append(known)
        elif hash_of(clauses[position]) != known.words:
            changed.append(known)
        else:
            held.append((known.question, position))
    fitting = sum(position >= 0 for _, position in held)
    if not fitting or fitting < OWN_SHARE * (fitting + len(changed) + len(lost)):
        return None
    return Ties(tuple(held), tuple(changed), tuple(lost))


_ADAPTER = TypeAdapter(BankQuestion)
