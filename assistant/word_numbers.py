"""The automatic numbers of Word: numbering.xml and the paragraphs so far -> 第三条, 一、, 2.1, (a), •.

Method: ECMA-376 part 1, 17.9. Every abstract numbering has one counter a level, which all its instances share; a paragraph
steps the counter of its level and sets back the deeper ones, and its text is the level's pattern with %1 to %9 filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BULLET = "• "
LEVELS = 9
_HAN = "〇一二三四五六七八九"
_LEGAL = "零壹贰叁肆伍陆柒捌玖"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"))
_SMALL_ROMAN = ((9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_WIDE_END = "、．。）】〕:："


def attribute(element: Any, tag: str, default: str | None = None) -> str | None:
    """Return the value of a child element such as <w:start w:val="3"/>."""
    child = element.find(W + tag) if element is not None else None
    return default if child is None else child.get(W + "val", default)


def integer(text: str | None, default: int = 0) -> int:
    """Return the number that an attribute writes, or `default`."""
    try:
        return int(text) if text else default
    except ValueError:
        return default


def han(number: int, digits: str = _HAN, units: str = "十百千万") -> str:
    """Write 1 to 99999 in Chinese: 十二, 一百二十三."""
    if not 0 < number < 100_000:
        return str(number)
    written, pending = "", ""
    figures = str(number)
    for place, figure in enumerate(figures):
        unit = len(figures) - place - 1
        if figure == "0":
            pending = "零" if written else ""
            continue
        written += pending + digits[int(figure)] + (units[unit - 1] if unit else "")
        pending = ""
    return written[1:] if digits == _HAN and 10 <= number < 20 else written


def roman(number: int) -> str:
    """Write a number in small Roman figures."""
    if not 0 < number < 10_000:
        return str(number)
    written = ""
    for value, letters in _ROMAN + _SMALL_ROMAN:
        written += letters * (number // value)
        number %= value
    return written


def letter(number: int) -> str:
    """Write a, b, … z, aa, bb as Word does."""
    return chr(97 + (number - 1) % 26) * ((number - 1) // 26 + 1) if 0 < number <= 780 else str(number)


def _circled(number: int) -> str:
    """Write ① to ㊿."""
    for first, start, last in ((0x2460, 1, 20), (0x3251, 21, 35), (0x32B1, 36, 50)):
        if start <= number <= last:
            return chr(first + number - start)
    return str(number)


def written(number: int, form: str) -> str:
    """Write a number in a format of Word (17.18.59); formats unknown here are decimal."""
    if form in (
        "chineseCounting",
        "chineseCountingThousand",
        "japaneseCounting",
        "taiwaneseCounting",
        "taiwaneseCountingThousand",
    ):
        return han(number)
    if form in ("chineseLegalSimplified", "ideographLegalTraditional"):
        return han(number, _LEGAL, "拾佰仟万")
    if form in ("ideographTraditional", "ideographZodiac"):
        cycle = _STEMS if form == "ideographTraditional" else _BRANCHES
        return cycle[number - 1] if 0 < number <= len(cycle) else str(number)
    if form in ("japaneseDigitalTenThousand", "ideographDigital", "taiwaneseDigital"):
        return "".join(_HAN[int(figure)] for figure in str(number))
    forms: dict[str, Callable[[int], str]] = {
        "decimalEnclosedCircle": _circled,
        "decimalEnclosedCircleChinese": _circled,
        "decimalZero": lambda n: f"{n:02d}",
        "decimalFullWidth": lambda n: str(n).translate({48 + i: 0xFF10 + i for i in range(10)}),
        "decimalEnclosedParen": lambda n: f"({n})",
        "decimalEnclosedFullstop": lambda n: f"{n}.",
        "lowerLetter": letter,
        "upperLetter": lambda n: letter(n).upper(),
        "lowerRoman": roman,
        "upperRoman": lambda n: roman(n).upper(),
        "ideographEnclosedCircle": lambda n: chr(0x3280 + n - 1) if 0 < n <= 10 else str(n),
        "none": lambda n: "",
    }
    return forms.get(form, str)(number)


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a numbering; `restart` is the level from 1 that sets it back, 0 never, None every higher one."""

    start: int
    form: str
    pattern: str
    gap: str
    legal: bool
    restart: int | None
    style: str | None


@dataclass(slots=True)
class _Instance:
    """What a paragraph names by its numId: the abstract numbering whose counters it steps, its levels, its own starts."""

    abstract: str
    levels: dict[int, _Level]
    starts: dict[int, int] = field(default_factory=dict)


class Numbers:
    """Steps through the numbered paragraphs of a document in their order."""

    def __init__(self, root: Any | None, links: dict[str, str]) -> None:
        """Read numbering.xml.

        :param root: its root element, None if the document has none
        :param links: numbering style -> the numId that it stands for
        """
        self._counters: dict[str, dict[int, int]] = {}
        self._instances: dict[str, _Instance] = {}
        if root is None:
            return
        abstracts = {a.get(W + "abstractNumId"): a for a in root.iterchildren(W + "abstractNum")}
        nums = {n.get(W + "numId"): n for n in root.iterchildren(W + "num")}
        for identifier, num in nums.items():
            abstract = attribute(num, "abstractNumId", "") or ""
            link = attribute(abstracts.get(abstract), "numStyleLink")
            if link and link in links and links[link] in nums:
                abstract = attribute(nums[links[link]], "abstractNumId", "") or ""
            if abstract in abstracts:
                self._instances[identifier] = _instance(num, abstract, abstracts[abstract])

    def level_of_style(self, number: str, styles: list[str]) -> int:
        """Return the level that is tied to the first of these styles, else 0."""
        instance = self._instances.get(number)
        tied = {level.style: at for at, level in instance.levels.items() if level.style} if instance else {}
        return next((tied[style] for style in styles if style in tied), 0)

    def step(self, number: str, at: int) -> str:
        """Count one paragraph of level `at` and return its number as Word shows it, with the gap behind it."""
        instance = self._instances.get(number)
        if instance is None or at not in instance.levels:
            return ""
        counters = self._counters.setdefault(instance.abstract, {})
        if at in instance.starts:
            counters[at] = instance.starts.pop(at)
        else:
            counters[at] = counters[at] + 1 if at in counters else instance.levels[at].start
        for deeper, level in instance.levels.items():
            if deeper > at and (level.restart is None or at < level.restart):
                counters.pop(deeper, None)
        return _shown(instance.levels, counters, at)


def _shown(levels: dict[int, _Level], counters: dict[int, int], at: int) -> str:
    """Fill in the pattern of a level."""
    own = levels[at]
    if own.form == "bullet":
        return BULLET
    text = own.pattern
    for place in range(LEVELS):
        if f"%{place + 1}" in text and place in levels:
            form = "decimal" if own.legal else levels[place].form
            text = text.replace(f"%{place + 1}", written(counters.get(place, levels[place].start), form))
    return text + ("" if not text or text[-1] in _WIDE_END else own.gap)


def _instance(num: Any, abstract: str, element: Any) -> _Instance:
    """Read one numbering with what it overrides of its abstract one."""
    levels = {integer(level.get(W + "ilvl")): _level(level) for level in element.iterchildren(W + "lvl")}
    starts = {}
    for override in num.iterchildren(W + "lvlOverride"):
        at = integer(override.get(W + "ilvl"))
        if (own := override.find(W + "lvl")) is not None:
            levels[at] = _level(own)
        if (start := attribute(override, "startOverride")) is not None:
            starts[at] = integer(start)
    return _Instance(abstract, levels, starts)


def _level(element: Any) -> _Level:
    """Read one level."""
    form = attribute(element, "numFmt", "decimal") or "decimal"
    legal = element.find(W + "isLgl")
    restart = attribute(element, "lvlRestart")
    return _Level(
        start=integer(attribute(element, "start"), 0),
        form="bullet" if element.find(W + "lvlPicBulletId") is not None else form,
        pattern=attribute(element, "lvlText", "") or "",
        gap="" if attribute(element, "suff") == "nothing" else " ",
        legal=legal is not None and legal.get(W + "val") not in ("0", "false"),
        restart=None if restart is None else integer(restart),
        style=attribute(element, "pStyle"),
    )
