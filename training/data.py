"""Training pairs: the data folder -> [PairSet], each a source of (query, positive, group) rows.

Two rows of one group are never negatives of each other: they share the clause, the topic or the heading.
The licence of every file is listed in the data folder's own README and in MODEL_CARD.md.
"""

from __future__ import annotations

import itertools
import json
import lzma
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 600
_SENTENCE = re.compile(r"[^。!！?？\n]{8,200}")
OWN_QUESTIONS = Path(__file__).with_name("questions.jsonl")


@dataclass(frozen=True)
class Pair:
    """A text and one that should lie near it; `document` is empty where rows do not come from one document."""

    query: str
    positive: str
    group: str
    document: str = ""


@dataclass(frozen=True)
class PairSet:
    """The pairs of one source; `repeats` is how often an epoch goes through them."""

    name: str
    repeats: int
    pairs: list[Pair]


def rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one xz-compressed JSON Lines file."""
    with lzma.open(data / f"{name}.jsonl.xz", "rt", encoding="utf8") as lines:
        for line in lines:
            yield json.loads(line)


def held_out_documents(data: Path) -> set[str]:
    """Return the documents never trained on: those with unanswerable questions, ours included, and their near-duplicates.

    The encoder is validated and the confidence calibrated on them, which would be worthless on text it has seen.
    """
    clusters = json.loads((data / "policy_clusters.json").read_text("utf8"))

    def cluster(document: str) -> str:
        return str(clusters.get(f"ca4p_p{document}" if document.isdigit() else document, document))

    measured = {row["document"] for row in [*rows(data, "unanswerable_questions"), *own_questions()]}
    kept = {cluster(document) for document in measured}
    return measured | {row["document"] for row in rows(data, "clause_questions") if cluster(row["document"]) in kept}


def own_questions() -> list[dict[str, Any]]:
    """Return our questions on documents that have no clause questions: covered (with places in the text) or not."""
    return [json.loads(line) for line in OWN_QUESTIONS.read_text("utf8").splitlines()]


def general_sentences(data: Path, limit: int = 150_000) -> list[str]:
    """Return sentences of general Chinese, for the co-occurrence that term vectors start from."""
    found = (sentence for row in rows(data, "text_general") for sentence in _SENTENCE.findall(str(row["text"]))[:6])
    return list(itertools.islice(found, limit))


def passage(clause: str, path: str) -> str:
    """Return the clause the way the index embeds it: its last heading, then its words."""
    heading = path.rsplit("  ", maxsplit=1)[-1].strip() if path else ""
    return f"{heading}\n{clause}"[:LONGEST]


def clause_pairs(data: Path, held_out: set[str]) -> list[PairSet]:
    """Return the questions written for clauses: question -> clause, and question <-> question of one clause."""
    to_clause, to_question = [], []
    for row in rows(data, "clause_questions"):
        if row["document"] in held_out:
            continue
        group = row["clause"]
        questions = [q for q in row["questions"].values() if q]
        text = passage(row["clause"], row["path"])
        to_clause += [Pair(q, text, group, row["document"]) for q in questions]
        to_question += [Pair(a, b, group, row["document"]) for a, b in itertools.combinations(questions, 2)]
    return [PairSet("clause_questions", 3, to_clause), PairSet("question_pairs", 1, to_question)]


def simple_pairs(data: Path, held_out: set[str]) -> list[PairSet]:
    """Return the sources that are already (query, positive) rows."""
    plan = {"policy_topic_questions": (2, "topic"), "policy_heading_pairs": (2, "query"), "capp130_rewrite_pairs": (2, None),
            "stard_train_pairs": (4, "query"), "lawbench_pairs": (4, None), "law_template_questions": (1, None),
            "wiki_qa_pairs": (1, "positive"), "medical_qa_pairs": (1, None), "csl_title_abstract": (1, None),
            "dureader_demo_pairs": (1, "query")}  # fmt: skip
    sets = []
    for name, (repeats, group) in plan.items():
        pairs = [
            Pair(row["query"][:LONGEST], row["positive"][:LONGEST], row[group] if group else row["positive"])
            for row in rows(data, name)
            if row.get("doc") not in held_out
        ]
        sets.append(PairSet(name, repeats, pairs))
    paraphrases = [Pair(row["a"], row["b"], row["a"]) for row in rows(data, "pawsx_pairs") if row["label"] == 1]
    return [*sets, PairSet("pawsx_pairs", 1, paraphrases)]


def law_pairs(data: Path, limit: int = 30_000) -> PairSet:
    """Return law name and chapter -> article; local rules repeat each other and are sampled down."""
    pick = random.Random(3)
    pairs = [
        Pair(f"{row['law']} {row['path']}", row["text"][:LONGEST], f"{row['law']} {row['path']}")
        for row in rows(data, "laws_articles")
        if not row["category"].startswith("DLC") or pick.random() < 0.05
    ]
    pick.shuffle(pairs)
    return PairSet("laws_articles", 1, pairs[:limit])


def load(data: Path, held_out: set[str]) -> list[PairSet]:
    """Return every source, largest effect first."""
    return [*clause_pairs(data, held_out), *simple_pairs(data, held_out), law_pairs(data)]
