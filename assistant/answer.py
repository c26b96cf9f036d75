"""Stage 6, question + [Hit] -> Answer: decide whether the policy covers the question, and which hits to show.

Nothing is written here: an answer is a choice of clauses, each quoted at its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.clause import Clause, Contact, Hit, Part, Policy, Verdict
from assistant.errors import QuestionError
from assistant.retrieve import Found
from assistant.segment import segment
from assistant.understand import Query

_EMAIL = re.compile(r"[A-Za-z0-9][\w.+-]*@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_PHONE = re.compile(
    r"(?<![\d.])(?:400[- ]?\d{3,4}[- ]?\d{3,4}|800[- ]?\d{3}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|95\d{3,6}|1[3-9]\d{9})(?!\d)"
)
_CUE = re.compile(r"电话|热线|客服|致电|拨打|手机")
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs"}
CLOSE = 0.8
NO_WORDS = "没有看出要问的内容。请用一句话说出您的问题, 例如: 怎么注销账户。"
NOT_COVERED = "这份政策没有写到这个问题。"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a question gets: its hits, how sure, the verdict, a sentence for the reader, what to cite, and its parts."""

    hits: tuple[Hit, ...]
    confidence: float
    verdict: Verdict
    note: str = ""
    cited: tuple[Hit, ...] = ()
    parts: tuple[Part, ...] = ()


def judge_parts(
    whole: Sequence[Hit], sure: float, asked: Sequence[tuple[Query, Found]], each: Sequence[float], threshold: float, most: int
) -> Judged:
    """Answer each of several questions: all covered is answered, some is partial, none is not covered.

    :param sure: confidence in the message as a whole; `each` is that of every part
    """
    covered = [confidence >= threshold for confidence in each]
    hits = merge(whole, [found.hits for _, found in asked], 10)
    parts = tuple(
        Part(query.standalone, "answered", found.hits[0].clause, found.hits[0].policy)
        if yes and found.hits
        else Part(query.standalone, "answered" if yes else "not_covered", None)
        for (query, found), yes in zip(asked, covered, strict=True)
    )
    if not any(covered):
        verdict = verdict_of(sure, threshold)
        return Judged(tuple(whole), sure, verdict, "" if verdict == "answered" else NOT_COVERED, cite(whole, most))
    firsts = {_place(found.hits[0]): found.hits[0] for (_, found), yes in zip(asked, covered, strict=True) if yes and found.hits}
    if sure >= threshold and whole:  # what answers the message as a whole stands first, should it be one question after all
        firsts = {_place(whole[0]): whole[0], **firsts}
    missing = [part.question for part in parts if part.verdict == "not_covered"]
    note = "这份政策没有写到: " + "; ".join(missing) if missing else ""
    ordered = [*firsts.values(), *(hit for hit in hits if _place(hit) not in firsts)]
    cited = tuple(firsts.values())
    return Judged(tuple(ordered), max(sure, *each), "partial" if missing else "answered", note, cited, parts)


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


def merge(whole: Sequence[Hit], parts: Sequence[Sequence[Hit]], most: int) -> tuple[Hit, ...]:
    """Return the hits of a message with several questions: the best of each, in the order of the whole, then the rest.

    Each part is heard before the whole goes on, so that no part is crowded out.
    """
    rank = {_place(hit): n for n, hit in enumerate(whole)}
    firsts = sorted((hits[0] for hits in parts if hits), key=lambda hit: rank.get(_place(hit), len(whole)))
    seconds = [hits[1] for hits in parts if len(hits) > 1]
    merged: dict[tuple[str, str], Hit] = {}
    for hit in (*firsts, *whole[:1], *seconds, *whole):
        merged.setdefault(_place(hit), hit)
    return tuple(merged.values())[:most]


def _place(hit: Hit) -> tuple[str, str]:
    """Return what tells a clause from all others; anchors are unique only within a policy."""
    return hit.policy, hit.anchor


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
