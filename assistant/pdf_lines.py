"""The words of a PDF page -> lines in reading order, and lines -> paragraphs.

A page of two columns has a gutter that hardly any line crosses; what crosses it cuts the page into bands that are read one
after the other. A paragraph ends where its last line leaves more room than the next word needs, where the next line is
indented or stands further below, and before a number.
"""

from __future__ import annotations

import itertools
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import numbering
from assistant.blocks import SENTENCE_END
from assistant.manuscript import join_words

_RADICALS = {code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0x2F00, 0x2FD6), *range(0xF900, 0xFA6E))}
_RADICALS |= {0x2F3E: "户", 0x2E9F: "母", 0x2EA0: "民", 0x2EC1: "虎", 0x2EC4: "西", 0x2EC5: "见", 0x2EC6: "角", 0x2EC9: "贝"}
_RADICALS |= {0x2ECB: "车", 0x2ED3: "长", 0x2ED4: "门", 0x2ED8: "青", 0x2ED9: "韦", 0x2EDA: "页", 0x2EDB: "风", 0x2EDC: "飞"}
_RADICALS |= {0x2EDD: "食", 0x2EE2: "马", 0x2EE3: "骨", 0x2EE4: "鬼", 0x2EE5: "鱼", 0x2EE6: "鸟", 0x2EE7: "卤", 0x2EE8: "麦"}
_RADICALS |= {0x2EE9: "黄", 0x2EEA: "黾", 0x2EEC: "齐", 0x2EEE: "齿", 0x2EF0: "龙", 0x2EF3: "龟"}
_STEP = 60.0  # points between the left edges of two columns
_WIDE_GAP, _NARROW_GAP = 0.2, 0.15  # between words, in sizes of letters: beside Chinese, and between words of letters
_LEAST_LINES = 5  # on either side of a gutter
_LONE_SPACE = re.compile(r"(?<=[\u2e80-\uffef]) (?=[\u2e80-\uffef])")
_BULLET = re.compile(r"[•●■▪◆○–-]\s")


@dataclass(frozen=True, slots=True)
class _Word:
    """A run of letters without a gap; `spaced` if a blank stands before it, `parted` if one stands behind it."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    spaced: bool
    parted: bool


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of a page in points from its top left; `left` and `right` bound the column that it stands in, one of `columns`."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    page: int
    left: float = 0.0
    right: float = 0.0
    columns: int = 1

    @property
    def is_full(self) -> bool:
        """Whether the line leaves no room for two more characters."""
        return self.right - self.x1 < 2 * self.size


def read_words(page: Any) -> list[_Word]:
    """Return the words of a page of pdfplumber, the blanks at their ends taken off.

    Browsers write 示 and the radical ⽰, which share a glyph, as the same code, the radical's; here it is the character again.
    """
    words = []
    options = {"x_tolerance_ratio": _NARROW_GAP, "y_tolerance": 2, "keep_blank_chars": True, "return_chars": True}
    found = page.extract_words(extra_attrs=["size"], **options)
    for word in found:
        letters = [c for c in word["chars"] if not c["text"].isspace()]
        if letters:
            spaced, parted = letters[0] is not word["chars"][0], letters[-1] is not word["chars"][-1]
            edges = letters[0]["x0"], letters[-1]["x1"], word["top"], word["bottom"], word["size"]
            words.append(_Word(word["text"].strip().translate(_RADICALS), *edges, spaced, parted))
    return words


def read_lines(words: Sequence[_Word], page: int, width: float) -> list[PageLine]:
    """Return the lines of a page in reading order."""
    segments = sorted(_segments(words, page), key=lambda s: (s.top, s.x0))
    gutter = _gutter(segments, width)
    if gutter is None:
        return _bounded(_rows(segments))
    lines: list[PageLine] = []
    band: list[PageLine] = []
    for segment in [*segments, None]:
        crosses = segment is None or segment.x0 < gutter < segment.x1
        if not crosses and segment is not None:
            band.append(segment)
            continue
        lines += _bounded(_rows([s for s in band if s.x1 <= gutter]), 2)
        lines += _bounded(_rows([s for s in band if s.x0 >= gutter]), 2)
        lines += [replace(segment, left=min(s.x0 for s in segments), right=max(s.x1 for s in segments))] if segment else []
        band = []
    return lines


def _segments(words: Sequence[_Word], page: int) -> Iterator[PageLine]:
    """Join the words of a line that stand close together."""
    rows: list[list[_Word]] = []
    for word in sorted(words, key=lambda w: (w.bottom, w.x0)):
        last = rows[-1][-1] if rows else None
        if last is not None and abs(word.bottom - last.bottom) < 0.35 * max(word.size, last.size):
            rows[-1].append(word)
        else:
            rows.append([word])
    for row in rows:
        row.sort(key=lambda w: w.x0)
        start = 0
        for at in range(1, len(row) + 1):
            if at == len(row) or row[at].x0 - row[at - 1].x1 > 1.2 * row[at].size:
                yield _segment(row[start:at], page)
                start = at


def _segment(words: Sequence[_Word], page: int) -> PageLine:
    """Write words on one line, with a space where one stands or is seen; some writers put one after every character."""
    text = words[0].text
    for before, word in itertools.pairwise(words):
        gap = (word.x0 - before.x1) / word.size
        if before.parted or word.spaced or gap > _WIDE_GAP:
            text = f"{text} {word.text}"
        else:
            text = join_words(text, word.text) if gap > _NARROW_GAP else text + word.text
    if 5 * len(_LONE_SPACE.findall(text)) > len(text):
        text = _LONE_SPACE.sub("", text)
    size = statistics.median([w.size for w in words for _ in w.text])
    return PageLine(text, words[0].x0, words[-1].x1, min(w.top for w in words), max(w.bottom for w in words), size, page)


def _gutter(segments: Sequence[PageLine], width: float) -> float | None:
    """Return where the gutter between two columns is, if there is one."""
    best: tuple[int, float] | None = None
    for x in range(int(0.35 * width), int(0.65 * width), 2):
        left = [s.x1 - s.x0 for s in segments if s.x1 <= x]
        right = [s.x1 - s.x0 for s in segments if s.x0 >= x]
        crossing = len(segments) - len(left) - len(right)
        if min(len(left), len(right)) < _LEAST_LINES or crossing > 0.15 * len(segments):
            continue
        if min(statistics.median(left), statistics.median(right)) < 0.2 * width:
            continue
        if best is None or crossing < best[0]:
            best = (crossing, float(x))
    return best[1] if best else None


def _rows(segments: Sequence[PageLine]) -> list[PageLine]:
    """Join segments that stand side by side in one column, such as a name and a date far to its right."""
    rows: list[PageLine] = []
    for segment in segments:
        if rows and abs(segment.bottom - rows[-1].bottom) < 0.35 * segment.size:
            last = rows[-1]
            rows[-1] = replace(last, text=f"{last.text} {segment.text}", x1=segment.x1, bottom=max(last.bottom, segment.bottom))
        else:
            rows.append(segment)
    return rows


def _bounded(lines: Sequence[PageLine], columns: int = 1) -> list[PageLine]:
    """Tell every line the edges of its column; a single line further left, such as a running head, is no edge."""
    if not lines:
        return []
    starts = Counter(round(line.x0) for line in lines)
    shared = [x for x, times in starts.items() if times >= max(2, len(lines) / 10)]
    left, right = float(min(shared or starts)), max(line.x1 for line in lines)
    return [replace(line, left=left, right=right, columns=columns) for line in lines]


def paragraphs(lines: Sequence[PageLine]) -> Iterator[list[PageLine]]:
    """Yield the lines of each paragraph; a paragraph may go on in the next column or on the next page."""
    lines, pitch = _aligned(lines), _pitch(lines)
    current: list[PageLine] = []
    for line in lines:
        if current and _begins(current, line, pitch):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


def _aligned(lines: Sequence[PageLine]) -> list[PageLine]:
    """Measure the columns again without running heads, and give those that begin near the same place the same right edge."""
    parts = [list(part) for _, part in itertools.groupby(lines, key=lambda line: (line.page, line.columns, line.left))]
    lines = [line for part in parts for line in _bounded(part, part[0].columns)]
    columns: dict[float, int] = {}
    for left in sorted({line.left for line in lines}):
        before = max(columns, default=None)
        columns[left] = columns[before] + (left - before > _STEP) if before is not None else 0
    rights: dict[tuple[int, int], float] = {}
    for line in lines:
        key = line.columns, columns[line.left]
        rights[key] = max(rights.get(key, 0.0), line.right)
    return [replace(line, right=rights[line.columns, columns[line.left]]) for line in lines]


def written(lines: Sequence[PageLine]) -> str:
    """Return the words of a paragraph on one line."""
    text = ""
    for line in lines:
        text = join_words(text, line.text) if text else line.text
    return text


def _pitch(lines: Sequence[PageLine]) -> float:
    """Return the usual distance between two lines, in sizes of their letters."""
    near = [
        (after.bottom - before.bottom) / after.size
        for before, after in itertools.pairwise(lines)
        if before.page == after.page and 0 < after.bottom - before.bottom < 3 * after.size
    ]
    return statistics.median_low(near) if near else 1.5


def _begins(current: Sequence[PageLine], line: PageLine, pitch: float) -> bool:
    """Whether a line begins a new paragraph."""
    last = current[-1]
    if abs(line.size - last.size) > 0.12 * last.size or _BULLET.match(line.text):
        return True
    marker = numbering.match(line.text)
    ended = last.text[-1] in SENTENCE_END + ":："
    if marker and (marker.family.rank > 3 or ended or not last.is_full):
        return True
    if last.right - last.x1 > _first_word(line) + 1.2 * last.size:
        return True
    if line.page == last.page and line.bottom - last.bottom > (pitch + 0.35) * line.size:
        return True
    return ended and line.x0 - line.left > 1.2 * line.size


def _first_word(line: PageLine) -> float:
    """Return the width of what could not be broken at the start of a line: a word of letters, or one character."""
    word = re.match(r"[!-~]+", line.text)
    return (line.x1 - line.x0) * len(word[0]) / len(line.text) if word else line.size
