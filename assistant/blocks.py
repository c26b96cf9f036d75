"""Stage 1a, text -> [Block]: lines become numbered lines, headings, paragraphs, tables, contents and layout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant import numbering
from assistant.clause import Span
from assistant.numbering import Marker
from assistant.table_layouts import find_tables
from assistant.tables import Line, Table

BLANK = " \t\r\n\v\f\u3000\xa0\u200b\ufeff\x85\u2028\u2029"
SENTENCE_END = "。；;！!？?…"
HEADING_LIMIT = 40
LOOSE = 40
_LINK = re.compile(r"!?\[[^\]\[]*\]\([^)(]*\)")
_MARKUP = re.compile(r"(?:[#>*_\s\u3000\xa0]|[-+•●■▪◆○](?=\s)|[•●■▪◆○]|\d{1,2}\.\s+(?=#))*")
_LOOSE = re.compile(r"\*\*\s*\*\*|\*\*")
_BOLD = re.compile(r"[\s\u3000]*(?:[-*]\s+)?(?:\*\*|__)(.+?)(?:\*\*|__)[\s\u3000]*")
_BULLET = re.compile(r"(?<!\*)[-+*](?=\s)|[•●■▪◆○>]")
_HASHES = re.compile(r"(?:\d{1,2}\.\s+|[-*>]\s+)*(#*)")
NAMED = re.compile(
    r"引\s?言|前言|导言|导语|序言|总则|附则|定义|特别提示|重要提示|特别说明|提示条款|概述|摘要|【[^】]{1,20}】"
    r"|附[件录表]?[一二三四五六七八九十\d]*[:：]?"
)
_DATE = re.compile(r"[^，。]{0,20}(?:日期|时间|版本|更新|生效|施行|发布|修订)[^，。]{0,12}\d{4}\s*[年./-].{0,30}")
_FIELD = re.compile(r"[^，。；、]{1,12}[：:]")
OPENING = re.compile(r"当|我们|您|你|为|在|如|若|另外|根据|本|请|除|基于|对于|由于|以下|上述")
_SHORT = re.compile(r"[^\W\d_a-zA-Z][^，。；：！,.;:!|）)】》、]{2,24}")
_LOOKS = {":": "colon", "：": "colon", "?": "question", "？": "question"}
STATED = 20  # characters of a line that can be a paragraph of its own
_COMMENT = re.compile(r"<!--.*-->")

BlockKind = Literal["number", "heading", "paragraph", "table", "title", "contents", "layout"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the source. `place` is all it takes up; `core` leaves out markup at both ends; `text` is raw[core].

    `ruled` says that a rule of = stands right above it.
    """

    kind: BlockKind
    place: Span
    core: Span
    text: str
    line: int
    marker: Marker | None = None
    table: Table | None = None
    hashes: int = 0
    ruled: bool = False
    bullet: bool = False
    bold: bool = False

    @property
    def title(self) -> str:
        """The words after the number."""
        return self.text[self.marker.length :].lstrip(BLANK + "*_") if self.marker else self.text

    @property
    def is_part(self) -> bool:
        """Whether the words name a part that no number holds: 前言, 附件一."""
        return NAMED.fullmatch(self.text) is not None and not self.text.startswith("【")

    @property
    def is_title_like(self) -> bool:
        """Whether the words look like a name rather than a statement: short, and no punctuation at their end."""
        ends = "。；;！!…,，:：、" + ("" if self.marker or self.hashes else "？?")
        return 0 < len(self.title) <= HEADING_LIMIT and self.title[-1] not in ends

    @property
    def look(self) -> str:
        """How a heading without a number is set off: names that look alike stand at one height."""
        return _LOOKS.get(self.text[-1:], "bold" if self.bold else "plain")


def split_lines(raw: str) -> list[Line]:
    """Return the lines of `raw` that hold more than white space."""
    lines, at = [], 0
    for number, piece in enumerate(raw.split("\n"), 1):
        text = piece.strip(BLANK)
        if text:
            start = at + piece.index(text)
            lines.append(Line(number, start, start + len(text), text, piece.rstrip("\r").endswith("  ")))
        at += len(piece) + 1
    return lines


def read_blocks(raw: str, markdown: bool) -> list[Block]:
    """Cut a policy into blocks; in Markdown a lone line break does not end a paragraph."""
    lines = split_lines(raw)
    tables = {table.lines.start: table for table in find_tables(raw, lines)}
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if table := tables.get(at):
            place = (table.head[0], max([table.head[1], *(row.place[1] for row in table.rows)]))
            blocks.append(Block("table", place, place, "", lines[at].number, table=table))
            at = table.lines.stop
            continue
        line = lines[at]
        if at + 1 < len(lines) and at + 1 not in tables and _is_number_of(line, lines[at + 1]):
            at += 1
            line = replace(line, end=lines[at].end, text=raw[line.start : lines[at].end])
        block = _block(raw, line)
        if blocks and _continues(raw, blocks[-1], block, markdown) and not _begins_anew(block, lines[at + 1 : at + 2]):
            last = blocks[-1]
            core = (last.core[0], block.core[1])
            blocks[-1] = replace(last, place=(last.place[0], block.place[1]), core=core, text=raw[slice(*core)])
        else:
            blocks.append(block)
        at += 1
    return blocks


def _begins_anew(block: Block, following: Sequence[Line]) -> bool:
    """Whether a line is a name after a paragraph without a stop: short, and the next line begins a paragraph of its own."""
    if not _SHORT.fullmatch(block.text) or not following or following[0].number != block.line + 1:
        return False
    words = _bare(following[0].text)
    return len(words) >= STATED and bool(OPENING.match(words) or block.text[-1] in "？?")


def _is_number_of(line: Line, following: Line) -> bool:
    """Whether a line holds nothing but the number of the next."""
    marker = numbering.stands_alone(_bare(line.text))
    words = _bare(following.text)
    if not marker or not re.search(r"[^\W\d_]", words) or numbering.match(words) or numbering.stands_alone(words):
        return False
    is_name = len(words) <= HEADING_LIMIT and words[-1] not in SENTENCE_END
    if marker.family.rank < 3:
        return is_name
    return marker.family.name not in ("1.1", "1.1.1") or not is_name  # a version in a table that lost its layout


def _bare(text: str) -> str:
    """Return a line without markup at both ends."""
    markup = _MARKUP.match(text)
    return text[markup.end() if markup else 0 :].rstrip("*_#" + BLANK)


def _block(raw: str, line: Line) -> Block:
    """Classify one line."""
    place = (line.start, line.end)
    if not re.search(r"[^\W_]", _LINK.sub("", line.text)) or _COMMENT.fullmatch(line.text):  # nothing but rules, marks and links
        return Block("layout", place, place, line.text, line.number)
    markup = _MARKUP.match(line.text)
    begin = line.start + (markup.end() if markup else 0)
    core_text = raw[begin : line.end].rstrip("*_#" + BLANK)
    if not core_text:  # numbers of a list before nothing but marks
        return Block("layout", place, place, line.text, line.number)
    core = (begin, begin + len(core_text))
    leading = _HASHES.match(line.text)
    hashes = len(leading[1]) if leading else 0
    marker = _marker(core_text)
    bullet = bool(_BULLET.search(line.text[: begin - line.start]))
    kind: BlockKind = "number" if marker else "paragraph"
    block = Block(kind, place, core, core_text, line.number, marker, None, hashes, bullet=bullet)
    bold = _BOLD.fullmatch(line.text)
    named = NAMED.fullmatch(core_text)
    if (
        not marker
        and not _DATE.fullmatch(core_text)
        and (named or ((hashes or (bold and not re.search("[，,。；;]", core_text))) and block.is_title_like))
    ):
        return replace(block, kind="heading", bold=bool(bold))
    return block


def _marker(text: str) -> Marker | None:
    """Return the number with which a line begins, also where bold type is broken inside it: **第** **一** **条**."""
    if "**" not in text[:LOOSE]:
        return numbering.match(text)
    loose = _LOOSE.sub(lambda marks: "\0" * len(marks.group()), text[:LOOSE])
    kept = [at for at, character in enumerate(loose) if character != "\0"]
    marker = numbering.match("".join(loose[at] for at in kept) + text[LOOSE:])
    if not marker or marker.length >= len(kept):
        return numbering.match(text)
    return replace(marker, length=kept[marker.length])


def _continues(raw: str, last: Block, block: Block, markdown: bool) -> bool:
    """Whether a line goes on with the sentence of the line before."""
    if block.kind != "paragraph" or last.kind not in ("paragraph", "number") or last.hashes:
        return False
    if block.bullet:
        return False
    if last.text.endswith(("，", ",")) or block.text.startswith(("，", "。", "；", "、", "）", ",", ";")):
        return True
    if not markdown or len(last.text) < 20 or _FIELD.match(block.text):
        return False
    is_name = last.kind == "number" and len(last.title) <= 1.5 * HEADING_LIMIT and not re.search("[。；;]", last.title)
    if is_name and (OPENING.match(block.text) or not re.search("[，,：:]", last.title)):
        return False  # and below it what it names
    return bool(last.text[-1:] not in tuple(SENTENCE_END + ":：") and raw[last.place[1] : block.place[0]] == "\n")
