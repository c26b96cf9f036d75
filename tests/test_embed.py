from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from assistant import AssistantError
from assistant.embed import CONFIG, StaticEncoder, TransformerEncoder, fingerprint, load_encoder
from assistant.segment import segment
from assistant.settings import DEFAULT_MODEL

TEXTS = ["怎么注销账户", "为什么要收集我的位置 ACCESS_FINE_LOCATION", "您可以直接申请注销账户。"]


def character_model(folder: Path) -> str:
    """A tiny real sentence-transformers model over characters, as a user might bring one."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Regex, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split

    characters = sorted(set("怎么注销账户为什要收集我的位置您可以直接申请。隐私政策预热"))
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0} | {c: i for i, c in enumerate(characters, 1)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Split(Regex("."), "isolated")
    weights = np.random.default_rng(5).normal(size=(len(characters) + 1, 256)).astype(np.float32)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(folder))
    return str(folder)


def test_rows_are_unit_vectors_and_unknown_text_is_zero() -> None:
    vectors = load_encoder(str(DEFAULT_MODEL)).encode([*TEXTS, "", "😀"])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 0, 0], abs=1e-5)


def test_sentence_transformers_computes_the_same_from_the_same_folder() -> None:
    from sentence_transformers import SentenceTransformer

    known = StaticEncoder.load(DEFAULT_MODEL)
    segmented = [" ".join(t for t in segment(text) if t in known.vocabulary) for text in TEXTS]
    theirs = SentenceTransformer(str(DEFAULT_MODEL), device="cpu").encode(
        segmented, normalize_embeddings=True, convert_to_numpy=True
    )
    assert np.asarray(theirs, dtype=np.float32) == pytest.approx(known.encode(TEXTS), abs=2e-3)


def test_any_sentence_transformers_folder_can_be_chosen(tmp_path: Path) -> None:
    encoder = load_encoder(character_model(tmp_path / "model"))
    assert isinstance(encoder, TransformerEncoder)
    vectors = encoder.encode(TEXTS, query=True)
    assert vectors.shape == (3, 256)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1]
    assert fingerprint(str(tmp_path / "model")) != fingerprint(str(DEFAULT_MODEL))


def test_a_model_that_cannot_be_loaded_says_what_to_set() -> None:
    with pytest.raises(AssistantError, match=r"无法加载模型「nobody/nothing」.*ASSISTANT_MODEL"):
        load_encoder("nobody/nothing")


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(json.dumps({"assistant_input": "segmented"}))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(AssistantError, match="模型文件读不了"):
        load_encoder(str(tmp_path))
