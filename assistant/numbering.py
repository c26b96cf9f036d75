"""The ladder of clause numbers, as a table: 第X条, 一、, (一), 1、, 1.1, (1), 1), ①, a.

To teach the parser a new style, add a line to FAMILIES at the height where it stands on the ladder.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

HAN_DIGITS = "零〇一二两三四五六七八九十百千廿卅卌"
_CN = f"[{HAN_DIGITS}]+"
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
LONGEST_ALONE = 12
_TENS = str.maketrans({"廿": "二十", "卅": "三十", "卌": "四十"})
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


@dataclass(frozen=True, slots=True)
class Family:
    """One style of numbering; a higher `rank` stands deeper on the ladder, `label` writes its number in a citation."""

    name: str
    rank: int
    pattern: re.Pattern[str]
    label: str


@dataclass(frozen=True, slots=True)
class Marker:
    """A number at the start of a line: its family, value, citation label and length in characters."""

    family: Family
    value: str
    label: str
    length: int


def _family(name: str, rank: int, pattern: str, label: str = "{}") -> Family:
    return Family(name, rank, re.compile(pattern), label)


FAMILIES = (
    _family("编", 0, rf"第({_CN}|\d+)(?P<unit>分?编|部分)[\s:：、]*", "第{}{unit}"),
    _family("章", 1, rf"第({_CN}|\d+)章[\s:：、]*", "第{}章"),
    _family("节", 2, rf"第({_CN}|\d+)节[\s:：、]*", "第{}节"),
    _family("条", 3, rf"第((?:{_CN}|\d+)条(?:之{_CN})?)(?!第|第?款|的|规定|所|约定|[、,，和或至及])[\s:：、]*", "第{}"),
    _family("一、", 4, rf"({_CN})(?:\s*、|\\?[..．]\s*|[ \u3000]+(?=[^，。；：,;:]{{2,30}}$))"),
    _family("(一)", 5, rf"[(（]\s*({_CN})\s*[)）][、.．]?\s*", "({})"),
    _family("1.1.1", 8, r"(\d{1,2}(?:\.\d{1,2}){2,4})\\?[.、．]?(?=[^\d%％])(?!倍|元|版|的)\s*"),
    _family("1.1", 7, r"(\d{1,2}\.\d{1,2})\\?[.、．]?(?=[^\d.%％])(?!倍|元|版|的)\s*"),
    _family("1、", 6, r"(\d{1,3})(?:、|\\?[.．]\s*(?!\d))"),
    _family("(1)", 9, r"[(（]\s*(\d{1,3})\s*[)）][、.．]?\s*", "({})"),
    _family("1)", 10, r"(\d{1,2})[)）][、.．]?\s*", "{})"),
    _family("①", 11, rf"([{_CIRCLED}])[、.．]?\s*"),
    _family("(a)", 12, r"[(（]\s*([a-zA-Z]|[ivx]{2,4})\s*[)）][、.．]?\s*", "({})"),
    _family("a.", 12, r"([a-zA-Z])(?:[、..．]|[)）])\s*(?![a-zA-Z]{2}|[a-zA-Z][.．])", "{}"),
)


def match(text: str) -> Marker | None:
    """Return the marker with which `text` begins, or None; `text` carries no leading space or markup."""
    if not text:
        return None
    for family in FAMILIES:
        if (found := family.pattern.match(text)) and found.end() < len(text) + (family.rank < 4):
            value = found.group(1)
            return Marker(family, value, family.label.format(value, **found.groupdict()), found.end())
    return None


def stands_alone(text: str) -> Marker | None:
    """Return the marker that `text` consists of, if it is nothing else: its words are on the next line."""
    marker = match(text + "字") if 1 < len(text) <= LONGEST_ALONE else None
    return marker if marker and marker.length == len(text) else None


def spelled_out(text: str) -> str:
    """Return a text with 第廿条 as 第二十条; elsewhere 廿 may be part of a name."""
    return re.sub(rf"(?<=第){_CN}", lambda number: number.group().translate(_TENS), text)


def value_of(number: str) -> int:
    """Return the integer that `number` writes: 十三, 一千二百六十, 廿三, 〇 forms, ① or 13; 0 if it writes none."""
    number = unicodedata.normalize("NFKC", number).strip().translate(_TENS)
    if number.isdigit():
        return int(number)
    if all(c in _DIGITS for c in number) and number:
        return int("".join(str(_DIGITS[c]) for c in number))
    total, digit = 0, 0
    for character in number:
        if character in _UNITS:
            total += max(digit, 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS.get(character, 0)
    return total + digit


def join(labels: Sequence[tuple[str, str]]) -> str:
    """Join (family name, label) from the outside in to a citation: 五 + 4 -> 五、4; 一 + (一) + 2 -> 一(一)2.

    Articles are numbered through a whole law, so what stands above 第X条 is left out; 5.4 names its parents itself.
    """
    written: list[str] = []
    for family, label in labels:
        if family in ("条", "编", "章", "节"):
            written = []
        elif family in ("1.1", "1.1.1") and written and _is_dotted_parent(written[-1], label):
            written.pop()
        written.append(label)
    out = ""
    for label in written:
        out += ("、" if out and out[-1] not in ")条" and label[0] not in "(①" else "") + label
    return out


def _is_dotted_parent(parent: str, label: str) -> bool:
    """Whether 5, 五 or 第五条 is what the dotted number below it begins with, or another dotted number."""
    return parent.replace(".", "").isdigit() or value_of(parent.strip("第条")) == int(label.split(".", maxsplit=1)[0])
