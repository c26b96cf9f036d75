"""Exact nearest neighbours with FAISS: the only module that knows it."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
from threadpoolctl import threadpool_limits

Vectors = faiss.Index
CELLS = 256
MANY = 50_000

# two threads are slower for one query, and what is learned must not depend on how many there are
faiss.omp_set_num_threads(1)
threadpool_limits(1, user_api="blas")


def flat(rows: np.ndarray) -> Vectors:
    """Return float32 rows for exact inner-product search; enough up to some hundred thousand."""
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(np.ascontiguousarray(rows, dtype=np.float32))
    return index


def compressed(rows: np.ndarray) -> Vectors:
    """Return many float32 rows in one byte a number and by cells, of which a search visits the nearest tenth.

    Ten times faster than `flat` on 60,000 rows, with inner products that differ in the third decimal.
    """
    index = faiss.index_factory(rows.shape[1], f"IVF{CELLS},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.train(rows)
    index.add(rows)
    faiss.extract_index_ivf(index).nprobe = CELLS // 10
    return index


def quick(index: Vectors) -> Vectors:
    """Return what is searched in the place of `flat` rows: of many rows a copy in half precision, else the rows themselves.

    A search through 130,000 rows waits for memory, so half the bytes take half the time; of the nearest 100 none are lost.
    """
    if index.ntotal <= MANY:
        return index
    copy = faiss.IndexScalarQuantizer(index.d, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    for first in range(0, index.ntotal, MANY):
        copy.add(index.reconstruct_n(first, min(MANY, index.ntotal - first)))
    return copy


def nearest(index: Vectors, vector: np.ndarray, count: int, within: range | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return (row numbers, inner products) of the rows nearest to float32 [d], best first, all or those of a range."""
    rows = range(index.ntotal) if within is None else within
    count = min(count, len(rows))
    if not count:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    only = None
    if within is not None:
        only = faiss.SearchParameters(sel=faiss.IDSelectorRange(rows.start, rows.stop))  # type: ignore[call-arg]
    scores, ids = index.search(vector[None], count, params=only)
    return ids[0][ids[0] >= 0], scores[0][ids[0] >= 0]


def rows_of(index: Vectors, numbers: np.ndarray) -> np.ndarray:
    """Return rows as they were added, float32 [n, d]."""
    rows: np.ndarray = index.reconstruct_batch(numbers)
    return rows


def write(index: Vectors, file: Path) -> None:
    """Write to a file."""
    faiss.write_index(index, str(file))


def read(file: Path) -> Vectors:
    """Read from a file.

    :raises RuntimeError: if it is missing or not what `write` wrote
    """
    return faiss.read_index(str(file))
