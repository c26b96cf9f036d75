"""The words of the interface in two languages; the words of policies and questions are never translated."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]
Translate = Callable[..., str]


@cache
def english() -> dict[str, str]:
    """Return Chinese -> English, from english.tsv; `{}` in both stands for a value."""
    lines = resources.files("assistant").joinpath("english.tsv").read_text("utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


def language_of(wanted: str | None) -> Language:
    """Return the language that a page was asked for in; Chinese unless it is English."""
    return "en" if (wanted or "").lower().startswith("en") else "zh"


def translator(language: Language) -> Translate:
    """Return what puts words of the interface into a language; values replace the `{}` in them."""

    def translate(words: str, *values: object) -> str:
        found = english().get(words, words) if language == "en" else words
        for value in values:
            found = found.replace("{}", str(value), 1)
        return found

    return translate
