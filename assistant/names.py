"""Stage 1b, [Block] -> [Block]: the title, the contents list, and the headings that no number and no mark show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from assistant.blocks import HEADING_LIMIT, NAMED, OPENING, SENTENCE_END, STATED, Block

NEAR = 6  # lines at the top among which the title stands
_ENTRY = re.compile(rf"[^。；;！!？?\n]{{1,{HEADING_LIMIT}}}[。；;.]?[.…\s\d]*")
_DOCUMENT = re.compile(
    r"[^，。；：,;:]*(?:政策|协议|条款|声明|指引|规则|公约|须知|章程|合同|条例|办法|法)(?:[(（][^()（）]*[)）])?[》”」]?"
)
_CONTENTS = re.compile(r"目\s*录")
_ANNOUNCES = re.compile(r"以下内容|目\s*录|以下(?:几个)?(?:部分|方面)|向您(?:详细)?(?:说明|介绍)[：:]|帮助您(?:详细)?了解")
_PLAIN_NAME = re.compile(
    r"[^\W\d_](?:[^，。；：！？,.;:!?|]{1,24}|(?!.*(?:如下|以下|下列|包括|包含))[^，。；：！？,.;:!?|]{1,9}[：:])"
)
_QUESTION = re.compile(r"[^\W\d_][^，。；：！,;:!|]{2,28}[？?]")
_CAPTION = re.compile(r"(?!.*(?:如下|以下|下列|包括|包含))[^\W\d_][^，。；：！？,;:!?|]{1,39}[：:]?")
_STEM = re.compile(
    r"(?:(?:^(?:(?:我们|您|你)(?!的)|在|如|当)|可以|应当|不得|保证|承诺).*|同意|地址|电话|邮箱|网址|链接|邮编)[：:]$"
)
_FIELD = re.compile(r"(?!https?:)[^，。；,;：:]{1,16}[：:].")
_UNFINISHED = re.compile(r"[，,、：:（(“《\-的和及与或在于对将请]$")
_NO_NAME = re.compile(r"尊敬的|亲爱的|当|若|如(?!何)|.*(?:所必[需须]|[有相]关)的?$")
_LONG = 30  # characters of a paragraph that can end without a mark
_TITLE = Block("title", (0, 0), (0, 0), "", 0)


def mark_names(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with title, contents lines and unmarked headings told from paragraphs."""
    return _with_names(_with_contents(_with_title(list(blocks))))


def _with_title(blocks: list[Block]) -> list[Block]:
    """Mark the first line with words as the title if it reads like a name, and a line near it that names the document."""
    near = [i for i, block in enumerate(blocks[: 2 * NEAR]) if block.kind != "layout"][:NEAR]
    for at in near:
        block = blocks[at]
        if block.kind not in ("paragraph", "heading"):
            break
        name = len(block.text) <= HEADING_LIMIT and _DOCUMENT.fullmatch(block.text)
        if name or (at == near[0] and block.is_title_like and not NAMED.fullmatch(block.text)):
            blocks[at] = replace(block, kind="title")
        if name:
            break
    return blocks


def _with_names(blocks: list[Block]) -> list[Block]:
    """Mark short lines as headings that nothing but their place shows: below a rule, or between what ended and what explains."""
    for at in range(1, len(blocks) - 1):
        last, block, following = blocks[at - 1 : at + 2]
        ruled = _is_rule(last)
        if block.kind == "heading" or (
            block.kind == "paragraph"
            and following.kind != "layout"
            and (
                (ruled and _PLAIN_NAME.fullmatch(block.text))
                or _names_what_follows(last, block, following, blocks[at + 2 : at + 4])
            )
        ):
            blocks[at] = replace(block, kind="heading", ruled=ruled)
    return blocks


def _names_what_follows(last: Block, block: Block, following: Block, second: Sequence[Block]) -> bool:
    """Whether a line without any mark is the name of the paragraph, list or table below it."""
    if following.kind not in ("paragraph", "table") or following.text[:1] in tuple("：:，,。；;、") or _NO_NAME.match(block.text):
        return False
    if (
        _PLAIN_NAME.fullmatch(block.text)
        and not _STEM.search(block.text)
        and (block.hashes or _heads_list(block, following, second))
    ):
        return True
    if not _stands_apart(last, block, following):
        return False
    if following.kind == "table":
        return _CAPTION.fullmatch(block.text) is not None
    if _QUESTION.fullmatch(block.text):
        return _is_answer(following) or bool(second and _names_what_follows(_TITLE, following, second[0], second[1:]))
    return bool(_PLAIN_NAME.fullmatch(block.text) and not _STEM.search(block.text) and _explains(block, following))


def _stands_apart(last: Block, block: Block, following: Block) -> bool:
    """Whether a line neither goes on with what stands before it nor is an item among others."""
    if block.bullet and (last.bullet or following.kind == "table" or following.bullet):
        return last.text[-1:] in tuple(SENTENCE_END) and following.kind == "paragraph" and not following.bullet
    if last.kind in ("heading", "title", "layout", "table") or last.text[-1:] in tuple(SENTENCE_END):
        return True
    return (last.hashes > 0 and following.kind == "table") or (len(last.text) >= _LONG and not _UNFINISHED.search(last.text))


def _explains(block: Block, following: Block) -> bool:
    """Whether a line states what the name above it announces; a lone Cookies may be part of a sentence that was broken."""
    states = following.text[-1] in SENTENCE_END and "，" in following.text and not block.text.isascii()
    return len(following.text) >= STATED and bool(states or OPENING.match(following.text))


def _is_answer(block: Block) -> bool:
    """Whether a line can follow a question that is a name."""
    return block.text[-1] in "。：:" or (len(block.text) >= STATED and block.text[-1] not in "？?")


def _heads_list(block: Block, following: Block, second: Sequence[Block]) -> bool:
    """Whether a short name that ends with a colon stands above bullets or above several lines 地址: 某处."""
    if block.bullet or block.text[-1] not in "：:" or following.kind != "paragraph":
        return False
    return following.bullet or all(each.kind == "paragraph" and _FIELD.match(each.text) for each in (following, *second[:1]))


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
