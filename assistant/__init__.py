"""Chinese policy questions answered with the exact clauses, word for word and cited by number.

The package reads as its pipeline; each stage is a module and can be called alone:

    corpus     file                 -> Source                 read, decode, hash
    parse      Source               -> Policy, [Clause]       blocks, tables, numbering, references
    segment    text                 -> [term]                 jieba words, characters, bigrams
    embed      [text]               -> float32 [n, d]         the shipped encoder or any sentence-transformers model
    index      [Policy]             -> Index                  FAISS and bm25s; store writes and checks the folder
    retrieve   question, Index      -> [Hit]                  weighted score fusion, clause numbers, folding
    answer     question, [Hit]      -> Answer                 verdict, confidence, citations, contacts
    assistant  composes the stages; render, cli and app.py show what comes out
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.clause import Answer, Clause, Hit
from assistant.errors import AssistantError
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.assistant import Assistant

__version__ = "0.4.0"
__all__ = ["Answer", "Assistant", "AssistantError", "Clause", "Hit", "Settings", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the assistant, and with it jieba and FAISS, only when it is asked for."""
    if name == "Assistant":
        from assistant.assistant import Assistant

        return Assistant
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
