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
LIKE = 5


@dataclass(frozen=True, slots=True)
class KnownQuestions:
    """Questions that other policies answer, and some that they do not.

    :param questions: a search over the answered ones; `owners` int32 [questions] says by which clause
    :param clauses: int8 [clauses, d] in steps of 1 / STEPS
    :param silent: int8 [n, d], questions whose policy said nothing on them; `usual` float32 [d + 1], a linear classifier
        (last its intercept) of whether a question is of the sort that policies answer; both empty before calibration
    """

    questions: vectors.Vectors
    owners: np.ndarray
    clauses: np.ndarray
    silent: np.ndarray
    usual: np.ndarray

    def likeness(self, vector: np.ndarray) -> dict[str, float]:
        """Return how like a question is to known ones: the features of these names in calibration."""
        _, near = vectors.nearest(self.questions, vector, LIKE)
        silent = np.sort(self.silent.astype(np.float32) @ vector / STEPS)[::-1][:LIKE] if len(self.silent) else np.zeros(0)
        return {
            "known": float(near[0]),
            "known_five": float(near.mean()),
            "silent": float(silent.max(initial=0.0)),
            "silent_five": float(silent.mean()) if len(silent) else 0.0,
            "usual": float(vector @ self.usual[:-1] + self.usual[-1]) if len(self.usual) else 0.0,
        }

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
            _optional(folder / "silent.npy", (0, 1)),
            _optional(folder / "usual.npy", (0,)),
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(f"已知问题读不了: {folder} ({error})。请用 training/known.py 重新生成, 或删除这个文件夹。") from error


def _optional(file: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read an array, or return an empty one if the file is not there."""
    return np.load(file, allow_pickle=False) if file.is_file() else np.zeros(shape, dtype=np.float32)
