"""Evidence of one question -> probability that the policy covers it.

A logistic regression (Platt 1999) over the evidence that retrieval leaves, fitted by `training/calibrate.py` on documents
that the encoder never saw, with near misses: questions in a policy's own words that it does not answer. Where a policy has
a question bank, a second one weighs what the bank says. Both belong to an encoder and lie in its folder; a model without
them gets LEXICAL, which uses only what does not depend on the encoder's scale.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from assistant.entry import searched_text
from assistant.errors import ModelError
from assistant.retrieve import Found
from assistant.segment import segment
from assistant.signals import Retrievers, standardise

FILE = "calibration.json"
LIKENESS = ("known", "known_five", "silent", "silent_five", "usual")
FEATURES = (
    "nearest", "field", "sentence", "term", "covered", "in_policy", "accounted", "lost", "size", "number",
    *LIKENESS, "peak",
)  # fmt: skip
BANK_FEATURES = ("general", "answered", "refused")
ACCOUNTED = 0.5
_NUMBERS = ("多少", "多久", "多长", "多大", "几天", "几个", "几年", "几月", "几次", "几家", "几点", "费用", "价格", "利率")


@dataclass(frozen=True, slots=True)
class Regression:
    """Weights by feature, and the intercept."""

    weights: Mapping[str, float]
    intercept: float

    def logit(self, features: Mapping[str, float]) -> float:
        """Return the log odds."""
        return self.intercept + sum(weight * features[name] for name, weight in self.weights.items())


@dataclass(frozen=True, slots=True)
class Calibration:
    """The regression for any policy, that for one with a bank, and the probability from which on a question counts as covered."""

    general: Regression
    threshold: float
    banked: Regression | None = field(default=None)

    def confidence(self, features: Mapping[str, float]) -> float:
        """Return a probability from 0 to 1."""
        total = self.general.logit(features)
        if self.banked and features["answered"] > 0:
            total = self.banked.logit({**features, "general": total})
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


LEXICAL = Calibration(Regression({"covered": 3.2305, "peak": 0.3835}, -0.9801), 0.4698)


def features_of(question: str, found: Found, retrievers: Retrievers) -> dict[str, float]:
    """Return what the confidence is computed from.

    nearest, sentence, term: the best score of that signal; field: mean cosine of the ten nearest clauses, whether the policy
    speaks of the matter at all; covered: share of the question's terms in the best hit, in_policy: in the policy;
    accounted: weight of the terms that have kin in the best hit, lost: of the one that has least; size: log of the clauses;
    number: whether it asks for one; known .. usual: likeness to questions that other policies answer or not; peak: lead of
    the nearest over the fifth to tenth, in standard deviations; answered, refused: likeness to the bank's questions.
    """
    scores, terms = found.signals.scores, segment(question)
    nearest = np.sort(scores["clause"])[::-1]
    ranks = standardise(nearest)
    clauses, vocabulary = retrievers.index.clauses, retrievers.index.bm25.vocab_dict
    said = set(segment(searched_text(clauses[found.best], headings=2))) if found.best >= 0 else set()
    count = max(1, len(terms))
    vector = retrievers.encoder.encode([question], query=True)[0]
    likeness = retrievers.known.likeness(vector) if retrievers.known else dict.fromkeys(LIKENESS, 0.0)
    accounted, lost = _accounted(terms, found.best, retrievers)
    return {
        "nearest": float(nearest[0]) if len(nearest) else 0.0,
        "field": float(nearest[:10].mean()) if len(nearest) else 0.0,
        "sentence": float(np.max(scores["sentence"], initial=0.0)),
        "term": float(np.max(scores["term"], initial=0.0)),
        "covered": len(set(terms) & said) / count,
        "in_policy": sum(term in vocabulary for term in terms) / count,
        "accounted": accounted,
        "lost": lost,
        "size": math.log(max(1, len(clauses))),
        "number": float(any(words in question for words in _NUMBERS)),
        "peak": float(ranks[0] - ranks[4:10].mean()) if len(ranks) > 4 else 0.0,
        "answered": found.signals.answered,
        "refused": found.signals.refused,
        **likeness,
    }


def _accounted(terms: list[str], best: int, retrievers: Retrievers) -> tuple[float, float]:
    """Return (weight of the terms with kin in the best hit, weight of the term that has least)."""
    if retrievers.terms is None or best < 0:
        return 0.0, 0.0
    weights, nearest = retrievers.terms.nearest(terms, np.array([best]))
    if not len(weights):
        return 0.0, 1.0
    cosines = nearest[:, 0]
    return float(weights[cosines > ACCOUNTED].sum()), float((weights * (1 - cosines)).max())


def load_calibration(model: str) -> Calibration:
    """Return the calibration in a model's folder, or the one that suits any model.

    :raises ModelError: if the file is there but cannot be used
    """
    file = Path(model) / FILE
    if not file.is_file():
        return LEXICAL
    try:
        raw = json.loads(file.read_text("utf-8"))
        banked = _regression(raw["banked"], BANK_FEATURES) if "banked" in raw else None
        return Calibration(_regression(raw["general"], FEATURES), float(raw["threshold"]), banked)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"校准文件读不了: {file} ({error})。请用 training/calibrate.py 重新生成, 或删除它。") from error


def _regression(raw: Mapping[str, Any], known: tuple[str, ...]) -> Regression:
    """Read one regression and refuse features that do not exist."""
    if unknown := set(raw["weights"]) - set(known):
        raise ValueError(f"未知特征 {'、'.join(sorted(unknown))}")
    return Regression({str(k): float(v) for k, v in raw["weights"].items()}, float(raw["intercept"]))
