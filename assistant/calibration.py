"""Evidence of one question -> probability that the policy covers it.

A logistic regression (Platt 1999) over a handful of signals, fitted by `training/calibrate.py` on documents that the
encoder never saw. It belongs to an encoder and lies in its folder; a model without one gets LEXICAL, which uses only what
does not depend on the encoder's scale.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.clause import Hit
from assistant.errors import ModelError
from assistant.segment import segment
from assistant.signals import Signals, standardise

FILE = "calibration.json"
FEATURES = ("nearest", "field", "covered", "peak")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of the features, the intercept, and the probability from which on a question counts as covered."""

    weights: Mapping[str, float]
    intercept: float
    threshold: float

    def confidence(self, features: Mapping[str, float]) -> float:
        """Return a probability from 0 to 1."""
        total = self.intercept + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


LEXICAL = Calibration({"covered": 5.0912, "peak": 0.2125}, -0.714, 0.6153)


def features_of(question: str, hits: Sequence[Hit], signals: Signals) -> dict[str, float]:
    """Return what the confidence is computed from.

    nearest: cosine of the nearest clause; field: mean cosine of the ten nearest, whether the policy speaks of the matter
    at all; covered: share of the question's terms in the best hit; peak: lead of the nearest over the fifth to tenth, in
    standard deviations, which does not depend on the encoder's scale.
    """
    terms = set(segment(question))
    found = set(segment("\n".join([*hits[0].path[-2:], hits[0].text]))) if hits else set()
    nearest = np.sort(signals.scores["clause"])[::-1]
    scores = standardise(nearest)
    return {
        "nearest": float(nearest[0]) if len(nearest) else 0.0,
        "field": float(nearest[:10].mean()) if len(nearest) else 0.0,
        "covered": len(terms & found) / max(1, len(terms)),
        "peak": float(scores[0] - scores[4:10].mean()) if len(scores) > 4 else 0.0,
    }


def load_calibration(model: str) -> Calibration:
    """Return the calibration in a model's folder, or the one that suits any model.

    :raises ModelError: if the file is there but cannot be used
    """
    file = Path(model) / FILE
    if not file.is_file():
        return LEXICAL
    try:
        raw = json.loads(file.read_text("utf-8"))
        if unknown := set(raw["weights"]) - set(FEATURES):
            raise ValueError(f"未知特征 {'、'.join(sorted(unknown))}")
        return Calibration(
            {str(k): float(v) for k, v in raw["weights"].items()}, float(raw["intercept"]), float(raw["threshold"])
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"校准文件读不了: {file} ({error})。请用 training/calibrate.py 重新生成, 或删除它。") from error
