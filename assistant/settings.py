"""Every setting and file name in one place; the environment variables are listed in README.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
DEFAULT_MODEL = PACKAGE / "model"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how retrieval weighs its signals.

    :param clause_weight: weight of the whole clause's cosine; `sentence_weight` of its best sentence's, `bm25_weight` of BM25
    :param depth: candidates each retriever contributes to the fusion
    :param found: hits of a search at most; `cited` is how many hits are shown as the answer at most
    :param longest_question: in characters; what is longer is refused
    :param corpus_named: whether `corpus` was asked for; if not, an index is used with the corpus it was built from
    """

    corpus: Path
    index: Path
    cache: Path
    model: str = str(DEFAULT_MODEL)
    clause_weight: float = 1.0
    sentence_weight: float = 0.8
    bm25_weight: float = 0.5
    k1: float = 1.5
    b: float = 0.75
    depth: int = 1000
    found: int = 50
    cited: int = 3
    longest_question: int = 2000
    corpus_named: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read ASSISTANT_CORPUS, ASSISTANT_INDEX, ASSISTANT_CACHE and ASSISTANT_MODEL; each has a default."""
        home = PACKAGE.parent if (PACKAGE.parent / "corpus").is_dir() else Path.cwd()
        user_cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(
            corpus=Path(environment.get("ASSISTANT_CORPUS") or home / "corpus"),
            index=Path(environment.get("ASSISTANT_INDEX") or home / "index"),
            cache=Path(environment.get("ASSISTANT_CACHE") or user_cache / "policy-assistant"),
            model=environment.get("ASSISTANT_MODEL") or str(DEFAULT_MODEL),
            corpus_named=bool(environment.get("ASSISTANT_CORPUS")),
        )


@dataclass(frozen=True, slots=True)
class IndexFiles:
    """The files of an index folder."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """Format, encoder, sources, and the hash of every other file."""
        return self.folder / "manifest.json"

    @property
    def policies(self) -> Path:
        """Sources with their text, headings, clauses; one policy a line."""
        return self.folder / "policies.jsonl"

    @property
    def sentences(self) -> Path:
        """int32 [sentences, 3]: clause, start, end."""
        return self.folder / "sentences.npy"

    @property
    def clause_vectors(self) -> Path:
        """FAISS index over whole clauses."""
        return self.folder / "clauses.faiss"

    @property
    def sentence_vectors(self) -> Path:
        """FAISS index over single sentences."""
        return self.folder / "sentences.faiss"

    @property
    def bm25(self) -> Path:
        """Folder of bm25s."""
        return self.folder / "bm25"
