"""Questions with known answers -> hit rates, citation and refusal rates, per kind of question.

A question file holds one object a line: id, question, history, kind, and gold, a list of groups of verbatim snippets; a
clause answers (that part of) a question if it contains any snippet of a group, compared without layout. No gold means
that the policy does not cover the question. The figures are those of the field: hit@k, MRR, area under the ROC curve.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from assistant.assistant import Assistant, Chosen
from assistant.clause import Answer, Clause
from assistant.errors import CorpusError

LONGEST_HIT = 700
_LAYOUT = re.compile(r"[\s|*_#>\\`]+")
RATES = ("hit@1", "hit@3", "hit@5", "hit@10", "mrr", "full@5", "cited", "refused")


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its groups of snippets; no group if the policy does not cover it."""

    question: Annotated[str, Field(min_length=1)]
    gold: tuple[tuple[str, ...], ...]
    kind: str = ""
    history: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """One answered question and the snippets that a right clause contains."""

    kind: str
    gold: tuple[tuple[str, ...], ...]
    answer: Answer


def read_questions(file: Path) -> list[Question]:
    """Read a question file.

    :raises CorpusError: if it is missing or a line is not a question
    """
    try:
        lines = file.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"题目文件读不了: {file} ({error})。请检查路径和编码 (UTF-8)。") from error
    questions = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            questions.append(TypeAdapter(Question).validate_json(line))
        except ValidationError as error:
            reason = error.errors()[0]
            where = ".".join(str(step) for step in reason["loc"])
            raise CorpusError(f"{file} 第 {number} 行不是一道题: {where} {reason['msg']}。请补上 question 和 gold。") from error
    return questions


def judge(assistant: Assistant, questions: Iterable[Question], policy: Chosen = None) -> list[Judged]:
    """Ask every question the way users do."""
    return [Judged(q.kind, q.gold, assistant.ask(q.question, q.history, policy=policy)) for q in questions]


def plain(text: str) -> str:
    """Return text without layout: NFKC, no white space, no bars and no marks of Markdown."""
    return _LAYOUT.sub("", unicodedata.normalize("NFKC", text))


def holds(clause: Clause, group: Sequence[str]) -> bool:
    """Whether a clause, if it is short enough to be read, contains a snippet of the group."""
    text = plain(clause.text)
    return len(text) <= LONGEST_HIT and any(plain(snippet) in text for snippet in group)


def rates(judged: Sequence[Judged]) -> dict[str, float | None]:
    """Return the figures of RATES over the answerable questions, `answered` over the others, and `auroc` over all.

    refused: answerable, but not_covered; answered: uncovered, but answered; full@5: every group within five hits.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for item in judged:
        verdict = item.answer.verdict
        if not item.gold:
            found["answered"].append(verdict == "answered")
            continue
        hits = item.answer.hits[:10]
        rank = next((i for i, hit in enumerate(hits, 1) if any(holds(hit, g) for g in item.gold)), 0)
        for k in (1, 3, 5, 10):
            found[f"hit@{k}"].append(0 < rank <= k)
        found["mrr"].append(1 / rank if rank else 0.0)
        found["full@5"].append(all(any(holds(hit, g) for hit in hits[:5]) for g in item.gold))
        found["cited"].append(any(holds(hit, g) for hit in item.answer.citations for g in item.gold))
        found["refused"].append(verdict == "not_covered")
    figures: dict[str, float | None] = {
        name: float(np.mean(found[name])) if found[name] else None for name in (*RATES, "answered")
    }
    figures["auroc"] = auroc([j.answer.confidence for j in judged if j.gold], [j.answer.confidence for j in judged if not j.gold])
    return figures


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """Return the share of (positive, negative) pairs in the right order, ties counting half; None without pairs."""
    if not positive or not negative:
        return None
    gaps = np.subtract.outer(np.asarray(positive), np.asarray(negative))
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


def per_kind(judged: Sequence[Judged]) -> dict[str, dict[str, float | None]]:
    """Return the figures for all questions and for each kind, with the number of questions as `n`."""
    kinds = {"all": list(judged)}
    for item in judged:
        kinds.setdefault(item.kind if item.kind not in ("", "all") else "-", []).append(item)
    return {kind: {"n": float(len(items)), **rates(items)} for kind, items in kinds.items()}


def wrong_spans(judged: Sequence[Judged], assistant: Assistant) -> tuple[int, int]:
    """Return how many spans were returned and how many do not hold the words that the clause shows."""
    texts = {p.source.policy: p.source.text for p in assistant.policies}
    spans = [(hit, span) for j in judged for hit in (*j.answer.citations, *j.answer.hits) for span in hit.spans]
    wrong = sum(plain(texts[hit.policy][start:end]) not in plain(hit.text) or start >= end for hit, (start, end) in spans)
    return len(spans), wrong
