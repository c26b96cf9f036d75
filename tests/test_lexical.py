from __future__ import annotations

from pathlib import Path

import bm25s
import numpy as np
import pytest

from assistant import Assistant, Settings
from assistant.lexical import Counts, bm25_of, read_bm25
from assistant.segment import segment

TEXTS = ["注销账户", "注销账户之后, 账户里的余额怎么办", "位置信息", "……", "SDK 收集位置信息和设备信息"]


def test_scores_are_those_of_bm25s(assistant: Assistant, settings: Settings) -> None:
    documents = [segment(clause.text) for clause in assistant.index.clauses] + [segment(text) for text in TEXTS]
    counts = Counts.of(documents)
    vocabulary = {term: number for number, term in enumerate(counts.vocabulary)}
    plain = bm25s.BM25(k1=settings.k1, b=settings.b, method="lucene")
    plain.index(([[vocabulary[term] for term in document] for document in documents], vocabulary), show_progress=False)
    ours = bm25_of(counts, settings)
    assert ours.vocab_dict == plain.vocab_dict
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(ours.scores[name], plain.scores[name]) and ours.scores[name].dtype == plain.scores[name].dtype


def test_counts_put_together_in_any_vocabulary_are_those_of_all_texts(settings: Settings, tmp_path: Path) -> None:
    documents = [segment(text) for text in TEXTS]
    whole = Counts.of(documents)
    turned = Counts.of(documents[::-1])
    pieces = [turned.cut(range(4, 5)), Counts.of(documents[1:3]), turned.cut(range(1, 2)), turned.cut(range(0, 1))]
    joined = Counts.joined(pieces)
    assert joined.vocabulary == whole.vocabulary and joined.times.tolist() == whole.times.tolist()
    assert joined.terms.values.tolist() == whole.terms.values.tolist()
    assert joined.terms.starts.tolist() == whole.terms.starts.tolist()
    joined.write(tmp_path / "counts")
    index = bm25_of(joined, settings)
    index.save(str(tmp_path / "bm25"), show_progress=False)
    again = read_bm25(tmp_path / "bm25")
    read = Counts.read(tmp_path / "counts", list(again.vocab_dict))
    assert Counts.joined([read.cut(range(5))]).vocabulary == whole.vocabulary
    assert again.get_scores(["位置"]) == pytest.approx(index.get_scores(["位置"])) and again.get_scores(["位置"])[2] > 0
