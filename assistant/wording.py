"""The words of the interface in two languages; the words of policies and questions are never translated."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
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


@cache
def _composed() -> list[tuple[re.Pattern[str], str]]:
    """Return what recognises messages that have their values in them already, such as those of errors."""
    with_values = ((words, said) for words, said in english().items() if "{}" in words[2:])
    return [(re.compile("(.*)".join(map(re.escape, words.split("{}"))), re.DOTALL), said) for words, said in with_values]


def language_of(wanted: str | None) -> Language:
    """Return the language that a page was asked for in; Chinese unless it is English."""
    return "en" if (wanted or "").lower().startswith("en") else "zh"


def translator(language: Language) -> Translate:
    """Return what puts words of the interface into a language; values replace the `{}` in them."""

    def translate(words: str, *values: object) -> str:
        if language == "zh":
            return _filled(words, values)
        if words in english():
            return _filled(english()[words], values)
        matched = ((pattern.fullmatch(words), said) for pattern, said in _composed())
        return next((_filled(said, found.groups()) for found, said in matched if found), words)

    return translate


def _filled(words: str, values: Sequence[object]) -> str:
    """Put values into the places kept for them."""
    head, *tails = words.split("{}")
    filled = zip(values, tails, strict=False)
    return head + "".join(f"{value}{tail}" for value, tail in filled) if values else words
