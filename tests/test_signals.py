from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant import Assistant, Settings
from assistant.errors import ModelError
from assistant.known import FOLDER, load_known
from assistant.ragged import Ragged
from assistant.segment import segment
from assistant.settings import DEFAULT_MODEL
from assistant.signals import Retrievers, Signals, fuse, gather, standardise
from assistant.terms import Terms, numbered


def everything(assistant: Assistant) -> list[range]:
    return [range(len(assistant.index.clauses))]


def test_standardise() -> None:
    assert standardise(np.array([1.0, 3.0])) == pytest.approx([-1, 1])
    assert standardise(np.array([2.0, 2.0])) == pytest.approx([0, 0])


def test_fusion_is_the_weighted_sum_of_standardised_scores() -> None:
    up, down = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    signals = Signals(np.array([0, 1]), {"clause": up, "bm25": down, "term": up}, np.array([0, 1]))
    assert fuse(signals, {"clause": 1.0, "bm25": 0.25, "term": 0.0}) == pytest.approx([-0.75, 0.75])


def test_a_small_index_is_seen_whole_by_every_signal(assistant: Assistant, settings: Settings) -> None:
    signals = gather("怎么注销账户", assistant.retrievers, settings, everything(assistant))
    assert list(signals.candidates) == list(everything(assistant)[0])
    assert set(signals.scores) == set(settings.weights)
    assert all(scores.std() > 0 for scores in signals.scores.values())


def test_an_encoder_without_extras_does_without_their_signals(assistant: Assistant, settings: Settings) -> None:
    plain = Retrievers(assistant.index, assistant.encoder, None, None, assistant.retrievers.locator)
    scores = gather("怎么注销账户", plain, settings, everything(assistant)).scores
    assert not scores["term"].any() and not scores["known"].any() and scores["clause"].any()


def test_late_interaction_is_the_weighted_mean_of_nearest_terms() -> None:
    vectors = np.array([[1.0, 0], [0, 2], [3, 3]], dtype=np.float32)
    vocabulary = {"甲": 0, "乙": 1, "丙": 2}
    rows = [numbered(clause, vocabulary) for clause in (["甲"], ["乙", "丙", "丁"], [])]
    terms = Terms(vocabulary, vectors, Ragged.of(rows))
    half = np.sqrt(0.5)
    scores = terms.scores(["甲", "乙", "甲", "外"], np.array([1, 0]))
    assert scores == pytest.approx([(1 * half + 2 * 1) / 3, (1 * 1 + 2 * 0) / 3])
    assert terms.scores(["外"], np.array([0, 1, 2])) == pytest.approx([0, 0, 0])


def test_known_questions_agree_with_a_plain_computation(assistant: Assistant) -> None:
    known = assistant.retrievers.known
    assert known is not None
    vector = assistant.encoder.encode(["注销之后还能找回来吗"], query=True)[0]
    rows = known.questions.reconstruct_n(0, known.questions.ntotal)
    near = np.argsort(-(rows @ vector))[:20]
    weights = np.exp(20 * (rows[near] @ vector - (rows[near] @ vector).max()))
    here = assistant.index.vectors_of(np.arange(len(assistant.index.clauses)))
    alike = np.exp(20 * (known.clauses[known.owners[near]] / 127 @ here.T))
    expected = (weights[:, None] / weights.sum() * (alike / alike.sum(axis=1, keepdims=True))).sum(axis=0)
    assert np.exp(known.scores(vector, here)) - 0.01 == pytest.approx(expected, abs=0.01)
    assert assistant.index.clauses[int(expected.argmax())].clause.startswith("五、4")


def test_the_bank_speaks_for_its_clause(assistant: Assistant, settings: Settings) -> None:
    question = next(q for q, (_, owner) in zip(assistant.index.questions, assistant.index.asked, strict=True) if owner == 100)
    signals = gather(question, assistant.retrievers, settings, everything(assistant))
    assert int(signals.scores["asked"].argmax()) == 100 and int(signals.scores["taught"].argmax()) == 100
    assert signals.answered == pytest.approx(1, abs=1e-4) and signals.refused < 1
    silent = next(q for q, (_, owner) in zip(assistant.index.questions, assistant.index.asked, strict=True) if owner == -1)
    signals = gather(silent, assistant.retrievers, settings, everything(assistant))
    assert signals.refused == pytest.approx(1, abs=1e-4) and signals.answered < 1


def test_a_policy_without_a_bank_has_no_say_of_it(settings: Settings, root) -> None:
    other = Assistant.build(root / "tests" / "data" / "service.md", settings)
    assert not other.index.questions and other.index.taught_vectors.ntotal == 0
    signals = gather("怎么退款", other.retrievers, settings, everything(other))
    assert not signals.scores["asked"].any() and not signals.scores["taught"].any() and signals.answered == 0


def test_candidates_of_a_shallow_search_get_the_least_of_what_they_lack(assistant: Assistant, settings: Settings) -> None:
    shallow = gather("怎么注销账户", assistant.retrievers, replace(settings, depth=3), everything(assistant), also=[7])
    assert 7 in shallow.candidates and len(shallow.candidates) < len(assistant.index.clauses)
    place = list(shallow.candidates).index(7)
    assert shallow.scores["clause"][place] == shallow.scores["clause"].min()
    assert segment("怎么注销账户")


@pytest.mark.parametrize("name", ["questions.faiss", "owners.npy", "usual.npy"])
def test_damaged_known_questions_are_an_error_that_says_so(tmp_path: Path, name: str) -> None:
    shutil.copytree(Path(DEFAULT_MODEL) / FOLDER, tmp_path / FOLDER)
    (tmp_path / FOLDER / name).write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="已知问题读不了"):
        load_known(str(tmp_path))
    assert load_known(str(tmp_path / "none")) is None
