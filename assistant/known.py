"""Known questions of other policies: a pivot from everyday words to the clauses that answered them elsewhere.

The training questions lie beside the encoder as vectors, each with the vector of the clause it was written for. A new
question is laid beside its nearest known ones; their clauses, not the question's own words, are compared with the clauses
here. `training/known.py` writes the files for any encoder; a model folder without them does without this signal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant import vectors
from assistant.errors import ModelError

FOLDER = "known"
NEAREST, SHARPNESS, LEAST = 20, 20.0, 0.01
STEPS = 127


@dataclass(frozen=True, slots=True)
class KnownQuestions:
    """A search over the questions, int32 [questions] with the clause of each, int8 [clauses, d] in steps of 1 / STEPS."""

    questions: vectors.Vectors
    owners: np.ndarray
    clauses: np.ndarray

    def scores(self, vector: np.ndarray, clauses: np.ndarray) -> np.ndarray:
        """Return the log share of each clause here, given a question's vector [d] and the clauses' [c, d]."""
        ids, near = vectors.nearest(self.questions, vector, NEAREST)
        weights = np.exp(SHARPNESS * (near - near[0]))
        alike = self.clauses[self.owners[ids]].astype(np.float32) / STEPS @ clauses.T
        share = np.exp(SHARPNESS * (alike - alike.max(axis=1, keepdims=True)))
        share /= share.sum(axis=1, keepdims=True)
        scores: np.ndarray = np.log(weights / weights.sum() @ share + LEAST)
        return scores


def load_known(model: str) -> KnownQuestions | None:
    """Read the known questions of a model folder; None if it has none.

    :raises ModelError: if they are there but cannot be read
    """
    folder = Path(model) / FOLDER
    if not folder.is_dir():
        return None
    try:
        return KnownQuestions(
            vectors.read(folder / "questions.faiss"),
            np.load(folder / "owners.npy", allow_pickle=False),
            np.load(folder / "clauses.npy", allow_pickle=False),
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"已知问题读不了: {folder} ({error})。请用 training/known.py 重新生成, 或删除这个文件夹。") from error
