"""Where the texts of the tests are."""

from __future__ import annotations

from pathlib import Path

from assistant.clause import Source

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
CORPUS = ROOT / "corpus" / "即分期超G会员隐私政策.txt"


def source_of(text: str, filename: str = "t.txt") -> Source:
    """A source made of text, for tests that need no file."""
    return Source("t", "t", "1", "", filename, "", text)
