"""Stage 4b, Policy -> Entry: everything an index holds of one policy, whatever other policies are beside it.

An entry is the same whether it is made anew or taken out of an index, so an index with one changed policy is put together
from the entries of the others and one new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.clause import Clause, Policy, Span
from assistant.embed import Encoder, StaticEncoder
from assistant.lexical import Counts
from assistant.ragged import Ragged
from assistant.segment import segment
from assistant.terms import numbered

_SENTENCE = re.compile(r"[^。；;！!？?\n]+(?:[。；;！!？?]+[”」』）)]?)?")
SHORTEST_SENTENCE = 6
BATCH = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """One policy, read.

    :param clause_vectors: float32 [clauses, d]; `sentence_vectors` float32 [sentences, d]
    :param sentences: int32 [sentences, 3]: position of the clause in the policy, start and end in its source
    :param terms: numbers of the terms of each clause in the encoder's vocabulary; rows are empty if it has none
    :param counts: the terms of each clause for BM25
    """

    policy: Policy
    clause_vectors: np.ndarray
    sentences: np.ndarray
    sentence_vectors: np.ndarray
    terms: Ragged
    counts: Counts


def read_policy(policy: Policy, encoder: Encoder, done: Callable[[int], None] = lambda _: None) -> Entry:
    """Embed one policy and count its terms.

    :param done: called with the number of clauses read since the last call
    """
    vocabulary = encoder.vocabulary if isinstance(encoder, StaticEncoder) and encoder.terms is not None else {}
    clause_vectors, sentence_vectors, rows, terms, documents = [], [], [], [], []
    for first in range(0, len(policy.clauses), BATCH):
        batch = policy.clauses[first : first + BATCH]
        texts = [searched_text(clause, headings=1) for clause in batch]
        clause_vectors.append(encoder.encode(texts))
        terms += [numbered(segment(text), vocabulary) for text in texts]
        documents += [segment(searched_text(clause, headings=2)) for clause in batch]
        said = [sentences_of(clause, policy.source.text) for clause in batch]
        rows += [(number, *span) for number, found in enumerate(said, first) for _, span in found]
        sentence_vectors.append(encoder.encode([words for found in said for words, _ in found]))
        done(len(batch))
    return Entry(
        policy=policy,
        clause_vectors=np.concatenate(clause_vectors),
        sentences=np.array(rows, dtype=np.int32).reshape(-1, 3),
        sentence_vectors=np.concatenate(sentence_vectors),
        terms=Ragged.of(terms),
        counts=Counts.of(documents),
    )


def searched_text(clause: Clause, headings: int) -> str:
    """Return the words a clause is found by: its innermost headings and its text."""
    return "\n".join([*clause.path[-headings:], clause.text])


def sentences_of(clause: Clause, raw: str) -> list[tuple[str, Span]]:
    """Return the sentences of a clause's own words with their place; of a table row its cells with their column names."""
    found: list[tuple[str, Span]] = []
    column = ""
    for role, (start, end) in zip(clause.roles, clause.spans, strict=True):
        if role == "column":
            column = raw[start:end] + ":"
        elif role in ("cell", "inherited"):
            found.append((column + raw[start:end], (start, end)))
            column = ""
        elif role == "body":
            found += [(s.group(), _stripped(raw, start + s.start(), start + s.end())) for s in _SENTENCE.finditer(raw[start:end])]
    kept = [(words, span) for words, span in found if len(words.strip()) >= SHORTEST_SENTENCE]
    return kept or found


def _stripped(raw: str, start: int, end: int) -> Span:
    """Return a span without white space at its ends."""
    words = raw[start:end]
    return end - len(words.lstrip()), start + len(words.rstrip())


def joined_rows(entries: Sequence[Entry]) -> np.ndarray:
    """Return the sentences of several policies, with the numbers that their clauses have among all."""
    rows, start = [np.zeros((0, 3), dtype=np.int32)], 0
    for entry in entries:
        rows.append(entry.sentences + np.array([start, 0, 0], dtype=np.int32))
        start += len(entry.policy.clauses)
    return np.concatenate(rows)
