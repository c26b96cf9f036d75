"""The words that questions are made of, by spelling, by sound and by shape; read once, extended with a policy's own words.

The four tables beside this module are written by training/lexicon.py (lexicon, pairs, shapes) or by hand (glossary).
Sounds are toneless pinyin in which the pairs that many speakers do not tell apart are one: zh z, ch c, sh s, n l, ng n.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.segment import HAN_ONLY, frequency

UNSEEN = 16.0  # cost of a character that no table has
LEARNED = 3.0  # count of a word that only the policy has
LATIN_ONLY = re.compile(r"[a-z]+")
SHORTEST_LATIN = 3
_JIEBA_SHARE = 0.1
_FUZZY = (
    (re.compile("^(zh|ch|sh)"), lambda m: m[0][0]),
    (re.compile("^n(?=.)"), lambda m: "l"),
    (re.compile("ng$"), lambda m: "n"),
)


@cache
def fuzzy(syllable: str) -> str:
    """Return the class of syllables that are easily taken for one another: sheng -> sen."""
    for pattern, replacement in _FUZZY:
        syllable = pattern.sub(replacement, syllable)
    return syllable


@dataclass(slots=True)
class Lexicon:
    """Words with their cost (negative log probability) and the ways to reach them.

    :param sounds: fuzzy syllables -> (word, its exact syllables); `openings` are all beginnings of its keys
    :param gaps: a word with one character replaced by _ -> words; :param alike: character -> characters that look like it
    :param latin: lower-case Latin words of policies, which stay as they are
    :param pairs: neighbouring characters that have been seen; :param english: lower-case words and phrases -> Chinese
    """

    counts: dict[str, float]
    alike: dict[str, str]
    pairs: set[str]
    english: dict[str, str]
    latin: set[str] = field(default_factory=set)
    syllables: set[str] = field(default_factory=set)
    sounds: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    openings: set[tuple[str, ...]] = field(default_factory=set)
    gaps: dict[str, list[str]] = field(default_factory=dict)
    total: float = 0.0
    pending: list[str] = field(default_factory=list)

    def add(self, word: str, count: float, syllables: tuple[str, ...]) -> None:
        """Enter one word; its first entry decides its sound."""
        self.counts[word] = count
        self.total += count
        key = tuple(fuzzy(s) for s in syllables)
        self.sounds.setdefault(key, []).append((word, syllables))
        self.openings.update(key[:n] for n in range(1, len(key) + 1))
        self.syllables.update(syllables)
        for n in range(len(word) if 1 < len(word) <= 4 else 0):
            self.gaps.setdefault(f"{word[:n]}_{word[n + 1 :]}", []).append(word)

    def cost(self, word: str) -> float:
        """Return the cost of a word, or math.inf if it is none; a single character always has one."""
        share = (1 - _JIEBA_SHARE) * self.counts.get(word, 0.0) / self.total + _JIEBA_SHARE * frequency(word)
        if share:
            return -math.log(share)
        return UNSEEN if len(word) == 1 else math.inf

    def familiar(self, text: str) -> bool:
        """Whether all neighbouring characters have been seen side by side, or are a word."""
        return all(text[n : n + 2] in self.pairs or frequency(text[n : n + 2]) for n in range(len(text) - 1))

    def nearest_latin(self, run: str) -> str | None:
        """Return the Latin word that a misspelt one was meant to be: one letter off, or two letters swapped."""
        typed = run.lower()
        if len(typed) < SHORTEST_LATIN or typed in self.latin or typed in self.english:
            return None
        near = process.extract(typed, self.latin, scorer=OSA.distance, score_cutoff=1)
        # in a word of three letters only a swap is a slip: wps is not gps
        return next((word for word, _, _ in near if len(typed) > SHORTEST_LATIN or sorted(word) == sorted(typed)), None)

    def learn(self, words: Iterable[str]) -> None:
        """Enter the words of a policy that the lexicon lacks; their sounds are looked up when they are first needed."""
        for word in words:
            if LATIN_ONLY.fullmatch(word):
                self.latin.add(word)
            elif 1 < len(word) <= 6 and HAN_ONLY.fullmatch(word):
                self.pairs.update(word[n : n + 2] for n in range(len(word) - 1))
                if word not in self.counts:
                    self.pending.append(word)

    def settle(self) -> None:
        """Look up the sounds of the words learned since; pypinyin takes half a second to start, most questions need none."""
        pending, self.pending = self.pending, []  # taken at once: another thread may be asking as well
        for word in pending:
            if word not in self.counts:
                self.add(word, LEARNED, _syllables(word))


def _syllables(word: str) -> tuple[str, ...]:
    """Return the syllables of a word; pypinyin looks up every stretch of it, which two characters that are no word lack."""
    from pypinyin import lazy_pinyin
    from pypinyin.phrases_dict import phrases_dict

    if len(word) == 2 and word not in phrases_dict:
        return sound_of(word[0]), sound_of(word[1])
    return tuple(lazy_pinyin(word))


@cache
def sound_of(character: str) -> str:
    """Return the most usual toneless syllable of a character."""
    return sounds_of(character)[0]


def sounds_of(text: str) -> list[str]:
    """Return the toneless syllable of every Han character of a text, "" for any other character."""
    from pypinyin import lazy_pinyin

    return [s if HAN_ONLY.fullmatch(c) else "" for c, s in zip(text, _per_character(text, lazy_pinyin), strict=True)]


def _per_character(text: str, lazy_pinyin: Callable[[str], list[str]]) -> Iterator[str]:
    """Yield one syllable per character, the polyphonic ones by their neighbours."""
    at = 0
    for run in HAN_ONLY.finditer(text):
        yield from "\0" * (run.start() - at)
        yield from lazy_pinyin(run.group())
        at = run.end()
    yield from "\0" * (len(text) - at)


@cache
def _tables() -> tuple[list[list[str]], dict[str, str], set[str], dict[str, str]]:
    """Read the four files once."""

    def lines(name: str) -> list[list[str]]:
        text = (resources.files("assistant") / name).read_text("utf-8")
        return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]

    pairs = {first + second for first, seconds in lines("pairs.tsv") for second in seconds}
    return lines("lexicon.tsv"), dict(lines("shapes.tsv")), pairs, dict(lines("glossary.tsv"))


def load_lexicon() -> Lexicon:
    """Return a fresh lexicon of the shipped words."""
    words, alike, pairs, english = _tables()
    lexicon = Lexicon({}, alike, set(pairs), english)
    for word, count, pinyin in words:
        if pinyin:
            lexicon.add(word, float(count), tuple(pinyin.split(" ")))
        else:
            lexicon.latin.add(word)
    return lexicon
