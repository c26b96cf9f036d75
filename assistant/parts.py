"""One message -> the questions in it: several asked at once, or one buried in a long story.

Splits at marks and joining words, and keeps a piece as a question of its own only if it asks something and says about
what; what merely tells (我上个月换了手机) goes with the question after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.segment import HAN_ONLY

_SENTENCE = re.compile(r"[^。!！?？;；\n…~～]+[。!！?？;；\n…~～]*")
_CLAUSE = re.compile(r"[^,，、]+[,，、]*")
_JOIN = re.compile(r"[,，]?(?=还有(?!没有)|另外|以及|顺便|同时|再就是|第[二三]个?[,，:：]?|其次)")
_ASKS = re.compile(
    r"[?？]|吗|呢|嘛|么$|[不没]$|没有$|多少|怎么|咋|如何|什么|啥|哪|谁|多久|多长|几[天个年月日种家次]|为何|凭什么|凭啥|能不能|会不会|可不可以|是不是|"
    r"要不要|有没有|行不行|能否|是否|可否|需不需要|(.)不\1"
)
_COMPLETE = re.compile(  # 我逛过哪些帖子, 你们留多久 is one question: its first half does not ask by itself
    r"(?:[?？]|吗|呢|嘛|么|不|没|没有|多少|多久|谁|哪里|哪儿|几天)[,，、]*$|^\W*(?:为什么|为啥|凭什么|凭啥|怎么|咋|如何)|"
    r"(?:能不能|会不会|可不可以|是不是|要不要|怎么|如何|是否|能否)\S{2,}"
)
_HOLLOW = re.compile(
    r"请问|麻烦|你好|您好|你们|我们|客户|用户|对方|他们?|我|您|你|想|要|问|知道|一下|行不行|可以|是不是|对不对|怎么办|咋办|咋整|为什么|"
    r"为啥|凭什么|凭啥|怎么|咋|什么|啥|吗|呢|嘛|啊|呀|吧|了|的|有|没有|没|能|会|是|在|不|还|另外|以及|顺便|同时|都|也|就|又|那|这|一"
)
_EACH = re.compile(r"分别|各自|各(?=[是要有给拿])|这[两三几][个种项家]|[两三][个种项家件]|以及")
_AND = re.compile(r"、|以及|[,，]再|[,，]|和|与|及")
LONG, SUBSTANCE = 60, 3


@dataclass(frozen=True, slots=True)
class Parts:
    """The questions of a message, each in its own words; `listed` if they are things that one question asks about."""

    questions: tuple[str, ...]
    listed: bool = False


def parts_of(message: str) -> Parts:
    """Return the questions of a message; a message that asks once comes back whole."""
    pieces = [piece.strip(" ,，、。;；\n") for sentence in _SENTENCE.findall(message) for piece in _pieces(sentence)]
    questions: list[str] = []
    telling: list[str] = []
    for piece in filter(None, pieces):
        if not _ASKS.search(piece):
            telling.append(piece)
        elif _substance(piece) >= SUBSTANCE:
            questions.append(", ".join([*telling[-1:], piece]) if _pointing(piece) else piece)
            telling = []
        elif telling:
            questions.append(", ".join([*telling, piece]))
            telling = []
        elif questions:
            questions[-1] = f"{questions[-1]}, {piece}"
        else:
            questions.append(piece)
    if len(questions) > 1 or (questions and len(message) >= LONG):
        return Parts(tuple(dict.fromkeys(part for question in questions for part in _things(question))))
    things = _things(message)
    return Parts(things, listed=True) if len(things) > 1 else Parts((message,))


def _things(message: str) -> tuple[str, ...]:
    """Return the things that a question asks about one by one, each with what is asked: 相机和日历分别干什么."""
    cue = _EACH.search(message)
    if not cue or len(message) > LONG:
        return (message,)
    named, asked = message[: cue.start()], message[cue.end() :].strip(" ,，。?？")
    if "以及" in message:
        named, asked = message, ""
    things = (piece.strip(" ,，。?？") for piece in _AND.split(named))
    found = tuple(dict.fromkeys(f"{thing}{asked}" for thing in things if _substance(thing) >= 2))
    return found if len(found) > 1 else (message,)


def _pieces(sentence: str) -> list[str]:
    """Cut a sentence at joining words, and at commas where both sides ask."""
    out: list[str] = []
    for stretch in _JOIN.split(sentence):
        for piece in _CLAUSE.findall(stretch):
            if out and not (_ASKS.search(piece) and _COMPLETE.search(out[-1])):
                out[-1] += piece
            else:
                out.append(piece)
        out.append("")
    return [piece for piece in out if piece]


def _substance(piece: str) -> int:
    """Return how many characters of a piece say what it is about."""
    return len("".join(HAN_ONLY.findall(_HOLLOW.sub("", piece))))


def _pointing(piece: str) -> bool:
    """Whether a piece points to what was told before it."""
    return bool(re.search(r"这|那|它", piece))
