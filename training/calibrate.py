"""Fit the confidence of a model: the probability that a policy covers a question.

    python training/calibrate.py --data DATA_FOLDER --policies POLICY_FOLDER --model assistant/model

Covered: questions written for clauses of held-out documents. Not covered: near misses and unrelated questions written for
the same documents. None of them was seen in training. Everything is checked by leaving out one tenth of the documents at a
time; what is written is fitted on all. For a policy with a bank, each bank question is asked while it and a random half of
the others are out of the bank.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from data import own_questions, rows
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from assistant.assistant import Assistant
from assistant.bank import bank_files, read_bank
from assistant.calibration import BANK_FEATURES, FEATURES, FILE, Regression, features_of
from assistant.clause import Clause
from assistant.embed import load_encoder
from assistant.entry import read_policy
from assistant.errors import AssistantError
from assistant.index import build_index
from assistant.known import FOLDER, LIKE, STEPS
from assistant.retrieve import Scope, retrieve
from assistant.settings import Settings
from assistant.understand import understand

COVERED_SHARE = 0.7  # how often users ask what the policy covers; sets the prior, not the ranking
REFUSED = 0.04  # answerable questions that the threshold may refuse
BANK_REFUSED = 0.07  # the same where half a bank makes questions harder than they will be with all of it
SAMPLED = 0.3  # of the many questions written clause by clause
ASKED = 800  # bank questions that calibrate a bank
Question = tuple[str, str, int]  # document, question, whether it is covered


def questions_of(data: Path) -> list[Question]:
    """Return the questions on held-out documents."""
    pick = random.Random(1)
    found = [(r["document"], r["question"], 0) for r in rows(data, "unanswerable_questions") if r["kind"] != "partial"]
    documents = {document for document, *_ in found}
    for row in rows(data, "clause_questions"):
        if row["document"] in documents:
            asked = [q for q in row["questions"].values() if q and pick.random() < SAMPLED]
            found += [(row["document"], question, 1) for question in asked]
    return found + [(row["document"], row["question"], int(row["kind"] == "covered")) for row in own_questions()]


def ask(assistant: Assistant, question: str) -> dict[str, float]:
    """Return the features of one question, understood and retrieved as users' questions are."""
    query = understand(question, (), assistant.lexicon)
    found = retrieve(query, assistant.retrievers, assistant.settings, Scope())
    return features_of(query.standalone, found, assistant.retrievers)


def evidence(questions: list[Question], policies: Path, settings: Settings) -> tuple[list[Question], list[dict[str, float]]]:
    """Ask every document its questions -> those that could be asked, and their features."""
    by_document = collections.defaultdict(list)
    for question in questions:
        by_document[question[0]].append(question)
    asked, features = [], []
    for document, own in by_document.items():
        file = next(policies.glob(f"*/{document}.md"), None)
        try:
            assistant = Assistant.build(file, settings) if file else None
        except AssistantError as error:
            print(document, error)
            continue
        if assistant:
            asked += own
            features += [ask(assistant, question) for _, question, _ in own]
    return asked, features


def add_likeness(asked: list[Question], features: list[dict[str, float]], model: str) -> None:
    """Fill in silent, silent_five and usual without the question's own document, and write them for use."""
    encoder = load_encoder(model)
    vectors = encoder.encode([question for _, question, _ in asked], query=True)
    documents = np.array([document for document, *_ in asked])
    y = np.array([label for *_, label in asked])
    silent, groups = vectors[y == 0], documents[y == 0]
    classifier = LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced")
    usual = cross_val_predict(classifier, vectors, y, groups=documents, cv=GroupKFold(10), method="decision_function")
    for row, vector, document, sort in zip(features, vectors, documents, usual, strict=True):
        near = np.sort(np.where(groups == document, -1.0, silent @ vector))[::-1][:LIKE]
        row |= {"silent": float(near[0]), "silent_five": float(near.mean()), "usual": float(sort)}
    classifier.fit(vectors, y)
    folder = Path(model) / FOLDER
    np.save(folder / "silent.npy", np.round(silent * STEPS).astype(np.int8))
    np.save(folder / "usual.npy", np.append(classifier.coef_[0], classifier.intercept_).astype(np.float32))


def fit(
    features: list[dict[str, float]], y: np.ndarray, groups: np.ndarray, names: tuple[str, ...], refused: float = REFUSED
) -> dict[str, Any]:
    """Fit a logistic regression, print how it does on groups left out, and return its numbers and their logits."""
    x = np.array([[row[name] for name in names] for row in features])
    prior = np.where(y == 1, COVERED_SHARE / y.mean(), (1 - COVERED_SHARE) / (1 - y.mean()))
    scale = x.std(axis=0) + 1e-9
    regression = LogisticRegression(C=0.3, max_iter=3000)
    left_out = cross_val_predict(
        regression, x / scale, y, groups=groups, cv=GroupKFold(10), method="decision_function", params={"sample_weight": prior}
    )
    threshold = float(np.quantile(left_out[y == 1], refused))
    print(
        f"{names}: {y.sum()} covered, {(1 - y).sum()} not; left out: auroc {roc_auc_score(y, left_out):.3f}, "
        f"refused {np.mean(left_out[y == 1] < threshold):.3f}, answered {np.mean(left_out[y == 0] >= threshold):.3f}"
    )
    regression.fit(x / scale, y, sample_weight=prior)
    weights = {name: round(float(w), 4) for name, w in zip(names, regression.coef_[0] / scale, strict=True)}
    return {"weights": weights, "intercept": round(float(regression.intercept_[0]), 4), "logit": threshold}


def with_bank(settings: Settings, general: dict[str, Any]) -> dict[str, Any]:
    """Fit the regression for policies with a bank, on the bank of this project."""
    pick = random.Random(1)
    whole = Assistant.build(settings.corpus, settings)
    bank = read_bank(bank_files(settings.banks)[0])
    clauses: dict[str, Clause] = {clause.clause: clause for clause in whole.index.clauses}
    positions = {clause.clause: n for n, clause in enumerate(whole.index.clauses)}
    covered = [k for k in bank if k.clause in clauses]
    asked = {k.question for k in [*pick.sample(covered, ASKED), *(k for k in bank if k.clause is None)]}
    features, labels = [], []
    for half in (0, 1):
        apart = {k.question: pick.random() < 0.5 for k in bank}
        kept = [(k.question, positions.get(k.clause or "", -1)) for k in bank if apart[k.question]]
        policy = whole.policies[0]
        index = build_index([read_policy(policy, whole.encoder)], whole.encoder, settings, {policy.source.policy: kept})
        assistant = Assistant(index, whole.encoder, whole.calibration, settings)
        for known in bank:
            if known.question in asked and not apart[known.question]:
                row = ask(assistant, known.question)
                features.append(row | {"general": Regression(general["weights"], general["intercept"]).logit(row)})
                labels.append(int(known.clause is not None))
        print(f"bank, pass {half + 1}: {len(labels)} asked")
    y = np.array(labels)
    return fit(features, y, np.arange(len(y)), BANK_FEATURES, BANK_REFUSED)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--policies", type=Path, required=True, help="folder with the documents that `document` names")
    parser.add_argument("--model", default="assistant/model")
    args = parser.parse_args()
    settings = replace(Settings.from_environment(), model=args.model)
    asked, features = evidence(questions_of(args.data), args.policies, settings)
    if features and (Path(args.model) / FOLDER).is_dir():
        add_likeness(asked, features, args.model)
    y, documents = np.array([label for *_, label in asked]), np.array([document for document, *_ in asked])
    general = fit(features, y, documents, FEATURES[:-1])
    banked = with_bank(settings, general)
    banked["intercept"] = round(banked["intercept"] + general["logit"] - banked["logit"], 4)  # one threshold for both
    threshold = round(float(1 / (1 + np.exp(-general["logit"]))), 4)
    fitted = {"general": _numbers(general), "banked": _numbers(banked), "threshold": threshold}
    (Path(args.model) / FILE).write_text(json.dumps(fitted, indent=1) + "\n", "utf8")
    print("any model (LEXICAL in assistant/calibration.py):", json.dumps(fit(features, y, documents, ("covered", "peak"))))


def _numbers(fitted: dict[str, Any]) -> dict[str, Any]:
    """Return what is written of a regression."""
    return {"weights": fitted["weights"], "intercept": fitted["intercept"]}


if __name__ == "__main__":
    main()
