"""Stage 6, question + [Hit] -> Answer: decide whether the policy covers the question, and which hits to show.

Nothing is written here: an answer is a choice of clauses, each quoted at its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from assistant.clause import Clause, Contact, Hit, Policy, Verdict
from assistant.errors import QuestionError
from assistant.segment import segment

_EMAIL = re.compile(r"[A-Za-z0-9][\w.+-]*@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_PHONE = re.compile(
    r"(?<![\d.])(?:400[- ]?\d{3,4}[- ]?\d{3,4}|800[- ]?\d{3}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|95\d{3,6}|1[3-9]\d{9})(?!\d)"
)
_CUE = re.compile(r"电话|热线|客服|致电|拨打|手机")
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs"}
CLOSE = 0.8
NO_WORDS = "没有看出要问的内容。请用一句话说出您的问题, 例如: 怎么注销账户。"
NOT_COVERED = "这份政策没有写到这个问题。"


def clean_question(text: str, longest: int) -> str:
    """Return a question without control and invisible characters, on one line.

    :raises QuestionError: if nothing is left, or it is longer than `longest` characters
    """
    visible = "".join(" " if unicodedata.category(c) in _INVISIBLE else c for c in text)
    question = " ".join(visible.split())
    if not question:
        raise QuestionError("问题是空的。请输入要问的内容, 例如: 怎么注销账户。")
    if len(question) > longest:
        raise QuestionError(f"问题太长: {len(question)} 字, 最多 {longest} 字。请只留下要问的那几句。")
    return question


def is_askable(question: str) -> bool:
    """Whether a question has words that can be searched for, more than one letter."""
    terms = segment(question)
    return len(terms) > 1 or (len(terms) == 1 and len(terms[0]) > 1)


def verdict_of(confidence: float, threshold: float) -> Verdict:
    """Return whether the policy covers the question."""
    return "answered" if confidence >= threshold else "not_covered"


def cite(hits: Sequence[Hit], most: int) -> tuple[Hit, ...]:
    """Return the hits to show as the answer: the best, and those that come close to it."""
    if not hits:
        return ()
    if hits[0].evidence.exact:
        return tuple(hit for hit in hits[:most] if hit.evidence.exact)
    return tuple(hit for hit in hits[:most] if hit.score >= CLOSE * hits[0].score)


def contacts_of(policy: Policy) -> tuple[Contact, ...]:
    """Return the telephone numbers and mailboxes that the policy names, from the clause that names most of them.

    Of clauses that name as many, the last: policies end with how to reach the company.
    """
    best: tuple[Contact, ...] = ()
    for clause in policy.clauses:
        found = tuple(_contacts(clause, policy.source.text))
        if found and len({c.kind for c in found}) >= len({c.kind for c in best}):
            best = found
    unique: Mapping[str, Contact] = {c.words: c for c in best}
    return tuple(unique.values())


def _contacts(clause: Clause, raw: str) -> list[Contact]:
    """Return the contacts in a clause's own words."""
    found = []
    for role, (start, end) in zip(clause.roles, clause.spans, strict=True):
        if role not in ("body", "cell"):
            continue
        for match in _PHONE.finditer(raw, start, end):
            if _CUE.search(raw, max(start, match.start() - 15), match.start()):
                found.append(Contact("phone", match.group(), match.span(), clause.clause))
        found += [Contact("email", m.group(), m.span(), clause.clause) for m in _EMAIL.finditer(raw, start, end)]
    return found
