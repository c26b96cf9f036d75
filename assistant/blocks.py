"""Stage 1a, text -> [Block]: lines become numbered lines, headings, paragraphs, tables, contents and layout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz

from assistant import numbering
from assistant.clause import Span
from assistant.numbering import Marker
from assistant.tables import Line, Table, find_tables

BLANK = " \t\r\n\v\f\u3000\xa0\u200b\ufeff\x85\u2028\u2029"
SENTENCE_END = "。；;！!？?…"
HEADING_LIMIT = 40
LOOSE = 40
NEAR = 6  # lines at the top among which the title stands
_LINK = re.compile(r"!?\[[^\]\[]*\]\([^)(]*\)")
_MARKUP = re.compile(r"(?:[#>*_\s\u3000\xa0]|[-+•●■▪◆○](?=\s)|[•●■▪◆○]|\d{1,2}\.\s+(?=#))*")
_LOOSE = re.compile(r"\*\*\s*\*\*|\*\*")
_BOLD = re.compile(r"[\s\u3000]*(?:[-*]\s+)?(?:\*\*|__)(.+?)(?:\*\*|__)[\s\u3000]*")
_BULLET = re.compile(r"(?<!\*)[-+*](?=\s)|[•●■▪◆○>]")
_HASHES = re.compile(r"(?:\d{1,2}\.\s+|[-*>]\s+)*(#*)")
_NAMED = re.compile(
    r"引\s?言|前言|导言|导语|序言|总则|附则|定义|特别提示|重要提示|特别说明|提示条款|概述|摘要|【[^】]{1,20}】"
    r"|附[件录表]?[一二三四五六七八九十\d]*[:：]?"
)
_ENTRY = re.compile(rf"[^。；;！!？?\n]{{1,{HEADING_LIMIT}}}[。；;.]?[.…\s\d]*")
_DOCUMENT = re.compile(
    r"[^，。；：,;:]*(?:政策|协议|条款|声明|指引|规则|公约|须知|章程|合同|条例|办法|法)(?:[(（][^()（）]*[)）])?[》”」]?"
)
_DATE = re.compile(r"[^，。]{0,20}(?:日期|时间|版本|更新|生效|施行|发布|修订)[^，。]{0,12}\d{4}\s*[年./-].{0,30}")
_FIELD = re.compile(r"[^，。；、]{1,12}[：:]")
_OPENING = re.compile(r"当|我们|您|你|为|在|如|若|另外|根据|本|请|除|基于|对于|由于|以下|上述")
_PLAIN_NAME = re.compile(
    r"[^\W\d_](?:[^，。；：！？,.;:!?|]{1,24}|(?!.*(?:如下|以下|下列|包括|包含))[^，。；：！？,.;:!?|]{1,9}[：:])"
)
_COMMENT = re.compile(r"<!--.*-->")
_CONTENTS = re.compile(r"目\s*录")
_ANNOUNCES = re.compile(r"以下内容|目\s*录|以下(?:几个)?(?:部分|方面)|向您(?:详细)?(?:说明|介绍)[：:]|帮助您(?:详细)?了解")

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

    @property
    def title(self) -> str:
        """The words after the number."""
        return self.text[self.marker.length :].lstrip(BLANK + "*_") if self.marker else self.text

    @property
    def is_part(self) -> bool:
        """Whether the words name a part that no number holds: 前言, 附件一."""
        return _NAMED.fullmatch(self.text) is not None and not self.text.startswith("【")

    @property
    def is_title_like(self) -> bool:
        """Whether the words look like a name rather than a statement: short, and no punctuation at their end."""
        ends = "。；;！!…,，:：、" + ("" if self.marker or self.hashes else "？?")
        return 0 < len(self.title) <= HEADING_LIMIT and self.title[-1] not in ends


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
        if blocks and _continues(raw, blocks[-1], block, markdown):
            last = blocks[-1]
            core = (last.core[0], block.core[1])
            blocks[-1] = replace(last, place=(last.place[0], block.place[1]), core=core, text=raw[slice(*core)])
        else:
            blocks.append(block)
        at += 1
    return _with_names(_with_contents(_with_title(blocks)))


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
    core = (begin, begin + len(core_text))
    leading = _HASHES.match(line.text)
    hashes = len(leading[1]) if leading else 0
    marker = _marker(core_text)
    block = Block("number" if marker else "paragraph", place, core, core_text, line.number, marker, None, hashes)
    bold = _BOLD.fullmatch(line.text)
    named = _NAMED.fullmatch(core_text)
    if (
        not marker
        and not _DATE.fullmatch(core_text)
        and (named or ((hashes or (bold and not re.search("[，,。；;]", core_text))) and block.is_title_like))
    ):
        return replace(block, kind="heading")
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
    if _BULLET.search(raw[block.place[0] : block.core[0]]):
        return False
    if last.text.endswith(("，", ",")) or block.text[0] in "，。；、）,;":
        return True
    if not markdown or len(last.text) < 20 or _FIELD.match(block.text):
        return False
    is_name = last.kind == "number" and len(last.title) <= 1.5 * HEADING_LIMIT and not re.search("[。；;]", last.title)
    if is_name and (_OPENING.match(block.text) or not re.search("[，,：:]", last.title)):
        return False  # and below it what it names
    return bool(last.text[-1] not in SENTENCE_END + ":：" and raw[last.place[1] : block.place[0]] == "\n")


def _with_title(blocks: list[Block]) -> list[Block]:
    """Mark the first line with words as the title if it reads like a name, and a line near it that names the document."""
    near = [i for i, block in enumerate(blocks[: 2 * NEAR]) if block.kind != "layout"][:NEAR]
    for at in near:
        block = blocks[at]
        if block.kind not in ("paragraph", "heading"):
            break
        name = len(block.text) <= HEADING_LIMIT and _DOCUMENT.fullmatch(block.text)
        if name or (at == near[0] and block.is_title_like and not _NAMED.fullmatch(block.text)):
            blocks[at] = replace(block, kind="title")
        if name:
            break
    return blocks


def _with_names(blocks: list[Block]) -> list[Block]:
    """Mark short lines as headings that nothing but their place shows: below a rule, or between a sentence and a paragraph."""
    for at in range(1, len(blocks) - 1):
        last, block, following = blocks[at - 1 : at + 2]
        ruled = _is_rule(last)
        plain = block.kind == "paragraph" and _PLAIN_NAME.fullmatch(block.text) and following.kind != "layout"
        ended = last.kind in ("heading", "title", "layout") or last.text[-1:] in tuple(SENTENCE_END)
        explained = following.kind == "paragraph" and len(following.text) >= 30 and _OPENING.match(following.text)
        if block.kind == "heading" or (plain and (ruled or (ended and explained))):
            blocks[at] = replace(block, kind="heading", ruled=ruled)
    return blocks


def _is_rule(block: Block) -> bool:
    """Whether a block is a rule of =, which separates sections."""
    return block.kind == "layout" and set(block.text) == {"="}


def _with_contents(blocks: list[Block]) -> list[Block]:
    """Mark runs of numbered names that come again further down, and the line that announces them."""
    at = 0
    while at < len(blocks):
        named = at > 0 and _CONTENTS.fullmatch(blocks[at - 1].text.strip("【】[]:： "))
        announced = bool(at and blocks[at - 1].kind in ("paragraph", "heading") and _ANNOUNCES.search(blocks[at - 1].text))
        stop = _names(blocks, at) if (named or announced) and not blocks[at].marker else _run(blocks, at, announced)
        if stop - at >= 3 and (_recur(blocks[at:stop], blocks[stop:]) >= (0.3 if announced else 0.7)):
            for i in range(at - 1 if announced and len(blocks[at - 1].text) <= HEADING_LIMIT else at, stop):
                blocks[i] = replace(blocks[i], kind="contents")
        at = max(stop, at + 1)
    return blocks


def _run(blocks: Sequence[Block], at: int, announced: bool) -> int:
    """Return the end of the run of numbered names that begins at `at`; a number that starts again ends it."""
    stop = at
    seen: set[str] = set()
    while stop < len(blocks) and (marker := blocks[stop].marker):
        if not (_ENTRY.fullmatch(blocks[stop].title) if announced else blocks[stop].is_title_like):
            break
        if marker.family.rank <= 6 and marker.label in seen:
            break
        seen.add(marker.label)
        stop += 1
    return stop


def _names(blocks: Sequence[Block], at: int) -> int:
    """Return the end of the run of short lines without numbers that begins at `at`, below the word 目录."""
    stop = at
    while stop < len(blocks) and blocks[stop].kind in ("paragraph", "heading") and len(blocks[stop].text) <= HEADING_LIMIT:
        stop += 1
    return stop


def _recur(run: Sequence[Block], rest: Sequence[Block]) -> float:
    """Return the share of names in `run` that stand again, nearly word for word, as a heading in `rest`."""
    names = [_name(b) for b in rest if b.kind in ("number", "heading") and len(b.title) <= 2 * HEADING_LIMIT]
    return sum(any(fuzz.ratio(_name(b), name) >= 70 for name in names) for b in run) / len(run)


def _name(block: Block) -> str:
    """Return the words of a contents line or heading without what ends it: a stop, or dots and the number of a page."""
    return block.title.rstrip("。；;.…0123456789 \u3000")
