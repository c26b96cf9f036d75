"""Stage 2, text -> [term]: jieba words in search mode together with character uni- and bigrams.

Corpus and question go through the same function, so a term either matches on both sides or on neither.

>>> segment("注销账户")
['注销', '账户', '注销账户', '注', '销', '账', '户', '销账']
"""

from __future__ import annotations

import logging
import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from assistant import script

if TYPE_CHECKING:
    import jieba

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN_RUN = re.compile(f"[{HAN}]+")
_LATIN_RUN = re.compile(r"[^\W_]+(?:[._\-/+][^\W_]+)*", re.ASCII)
_LATIN_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_HAS_HAN = re.compile(f"[{HAN}]")
HAN_ONLY = re.compile(f"[{HAN}]+")


def fold(text: str) -> str:
    """Fold width, compatibility forms, case and Traditional characters; for searching only, never for quoting."""
    return script.characters(unicodedata.normalize("NFKC", text).casefold())


@cache
def _tokenizer() -> jieba.Tokenizer:
    """Jieba with the project's dictionary; costs about a second, hence once and not at import."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    for line in (resources.files("assistant") / "userdict.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            tokenizer.add_word(fold(line))
    return tokenizer


def plain_words(text: str) -> list[str]:
    """Return jieba's words without overlap, which together are the folded text."""
    return list(_tokenizer().cut(fold(text), HMM=False))


def frequency(word: str) -> float:
    """Return the share of a word in the text that jieba's dictionary was counted on; 0 if it is not in it."""
    tokenizer = _tokenizer()
    return float((tokenizer.FREQ.get(word) or 0) / tokenizer.total)


def words(text: str) -> list[str]:
    """Return jieba's search-mode words of two characters or more, in reading order; Latin words are `identifiers`."""
    return [w for w in _tokenizer().cut_for_search(fold(text), HMM=False) if len(w) > 1 and _HAS_HAN.search(w)]


def ngrams(text: str) -> list[str]:
    """Return the characters and character bigrams of every run of Han characters."""
    grams: list[str] = []
    for run in _HAN_RUN.findall(fold(text)):
        grams += run
        grams += (run[i : i + 2] for i in range(len(run) - 1))
    return grams


def identifiers(text: str) -> list[str]:
    """Return Latin and numeric tokens with their parts: ACCESS_FINE_LOCATION also gives access, fine, location."""
    found: list[str] = []
    for run in _LATIN_RUN.findall(unicodedata.normalize("NFKC", text).replace("_", "-")):
        parts = [part.casefold() for part in _LATIN_PART.findall(run)]
        whole = run.casefold()
        found += parts if whole in parts else [whole, *parts]
    return found


@lru_cache(maxsize=4096)
def _terms(text: str) -> tuple[str, ...]:
    vocabulary = words(text)
    known = set(vocabulary)
    grams = [gram for gram in ngrams(text) if gram not in known]
    latin = [term for term in identifiers(text) if term not in known]
    return tuple(vocabulary + grams + latin)


def segment(text: str) -> list[str]:
    """Return the search terms of `text`: words, then the grams and identifier parts that are not already words."""
    return list(_terms(text))
