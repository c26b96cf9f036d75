"""What holds for every parsed text, whatever it is."""

from __future__ import annotations

import re
import unicodedata

from assistant.blocks import BLANK
from assistant.clause import Policy

LAYOUT = re.compile(r"<br\s{0,9}/?>|[\s|*_#>\\`]+", re.IGNORECASE)


def plain(text: str) -> str:
    return LAYOUT.sub("", unicodedata.normalize("NFKC", text))


def check(policy: Policy) -> None:
    raw = policy.source.text
    places = [c.place for c in policy.clauses] + [h.span for h in policy.headings] + [f.span for f in policy.furniture]
    owners = [0] * len(raw)
    for start, end in places:
        assert 0 <= start < end <= len(raw)
        for i in range(start, end):
            owners[i] += 1
    wrong = [(i, raw[i], owners[i]) for i in range(len(raw)) if raw[i] not in BLANK and owners[i] != 1]
    assert not wrong, wrong[:10]
    for clause in policy.clauses:
        assert clause.spans and len(clause.spans) == len(clause.roles)
        shown = [policy.source.words(span) for span in clause.spans]
        assert plain(clause.text) == plain(
            "".join(w + (":" if r == "column" else "") for w, r in zip(shown, clause.roles, strict=True))
        )
        for start, end in clause.spans:
            assert plain(raw[start:end]) in plain(clause.text)
        for reference in clause.references:
            assert raw[slice(*reference.span)] == reference.words
    numbers = [c.clause for c in policy.clauses]
    anchors = [c.anchor for c in policy.clauses]
    assert len(set(numbers)) == len(numbers) and len(set(anchors)) == len(anchors)
    assert all(anchor.isascii() and anchor for anchor in anchors)
    assert sorted(c.place for c in policy.clauses) == [c.place for c in policy.clauses]
