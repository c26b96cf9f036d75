"""Stage 1, question as typed -> question in simplified Chinese words: 為什麼, zhuxiao, 住销, 末成年, cookei, my account.

A noisy channel (Shannon 1948; Kernighan, Church, Gale 1990) decoded by a beam over the places of the text: every stretch
is either kept, at the cost of its words, or read as words of the lexicon that sound or look like it, at their cost and a
penalty for every character that differs. A stretch of characters that have been seen side by side is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from assistant.lexicon import Lexicon, fuzzy, sound_of, sounds_of
from assistant.script import mainland
from assistant.segment import HAN_ONLY

SAME_SOUND, NEAR_SOUND, SLURRED, LOOKALIKE = 8.0, 9.0, 1.5, 10.0
STRANGERS = 2.0  # two words whose border characters were never seen side by side
KEPT_LATIN, TRANSLATED, BEAM, LONGEST_WORD = 6.0, 4.0, 8, 6
_MARKS = re.compile(r"([,，.。!！?？;；:：、\n\"“”()（）]+(?![A-Za-z0-9]))")
_LATIN = re.compile(r"[A-Z]{2,}(?=[a-z]{4})|[A-Za-z][A-Za-z0-9]*(?:[._\-/+&'][A-Za-z0-9]+)*")
_PINYIN = re.compile(r"[a-zü']+")
_GAP = re.compile(r"(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Edge:
    """A way to read the text from where it starts up to `end`."""

    end: int
    words: str
    cost: float


@dataclass(frozen=True, slots=True)
class Path:
    """A reading of the text so far."""

    cost: float
    words: str


def mend(text: str, lexicon: Lexicon) -> str:
    """Return the most likely intended words of a question; a text without slips comes back as it is."""
    return "".join(_mended(piece, lexicon) for piece in _MARKS.split(mainland(text)))


def _mended(text: str, lexicon: Lexicon) -> str:
    """Mend a stretch without marks."""
    runs = {m.start(): m.end() for m in _LATIN.finditer(text)}
    if not runs and all(map(lexicon.familiar, HAN_ONLY.findall(text))):
        return text
    lattice = _Lattice(text, lexicon, runs)
    beams: list[list[Path]] = [[] for _ in range(len(text) + 1)]
    beams[0] = [Path(0.0, "")]
    for at in range(len(text)):
        paths = sorted(beams[at], key=lambda p: p.cost)[:BEAM]
        for edge in lattice.edges(at) if paths else ():
            for path in paths:
                strange = path.words[-1:] + edge.words[:1] not in lexicon.pairs
                cost = path.cost + edge.cost + STRANGERS * (strange and bool(path.words) and edge.cost > 0)
                beams[edge.end].append(Path(cost, path.words + edge.words))
    best = min(beams[-1], key=lambda p: p.cost).words
    return _GAP.sub("", best) if lattice.pinyin else best


class _Lattice:
    """The ways to read one text."""

    def __init__(self, text: str, lexicon: Lexicon, runs: dict[int, int]) -> None:
        self.text, self.lexicon, self.runs = text, lexicon, runs
        lexicon.settle()
        self.sounds = sounds_of(text)
        self.han = any(self.sounds)
        self.pinyin = self._pinyin_places()

    def edges(self, at: int) -> Iterator[Edge]:
        """Yield the readings that start at a place."""
        character = self.text[at]
        if HAN_ONLY.match(character):
            yield from self._kept(at)
            yield from self._lookalikes(at)
            yield from self._heard(at)
        elif at in self.runs:
            yield from self._latin(at, self.runs[at])
        if at in self.pinyin:
            yield from self._heard(at)
        if not HAN_ONLY.match(character) and at not in self.runs:
            yield Edge(at + 1, character, 0.0 if at not in self.pinyin else 30.0)

    def _kept(self, at: int) -> Iterator[Edge]:
        """Yield the words that stand there as they are."""
        for end in range(at + 1, min(len(self.text), at + LONGEST_WORD) + 1):
            if not HAN_ONLY.match(self.text[end - 1]):
                return
            cost = self.lexicon.cost(self.text[at:end])
            if cost < float("inf"):
                yield Edge(end, self.text[at:end], cost)

    def _lookalikes(self, at: int) -> Iterator[Edge]:
        """Yield words that differ from what stands there in one character of similar shape or sound."""
        for size in (2, 3, 4):
            seen = self.text[at : at + size]
            if len(seen) < size or not HAN_ONLY.fullmatch(seen) or self.lexicon.familiar(seen):
                continue
            for n, wrong in enumerate(seen):
                for word in self.lexicon.gaps.get(f"{seen[:n]}_{seen[n + 1 :]}", ()):
                    right = word[n]
                    if right in self.lexicon.alike.get(wrong, "") or wrong in self.lexicon.alike.get(right, ""):
                        yield Edge(at + size, word, self.lexicon.cost(word) + LOOKALIKE)
                    elif OSA.distance(sound_of(right), self.sounds[at + n]) <= 1:
                        yield Edge(at + size, word, self.lexicon.cost(word) + NEAR_SOUND)

    def _heard(self, at: int) -> Iterator[Edge]:
        """Yield words of the lexicon that sound like what stands there, characters and pinyin mixed."""
        stack: list[tuple[int, tuple[str, ...], tuple[str, ...]]] = [(at, (), ())]
        while stack:
            place, key, units = stack.pop()
            if key:
                yield from self._spelt(at, place, key, units)
            for unit, sound, after in self._units(place):
                longer = (*key, fuzzy(sound))
                if longer in self.lexicon.openings:
                    stack.append((after, longer, (*units, unit)))

    def _spelt(self, at: int, end: int, key: tuple[str, ...], units: tuple[str, ...]) -> Iterator[Edge]:
        """Yield the words of one sound, with a penalty for what is written otherwise."""
        seen = self.text[at:end]
        han = all(HAN_ONLY.match(u) for u in units)
        if han and (len(units) == 1 or self.lexicon.familiar(seen)):
            return
        for word, syllables in self.lexicon.sounds.get(key, ()):
            cost = self.lexicon.cost(word)
            for unit, character, syllable in zip(units, word, syllables, strict=True):
                if HAN_ONLY.match(unit):
                    cost += 0 if unit == character else SAME_SOUND
                elif unit != syllable:
                    cost += SLURRED
            if word != seen:
                yield Edge(end, word, cost)

    def _units(self, at: int) -> Iterator[tuple[str, str, int]]:
        """Yield (unit, its syllable, place after it): one Han character, or one pinyin syllable with the space behind it."""
        if at < len(self.text) and self.sounds[at]:
            yield self.text[at], self.sounds[at], at + 1
        for end in self.pinyin.get(at, ()):
            after = end
            while after < len(self.text) and self.text[after] in " '" and (after + 1 in self.pinyin or self.text[after] == "'"):
                after += 1
            yield self.text[at:end].lower(), self.text[at:end].lower(), after

    def _latin(self, start: int, end: int) -> Iterator[Edge]:
        """Yield a Latin run as it is, mended or translated."""
        text, english = self.text, self.lexicon.english
        run = text[start:end]
        yield Edge(end, run, KEPT_LATIN + (2 * len(run) if start in self.pinyin else 0))
        if self.han and start not in self.pinyin and (near := self.lexicon.nearest_latin(run)):
            yield Edge(end, near, TRANSLATED)
        words = list(_LATIN.finditer(text, start))[:4]
        for n in range(len(words), 0, -1):
            phrase = text[start : words[n - 1].end()]
            if phrase.lower() in english and text[words[n - 1].end() : words[n - 1].end() + 1] not in ("+", "_"):
                dropped = text[words[n - 1].end() : words[n - 1].end() + 1] == " " and not english[phrase.lower()]
                yield Edge(words[n - 1].end() + dropped, english[phrase.lower()], TRANSLATED)
                return

    def _pinyin_places(self) -> dict[int, tuple[int, ...]]:
        """Return the places where a syllable can start, with where it can end, inside runs that are all pinyin."""
        found: dict[int, tuple[int, ...]] = {}
        plain = {
            start: end
            for start, end in self.runs.items()
            if _PINYIN.fullmatch(self.text[start:end].lower()) and not self.text[start + 1 : end].isupper()
        }
        parsed = {start: ways for start, end in plain.items() if (ways := self._syllables(start, end))}
        english = {s for s, e in self.runs.items() if self.text[s:e].lower() in self.lexicon.english}
        only_pinyin = sum(s not in english for s in parsed)
        only_english = sum(s not in parsed for s in english)
        for start, ways in parsed.items():
            if start not in english or only_pinyin > only_english:
                found.update(ways)
        return found

    def _syllables(self, start: int, end: int) -> dict[int, tuple[int, ...]]:
        """Return the syllables that together make up a run, {} if none do."""
        text, ways = self.text.lower(), {}
        reachable = {end}
        for at in range(end - 1, start - 1, -1):
            if text[at] == "'" and at + 1 in reachable:
                reachable.add(at)
            ends = tuple(
                e for e in range(at + 1, min(end, at + 6) + 1) if e in reachable and text[at:e] in self.lexicon.syllables
            )
            if ends:
                ways[at] = ends
                reachable.add(at)
        return ways if start in ways else {}
