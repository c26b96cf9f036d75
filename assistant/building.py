"""Stages 0 to 4, files -> Index: read what is new, take the rest out of the index that is there.

A policy that the old index holds, from the same file by the same code with the same encoder, is not read again; the index is
put together from all in the same way, so it is byte for byte what reading everything would give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assistant.bank import bank_files, digest_of, read_bank, tie
from assistant.clause import Policy, Source
from assistant.corpus import fingerprints, read_corpus
from assistant.embed import Encoder
from assistant.entry import Entry, read_policy
from assistant.errors import CorpusError
from assistant.index import Index, build_index
from assistant.parse import parse
from assistant.settings import Settings
from assistant.store import known_entries

Progress = Callable[[str, int, int], None]


def built(encoder: Encoder, settings: Settings, progress: Progress) -> Index:
    """Return the index of the corpus of the settings.

    :param progress: called with (stage, done, total), where `done` counts files in 解析 and clauses in 向量; what it raises
        ends the building
    :raises CorpusError: if a file cannot be read, a text has no clauses, or a bank cannot be read
    """
    known = known_entries(fingerprints(settings.corpus), settings)
    sources = read_corpus(settings.corpus, [entry.policy.source for entry in known.values()])
    entries = _entries(sources, encoder, known, progress)
    progress("建立索引", 0, 1)
    files = bank_files(settings.banks)
    index = build_index(entries, encoder, settings, _banks([entry.policy for entry in entries], files), digest_of(files))
    progress("建立索引", 1, 1)
    return index


def _entries(sources: Sequence[Source], encoder: Encoder, known: Mapping[str, Entry], progress: Progress) -> list[Entry]:
    """Parse and read every source that is not known yet; the others are taken as they are."""
    fresh: dict[str, Policy] = {}
    for done, source in enumerate(sources, 1):
        if source.filename not in known:
            fresh[source.filename] = parse(source)
        progress("解析", done, len(sources))
    if empty := [p.source.filename for p in fresh.values() if not p.clauses]:
        raise CorpusError(f"没有读出任何条款: {'、'.join(empty)}。请检查文件里是否有正文。")
    total = sum(len(policy.clauses) for policy in fresh.values())
    done = 0

    def advance(clauses: int) -> None:
        nonlocal done
        done += clauses
        progress("向量", done, total)

    read = {name: read_policy(policy, encoder, advance) for name, policy in fresh.items()}
    return [known.get(source.filename) or read[source.filename] for source in sources]


def _banks(policies: Sequence[Policy], files: Sequence[Path]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the questions of each policy that has a bank."""
    banks = [read_bank(file) for file in files]
    found = {p.source.policy: [ties.held for bank in banks if (ties := tie(bank, p.clauses))] for p in policies}
    return {policy: tuple(question for held in ties for question in held) for policy, ties in found.items() if ties}
