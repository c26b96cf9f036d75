"""Does a question lean on the turns before it, and what does it then ask? Without a language model, by its own words.

A question that leans on others is read together with the last question that stood by itself; `Turns` says which that is,
and what was answered. A new subject is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.segment import HAN_ONLY

_OPENING = re.compile(
    r"^(?:那|那么|所以|然后|还有|另外|而且|可是|但是?|要是|如果|万一|不然|否则|接下来|之后|它|他们?|她|这|上面|刚才|前面|"
    r"第[一二三四五六七八九十\d]+[点条项个种步]|再|也|又|都|为什么|为啥|凭什么|凭啥|怎么弄|怎么办|咋弄|咋办|在哪|多久|几天|几个)"
)
_POINTING = re.compile(
    r"它|他们|她们|这个|那个|这些|那些|这样|那样|这种|那种|这里|那里|那儿|这儿|那边|这边|其中|上述|上面|刚才|前者|后者|这事|那事|这么|那么|该|此"
)
_ENDING = re.compile(r"呢\s*[?？!！。]*$")
_TURNING = re.compile(r"^(?:算了|对了|不问这个|先不说|另外问|换个|再问个别|还有个别的|问个别的|顺便问)")
_SUBJECT = re.compile(r"[?？!！。,，;；\s]+$")
SHORT, LONG = 8, 16


@dataclass(frozen=True, slots=True)
class Turns:
    """What a question may lean on: the last question that stood by itself, and the last answer; "" if there is none."""

    question: str = ""
    answer: str = ""


def leans(question: str) -> bool:
    """Whether a question that follows others cannot be understood without them."""
    if _TURNING.search(question):
        return False
    length = len("".join(HAN_ONLY.findall(question)))
    if length <= SHORT:
        return length > 0
    signs = bool(_OPENING.search(question)) + bool(_POINTING.search(question)) + bool(_ENDING.search(question))
    return signs > 0 if length <= LONG else signs > 1 or bool(_POINTING.search(question))


def turns_of(history: Sequence[Mapping[str, Any]]) -> Turns:
    """Return what the history offers to lean on; a chain of follow-ups leads back to the question that began it."""
    asked = [str(turn.get("content", "")) for turn in history if turn.get("role") == "user"]
    said = [str(turn.get("content", "")) for turn in history if turn.get("role") == "assistant"]
    subject = ""
    for first, question in enumerate(asked):
        subject = question if first == 0 or not leans(question) else subject
    return Turns(subject.strip(), said[-1].strip() if said else "")


def joined(subject: str, question: str) -> str:
    """Return a follow-up together with the question it leans on, as one question."""
    return f"{_SUBJECT.sub('', subject)}, {question}"
