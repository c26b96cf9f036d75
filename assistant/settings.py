"""Every setting and file name in one place; the environment variables are listed in README.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

PACKAGE = Path(__file__).resolve().parent
DEFAULT_MODEL = PACKAGE / "model"
OWN_CORPUS = PACKAGE.parent / "corpus"
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"clause": 1.0, "sentence": 0.9, "bm25": 0.3, "term": 1.5, "known": 0.25, "taught": 2.5, "asked": 1.5}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are and how retrieval weighs its signals.

    :param weights: how much each signal counts (assistant/signals.py says what they are)
    :param depth: candidates each retriever contributes to the fusion
    :param closely: candidates that are read term by term, the best of the other signals
    :param found: hits of a search at most; `cited` is how many hits are shown as the answer at most
    :param longest_question: in characters; what is longer is refused
    :param records: the SQLite file where the web page keeps questions and judgements; None keeps none
    :param uploads: whether documents can be added and removed on the web page; None: where only this machine reaches it
    :param corpus_named: whether `corpus` was asked for; if not, an index is used with the corpus it was built from
    """

    corpus: Path
    index: Path
    cache: Path
    model: str = str(DEFAULT_MODEL)
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    k1: float = 1.5
    b: float = 0.75
    depth: int = 1000
    closely: int = 100
    found: int = 50
    cited: int = 3
    longest_question: int = 2000
    corpus_named: bool = True
    records: Path | None = None
    uploads: bool | None = None

    @property
    def banks(self) -> tuple[Path, ...]:
        """The folders where question banks are looked for: beside the policies, and those that come with the project."""
        return (self.corpus if self.corpus.is_dir() else self.corpus.parent, OWN_CORPUS)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read ASSISTANT_CORPUS, _INDEX, _CACHE, _MODEL, _RECORDS (a file or `off`) and _UPLOADS (`on` or `off`)."""
        home = PACKAGE.parent if OWN_CORPUS.is_dir() else Path.cwd()
        user_cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        user_data = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        records = environment.get("ASSISTANT_RECORDS") or str(user_data / "policy-assistant" / "records.sqlite3")
        return cls(
            corpus=Path(environment.get("ASSISTANT_CORPUS") or home / "corpus"),
            index=Path(environment.get("ASSISTANT_INDEX") or home / "index"),
            cache=Path(environment.get("ASSISTANT_CACHE") or user_cache / "policy-assistant"),
            model=environment.get("ASSISTANT_MODEL") or str(DEFAULT_MODEL),
            corpus_named=bool(environment.get("ASSISTANT_CORPUS")),
            records=None if records.strip().lower() == "off" else Path(records),
            uploads={"on": True, "off": False}.get(environment.get("ASSISTANT_UPLOADS", "").strip().lower()),
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
    def questions(self) -> Path:
        """The bank questions in use, one JSON string a line."""
        return self.folder / "questions.jsonl"

    @property
    def asked(self) -> Path:
        """int32 [questions, 2]: a clause of the policy, the clause that answers or -1."""
        return self.folder / "asked.npy"

    @property
    def question_vectors(self) -> Path:
        """FAISS index over bank questions."""
        return self.folder / "questions.faiss"

    @property
    def taught_vectors(self) -> Path:
        """FAISS index over clauses that have learned from their bank."""
        return self.folder / "taught.faiss"

    @property
    def bm25(self) -> Path:
        """Folder of bm25s."""
        return self.folder / "bm25"

    @property
    def terms(self) -> Path:
        """Folder of the terms of each clause, for the late interaction."""
        return self.folder / "terms"

    @property
    def counts(self) -> Path:
        """Folder of the terms of each clause and how often it holds them, from which BM25 is made."""
        return self.folder / "counts"
