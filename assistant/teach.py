"""Question bank -> clause vectors that have learned from it: what makes a clause the answer, not only what it says.

A linear softmax classifier over a policy's clauses, started at their own vectors and trained for a moment on the bank's
questions and the clauses' sentences; the penalty holds it near the start, so a clause without questions keeps its vector.
Costs two seconds for 2,000 questions and 200 clauses, needs no model but the encoder, and gives the same numbers each time.
"""

from __future__ import annotations

import numpy as np

SCALE = 20.0  # cosines to logits, as in the encoder's training
STEPS, RATE, PENALTY = 60, 0.02, 1e-3


def taught(clauses: np.ndarray, texts: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Return the clause vectors after learning.

    :param clauses: float32 [c, d], unit rows
    :param texts: float32 [n, d], questions and sentences; `owners` int [n] says which clause each belongs to
    """
    weights = clauses.astype(np.float32).copy()
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    target = np.zeros((len(texts), len(clauses)), dtype=np.float32)
    target[np.arange(len(texts)), owners] = 1
    for step in range(1, STEPS + 1):
        logits = SCALE * texts @ weights.T
        logits -= logits.max(axis=1, keepdims=True)
        share = np.exp(logits)
        share /= share.sum(axis=1, keepdims=True)
        gradient = SCALE / len(texts) * (share - target).T @ texts + PENALTY * (weights - clauses)
        # Adam (Kingma and Ba 2015)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.99 * square + 0.01 * gradient**2
        weights -= RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights
