"""Fit the confidence of a model: the probability that a policy covers a question.

    python training/calibrate.py --data DATA_FOLDER --policies POLICY_FOLDER --model assistant/model

Covered: the questions written for clauses of the held-out documents. Not covered: the near misses and unrelated questions
written for the same documents. None of them was seen in training. The logistic regression is checked by leaving out one
tenth of the documents at a time; what is written is fitted on all.
"""

from __future__ import annotations

import argparse
import collections
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from data import rows
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from assistant.assistant import Assistant
from assistant.calibration import FILE, features_of
from assistant.errors import AssistantError
from assistant.retrieve import Scope, retrieve
from assistant.settings import Settings

COVERED_SHARE = 0.8  # how often users ask what the policy covers; sets the prior, not the ranking
REFUSED = 0.1  # answerable questions that the threshold may refuse


def questions_of(data: Path) -> dict[str, list[tuple[str, int]]]:
    """Return (question, whether the policy covers it) per document."""
    found: dict[str, list[tuple[str, int]]] = collections.defaultdict(list)
    for row in rows(data, "unanswerable_questions"):
        if row["kind"] != "partial":
            found[row["document"]].append((row["question"], 0))
    for row in rows(data, "clause_questions"):
        if row["document"] in found:
            found[row["document"]] += [(q, 1) for q in row["questions"].values() if q]
    return found


def evidence(document: Path, questions: list[tuple[str, int]], settings: Settings) -> list[dict[str, float]]:
    """Ask one policy all its questions -> the features of each."""
    assistant = Assistant.build(document, settings)
    out = []
    for question, _ in questions:
        hits, signals = retrieve(question, assistant.index, assistant.encoder, settings, Scope())
        out.append(features_of(question, hits, signals))
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--policies", type=Path, required=True, help="folder with the documents that `document` names")
    parser.add_argument("--model", default="assistant/model")
    args = parser.parse_args()
    settings = replace(Settings.from_environment(), model=args.model)
    features, covered, groups = [], [], []
    for document, questions in questions_of(args.data).items():
        file = next(args.policies.glob(f"*/{document}.md"), None)
        try:
            found = evidence(file, questions, settings) if file else []
        except AssistantError as error:
            print(document, error)
            found = []
        features += found
        covered += [label for _, label in questions][: len(found)]
        groups += [document] * len(found)
    y, documents = np.array(covered), np.array(groups)
    fitted = fit(features, y, documents, ["nearest", "field", "covered"])
    (Path(args.model) / FILE).write_text(json.dumps(fitted, indent=1) + "\n", "utf8")
    print("this model:", json.dumps(fitted))
    print("any model (LEXICAL in assistant/calibration.py):", json.dumps(fit(features, y, documents, ["covered", "peak"])))


def fit(features: list[dict[str, float]], y: np.ndarray, documents: np.ndarray, names: list[str]) -> dict[str, Any]:
    """Fit a logistic regression, print how it does on documents left out, and return its numbers."""
    x = np.array([[row[name] for name in names] for row in features])
    prior = np.where(y == 1, COVERED_SHARE / y.mean(), (1 - COVERED_SHARE) / (1 - y.mean()))
    scale = x.std(axis=0)
    regression = LogisticRegression(C=1.0, max_iter=2000)
    folds = cross_val_predict(
        regression, x / scale, y, groups=documents, cv=GroupKFold(10), method="predict_proba", params={"sample_weight": prior}
    )[:, 1]
    threshold = float(np.quantile(folds[y == 1], REFUSED))
    print(
        f"{names}: {y.sum()} covered, {(1 - y).sum()} not; left out: auroc {roc_auc_score(y, folds):.3f}, "
        f"refused {np.mean(folds[y == 1] < threshold):.3f}, answered {np.mean(folds[y == 0] >= threshold):.3f}"
    )
    regression.fit(x / scale, y, sample_weight=prior)
    weights = {name: round(float(w), 4) for name, w in zip(names, regression.coef_[0] / scale, strict=True)}
    return {"weights": weights, "intercept": round(float(regression.intercept_[0]), 4), "threshold": round(threshold, 4)}


if __name__ == "__main__":
    main()
