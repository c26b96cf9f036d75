"""Hides what identifies a person before a question is stored: telephone, identity, card and passport numbers, mailboxes.

The patterns look at a copy of the text in which every character has become one plain character: full-width and Han
digits 0-9, any space " ", any dash "-". A place in the copy is a place in the text. Repetitions are possessive, so that
the time is linear.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_HAN = dict(zip("零〇○一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "0001234567891123456789", strict=True))
_DASHES = "_/·•−"
_GAP = r"[ -]{0,6}+"
_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = rf"{_YEAR}[-.]{_MONTH}[-.]{_DAY}(?!\d|-(?!{_YEAR})\d)"  # after a dash only the year of another date may follow
_DAY8 = rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
_AMOUNT = r"[1-9]\d{0,8}(?:\.\d\d?)?"
_CUE = "(?:[Qq]{2}|电话|座机|固话|手机|号码|账号|卡号)"
_END = rf"(?:(?!{_GAP}\d)|(?= {{1,6}}+(?:{_DATE}|{_AMOUNT}(?:元|块)|1[3-9]\d{{9}}(?!\d))))"  # else it may be a longer number
# the order counts: the first that fits is taken, and what is kept can hide no telephone number
_PATTERN = re.compile(
    "|".join(
        (
            r"(?P<mail>(?<![A-Za-z0-9.+%-])[A-Za-z0-9.+%-]++ ?@ ?[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)*+)",
            rf"\d(?:[ -]?\d){{5}}{_GAP}{_YEAR}-\d\d-\d\d{_GAP}\d(?:[ -]?\d){{2}}[ -]?[\dXx]",  # identity, birthday as a date
            rf"(?<!\d)(?:\+?(?:00)?86[ .-]?)?1[3-9]\d[ .-]{{0,3}}\d{{4}}[ .-]{{0,3}}\d{{4}}{_END}",  # mobile
            rf"(?P<date>(?<!\d){_DATE})",
            rf"(?P<day>(?<!\d){_DAY8}(?!{_GAP}(?!{_YEAR})\d))",  # 20261122, also 20261122-20261231
            rf"(?P<years>(?<!\d){_YEAR}(?:[ -]{{1,3}}+{_YEAR}(?!\d)){{2,}}+(?!{_GAP}\d))",  # 2024 2025 2026
            rf"(?P<range>(?<!\d){_AMOUNT} ?- ?{_AMOUNT}(?:元(?!旦)|块钱|万元))",  # 50000-100000元
            rf"\+?\d(?:(?! {{1,6}}+{_DATE}){_GAP}\d){{10,}}+(?:{_GAP}[Xx](?![A-Za-z]))?",  # eleven digits or more
            r"\d(?:\.?\d){10,}+",
            r"(?<!\d)\d(?:[,|*#:]\d(?!\d)){10,}+",
            r"(?<!\d)\+ ?\d(?:[ ()-]{0,6}+\d){7,}+",  # abroad
            rf"(?<![\d.])\(?(?:010|02\d|0[3-9]\d\d)\)?{_GAP}\d(?:[ -]?\d){{6,}}+",  # landline
            rf"(?P<cue>{_CUE}[号码是为: ]{{0,4}}+)(?!{_DATE})\d(?:{_GAP}\d){{5,}}+(?!元)",
            rf"(?P<paper>(?<![A-Za-z0-9])[A-Za-z]{{1,2}}+(?:[ -]?(?!{_DAY8})\d{{7,10}}(?!\d)|\d{{6}}\([\dAa]\)))",  # passport
        )
    ),
    re.ASCII,
)
_MOBILE = re.compile(r"(?:(?:00)?86)?1[3-9]\d{9}")
_IDENTITY = re.compile(r"\d{17}X|\d{6}(?:18|19|20)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}\d?")


def mask(text: str) -> str:
    """Return a text with a label such as 〔手机号〕 in place of every number or mailbox that identifies a person.

    Clause numbers, dates, amounts and runs of fewer than eleven digits that nothing marks as such a number stay.
    """
    plain = "".join(map(_plain, text))
    masked, at = [], 0
    for match in _PATTERN.finditer(plain):
        if match.lastgroup in ("date", "day", "years", "range"):
            continue
        start, end = _without_han_ends(text, match.end("cue") if match["cue"] else match.start(), match.end())
        masked += [text[at:start], _label(match.lastgroup, plain[start:end])]
        at = end
    return "".join(masked) + text[at:]


@lru_cache(4096)
def _plain(character: str) -> str:
    """Return the one character that stands for a character in the copy."""
    if character in _HAN:
        return _HAN[character]
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category[0] in "ZCM":  # also what is invisible, and the frames of keycap emoji
        return " "
    if category == "Pd" or character in _DASHES:
        return "-"
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def _without_han_ends(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a match without the words at its ends that were read as digits: 统一13800138000一直."""
    inner = text[start:end].strip("".join(_HAN))
    if "@" not in map(_plain, inner) and sum(_plain(c).isdigit() for c in inner) < 11:
        return start, end
    start = text.index(inner, start)
    return start, start + len(inner)


def _label(kind: str | None, number: str) -> str:
    """Return the label for what was found."""
    if kind in ("mail", "paper"):
        return "〔邮箱〕" if kind == "mail" else "〔证件号〕"
    digits = "".join(c for c in number.upper() if c.isdigit() or c == "X")
    if _MOBILE.fullmatch(digits):
        return "〔手机号〕"
    if _IDENTITY.fullmatch(digits) and len(digits) in (15, 18):
        return "〔证件号〕"
    if 13 <= len(digits) <= 19:
        return "〔卡号〕"
    return "〔电话〕" if digits.startswith("0") and len(digits) <= 12 else "〔号码〕"
