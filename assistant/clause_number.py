"""Clause numbers as people write them -> addresses: 五、4 · 五4 · 5.4 · 第3.2条 · 第十七条第二款第(三)项 · 一(一)2表1序号8.

No vectors are involved: a number is read, or it is not. Which clauses stand at an address, address.py knows.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from assistant.ladder import PREFACE
from assistant.numbering import HAN_DIGITS, value_of
from assistant.script import characters

Step = int | str

LONGEST = 60  # characters of a clause number
MASK = "\x00"  # stands in a folded text where the name of a document stood
_N = rf"(?:[{HAN_DIGITS}]{{1,12}}|\d{{1,4}})"
_HEADING = rf"第\s?{_N}\s?(?:分编|编|章|节|部分)"
_ARTICLE = rf"{_N}(?:\.\d{{1,3}}){{0,3}}\s?条(?:之{_N})?"
_STEP = (
    rf"(?:[、.．·]?\s?\(\s?{_N}\s?\)|[、.．·]\s?{_N}(?![\d%])|(?<=\))\s?{_N}(?![\d%])|(?<=[{HAN_DIGITS}])\d{{1,3}}"
    r"|(?<=[\d)])[、.．·]?\s?\([a-zA-Z]{1,3}\)|(?<=[\d)])[、.．·]?[a-z](?![a-zA-Z]))"
)
_STEPS = rf"{_STEP}{{0,8}}"
_TAIL = (
    rf"(?:\s?第?\s?(?P<part>{_N})\s?(?P<by>款|段))?"
    rf"(?:\s?第?\s?(?P<item>\(\s?{_N}\s?\))\s?项?|\s?第?\s?(?P<plain_item>{_N})\s?项|项)?(?:\s?第\s?\(?(?P<sub>{_N})\)?\s?目)?"
    rf"(?:\s?表\s?(?P<table>{_N})\s?(?:(?P<row_by>序号|第)\s?(?P<row>{_N})\s?行?)?)?"
)
_FIRST = rf"(?:\s?\(\s?{_N}\s?\)|、\s?\d{{1,3}}(?![\d%年月天日]))"
_HEADED = rf"(?:{_HEADING}\s?){{0,4}}第\s?{_ARTICLE}|(?:{_HEADING}\s?){{1,4}}"
# in running text: 第X条, or a Han number with 、and digits or with brackets; not 一、两天, not the article of another law
_OWN = rf"(?:(?<=本法)|(?<=本条例)|(?<=本规定)|(?<![\d{HAN_DIGITS}.法典例定则办》]))"
_ADDRESS = re.compile(rf"{_OWN}(?P<head>(?:{_HEADED}){_STEPS}|[{HAN_DIGITS}]{{1,12}}{_FIRST}{_STEPS}){_TAIL}")
# after the name of a document: 17条, 5.4 and 五4 as well
_NAMED = re.compile(
    rf"\s?(?P<head>(?:{_HEADED}|{_ARTICLE}|[{HAN_DIGITS}]{{1,12}}(?:{_FIRST}|\d{{1,3}}(?![\d%年月天日])))"
    rf"{_STEPS}|\d{{1,3}}(?:\.\d{{1,3}}){{1,4}}(?![\d%元倍万.]){_STEPS}){_TAIL}"
)
_BETWEEN = re.compile(r"[\s,，、:：]{0,2}(?:里面?的?|中的?|上的?|当中的?|的)?[\s,，、:：]{0,2}")
_BARE = re.compile(rf"(?P<head>(?:{_HEADED}|{_ARTICLE}|{_N}){_STEPS}[、.]?){_TAIL}")
_FILLER = re.compile(
    r"[\s,，。.?？!！:：、;；]|请问|帮我|给我|我想|根据|按照|依照|依据|本?(?:隐私)?政策|本(?:协议|法|条例|规定)|里面?|中|看一?看|看一下|查一下|查|读|念|说|讲|写|规定|内容|原文|意思|什么|啥|怎么|是|的|了|有|吗|呢|条款|和|与|及|或|到|分别|哪些"
)
_UNIT = re.compile(rf"第\s?({_N})\s?(分编|编|章|节|部分)\s?")
_INSERTED = re.compile(rf"(?:([^条]*条)之({_N}))?(.*)", re.DOTALL)
_LISTED = re.compile(rf"{_N}\s?[、.．·]|[{HAN_DIGITS}]{{1,12}}\d")
_TOKEN = re.compile(rf"{_N}|[a-zA-Z]{{1,4}}")
# what tells numbers apart that a source uses twice, see ladder.py: 第六条 第2款(一), 三 (2), 第二章第一条
_OWN_SIGNS = re.compile(rf" 第\d+[段款](?=[^ ])| \(\d+\)(?=[^)]*$)|^{_HEADING}(?=第)")
_LABEL = re.compile(
    r"(?P<steps>.*?)(?: 第(?P<part>\d+)[段款])?(?: 表(?P<table>\d+) (?P<by>序号|第)(?P<row>.+?)行?(?: 第\d+段)?)?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """A clause number taken apart.

    :param steps: its numbers from the outside in; letters stay letters, and 第二条之一 is (2, -1)
    :param part: a 段 or 款, `by` says which; `item` is what follows it, 项 and 目; 0 and () where not named
    :param row: the row of a table, 序号8 or 第2行
    :param inside: the headings that are named, (章, 3); `steps` are () where nothing else is
    :param listed: whether it is written as 五、4 or 5.4, which 第五条(四) never is
    """

    steps: tuple[Step, ...]
    part: int = 0
    table: int = 0
    row: str = ""
    by: str = ""
    item: tuple[Step, ...] = ()
    inside: tuple[tuple[str, int], ...] = ()
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A clause number where it stands in a folded text."""

    address: Address
    start: int
    end: int


def folded(text: str) -> str:
    """Return a text as clause numbers are read from it: narrow, simplified, with single blanks: long runs would be slow."""
    return " ".join(characters(unicodedata.normalize("NFKC", text)).replace(MASK, " ").split())


def find_address(text: str) -> tuple[Address, bool] | None:
    """Return the first clause number in `text`, and whether `text` asks for nothing else; None if there is none."""
    words = folded(text)
    numbers = find_numbers(words)
    return (numbers[0].address, only_numbers(words, numbers)) if numbers else None


def find_numbers(text: str, named: tuple[int, ...] = ()) -> list[Number]:
    """Return the clause numbers in a folded text, in order.

    :param named: where names of documents end; what follows them is read as a number more readily
    """
    if bare := _bare(text):
        return [bare]
    found = [at for end in named if (at := number_after(text, end))]
    taken = [(number.start, number.end) for number in found]
    for match in _ADDRESS.finditer(text):
        if not any(match.start() < end and start < match.end() for start, end in taken):
            found.append(Number(_read(match), *match.span()))
    return sorted(found, key=lambda number: number.start)


def number_after(text: str, end: int) -> Number | None:
    """Return the clause number that follows the name of a document which ends at `end`; 的 and 里 may stand between."""
    between = _BETWEEN.match(text, end)
    start = between.end() if between else end
    found = _NAMED.match(text, start)
    if not found and (bare := _bare(text[end:])):
        return Number(bare.address, end + bare.start, end + bare.end)
    return Number(_read(found), *found.span()) if found else None


def _bare(text: str) -> Number | None:
    """Return the number that a text consists of, if it is nothing else."""
    start = len(text) - len(text.lstrip(" " + MASK))
    end = len(text.rstrip(" 。?？" + MASK))
    if end - start > LONGEST or not (found := _BARE.fullmatch(text, start, end)):
        return None
    return Number(_read(found), start, end)


def only_numbers(text: str, numbers: list[Number]) -> bool:
    """Whether a folded text asks for nothing but clause numbers."""
    left, at = "", 0
    for number in numbers:
        left += text[at : number.start] + " "
        at = number.end
    return not _FILLER.sub("", (left + text[at:]).replace(MASK, " "))


def _read(found: re.Match[str]) -> Address:
    """Build an address from a match."""
    head = found["head"]
    inside = tuple((unit, value_of(number)) for number, unit in _UNIT.findall(head))
    items = [value_of(step.strip("() ")) for step in (found["item"] or found["plain_item"], found["sub"]) if step]
    row = f"{found['row_by']}{value_of(found['row'])}" if found["row"] else ""
    part, table = value_of(found["part"] or ""), value_of(found["table"] or "")
    return Address(
        _steps(_UNIT.sub("", head)), part, table, row, found["by"] or "", tuple(items), inside, bool(_LISTED.match(head))
    )


def _steps(written: str) -> tuple[Step, ...]:
    """Return the numbers of a clause number without what it says of paragraphs and tables."""
    head, inserted, rest = _groups(_INSERTED, written)
    steps: list[Step] = [_step(token) for token in _TOKEN.findall(head)]
    if inserted:
        steps.append(-value_of(inserted))
    return (*steps, *(_step(token) for token in _TOKEN.findall(rest)))


def _groups(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    """Return the groups of a pattern that fits any text."""
    found = pattern.fullmatch(text)
    return found.groups("") if found else ()


def _step(token: str) -> Step:
    """Return one number or letter of a clause number."""
    return token.lower() if token.isascii() and token.isalpha() else value_of(token)


@lru_cache(maxsize=20_000)
def address_of(number: str) -> Address:
    """Return the address of a clause by its own number; the same few thousand occur in all policies."""
    label = unicodedata.normalize("NFKC", number)
    found = _LABEL.fullmatch(_OWN_SIGNS.sub("", label))
    if not found or label.startswith(f"{PREFACE} "):
        return Address(())
    row = f"{found['by']}{value_of(found['row'])}" if found["row"] else ""
    return Address(_steps(found["steps"]), int(found["part"] or 0), int(found["table"] or 0), row)


@lru_cache(maxsize=20_000)
def heading_of(title: str) -> tuple[str, int] | None:
    """Return (章, its number) of a heading that has one."""
    found = _UNIT.match(unicodedata.normalize("NFKC", title[:20]))
    return (found[2], value_of(found[1])) if found else None
