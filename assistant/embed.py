"""Stage 3, [text] -> float32 [n, d]: the default encoder without torch, or any sentence-transformers model.

The default model is a sentence-transformers StaticEmbedding folder over segmented text (MODEL_CARD.md). Its forward pass
is a mean of vectors, so it is done here in numpy, which starts in milliseconds instead of the seconds torch takes;
tests/test_embed.py checks that sentence-transformers computes the same numbers from the same folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from assistant.errors import ModelError
from assistant.segment import segment

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CONFIG = "config_sentence_transformers.json"
TERMS = "terms.npy"
BATCH = 64


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> np.ndarray:
        """Return float32 [len(texts), dimensions], each row of length 1 (or 0 for a text without known words)."""
        ...


class StaticEncoder:
    """Mean of term vectors, read from a StaticEmbedding folder."""

    def __init__(self, vocabulary: dict[str, int], vectors: np.ndarray, terms: np.ndarray | None = None) -> None:
        """Keep the tables; `terms` are the vectors of the late interaction, if the model has been trained for it."""
        for table in (vectors, terms):
            if table is not None and len(vocabulary) != len(table):
                raise ModelError(f"模型损坏: 词表有 {len(vocabulary)} 项, 向量有 {len(table)} 行。请重新获取模型文件。")
        self.vocabulary, self.vectors, self.terms = vocabulary, vectors, terms

    @classmethod
    def load(cls, folder: Path) -> StaticEncoder:
        """Read the vocabulary and the vectors of a folder."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
            vectors = load_file(folder / "model.safetensors")["embedding.weight"]
            terms = np.load(folder / TERMS, allow_pickle=False) if (folder / TERMS).is_file() else None
            return cls(tokenizer["model"]["vocab"], vectors, terms)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"模型文件读不了: {folder} ({error})。请重新获取模型文件, 或用 ASSISTANT_MODEL 换一个。") from error

    def encode(self, texts: Sequence[str], *, query: bool = False) -> np.ndarray:
        """Embed texts; words outside the vocabulary do not count."""
        out = np.zeros((len(texts), self.vectors.shape[1]), dtype=np.float32)
        for row, text in enumerate(texts):
            if ids := [self.vocabulary[term] for term in segment(text) if term in self.vocabulary]:
                out[row] = self.vectors[ids].astype(np.float32).sum(axis=0)
        return _unit(out)


class TransformerEncoder:
    """Any other sentence-transformers model, with the prompts it declares for queries and documents."""

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model

    @classmethod
    def load(cls, name: str) -> TransformerEncoder:
        """Load a model by folder, or by name from the local cache of sentence-transformers."""
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        try:
            from sentence_transformers import SentenceTransformer

            return cls(SentenceTransformer(name, device="cpu", local_files_only=True))  # no download at run time
        except Exception as error:  # the library raises a dozen unrelated types for a missing or broken model
            raise ModelError(
                f"无法加载模型「{name}」: 不是可用的 sentence-transformers 模型文件夹, 本机也没有缓存 ({type(error).__name__})。"
                "请把 ASSISTANT_MODEL 设为本机上的模型文件夹, 或去掉这个设置以使用自带模型。"
            ) from error

    def encode(self, texts: Sequence[str], *, query: bool = False) -> np.ndarray:
        """Embed texts with the model's own query or document prompt."""
        encode = self.model.encode_query if query else self.model.encode_document
        vectors = encode(list(texts), batch_size=BATCH, convert_to_numpy=True, show_progress_bar=False)
        return _unit(np.asarray(vectors, dtype=np.float32))


def load_encoder(model: str) -> Encoder:
    """Load a model by folder or name.

    :raises ModelError: if it is not there or cannot be read
    """
    folder = Path(model)
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        segmented = config.get("assistant_input") == "segmented"
    except (OSError, ValueError, AttributeError):
        segmented = False
    return StaticEncoder.load(folder) if segmented else TransformerEncoder.load(model)


def fingerprint(model: str) -> str:
    """Return what identifies a model: a hash of its weights for a folder, else its name."""
    weights = sorted(
        p for p in Path(model).rglob("*") if p.suffix in (".safetensors", ".bin", ".json") and p.name != "calibration.json"
    )
    if not weights:
        return f"name:{model}"
    digest = hashlib.sha256()
    for file in weights:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:16]}"


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale rows to length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
