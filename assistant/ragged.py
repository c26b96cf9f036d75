"""Rows of whole numbers of different lengths in two arrays, which load in no time and are cut and joined without a loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class Ragged:
    """Row i is `values[starts[i] : starts[i + 1]]`.

    :param starts: int64 [rows + 1], from 0
    :param values: int32 [all]
    """

    starts: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """Join rows given one by one."""
        starts = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=starts[1:])
        return cls(starts, np.fromiter(chain.from_iterable(rows), dtype=np.int32, count=int(starts[-1])))

    @classmethod
    def joined(cls, pieces: Iterable[Ragged]) -> Ragged:
        """Put the rows of several below one another."""
        parts = list(pieces)
        lengths = [np.diff(part.starts) for part in parts]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))])
        return cls(starts, np.concatenate([np.zeros(0, np.int32), *(part.values for part in parts)]))

    def cut(self, within: range) -> Ragged:
        """Return the rows of a range; a view, nothing is copied but their starts."""
        starts = self.starts[within.start : within.stop + 1]
        return Ragged(starts - starts[0], self.values[starts[0] : starts[-1]])

    def picked(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (values of these rows one after another, where each row begins among them)."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        firsts = np.cumsum(lengths) - lengths
        return self.values[np.arange(lengths.sum()) + np.repeat(self.starts[rows] - firsts, lengths)], firsts

    def write(self, folder: Path) -> None:
        """Write two files into a folder, which is made."""
        folder.mkdir(exist_ok=True)
        np.save(folder / "starts.npy", self.starts, allow_pickle=False)
        np.save(folder / "values.npy", self.values, allow_pickle=False)

    @classmethod
    def read(cls, folder: Path, *, mapped: bool = False) -> Ragged:
        """Read what `write` wrote; `mapped` leaves the values on disk until they are used."""
        values = np.load(folder / "values.npy", mmap_mode="r" if mapped else None, allow_pickle=False)
        return cls(np.load(folder / "starts.npy", allow_pickle=False), values)
