"""Cross-references: the words 本政策第八条, 详见附表 in a clause -> the place they point to, if it exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain

from assistant.clause import Reference, Span
from assistant.numbering import HAN_DIGITS, value_of

_NUMBER = rf"[{HAN_DIGITS}\d]+"
_ARTICLE = re.compile(
    rf"(?:本(?:隐私(?:权)?)?(?:政策|协议|条款|声明|法|规定|条例|办法|指引))"
    rf"(?:之)?第({_NUMBER})(?:条|部分|章)(?:第{_NUMBER}款)?(?:【[^】]{{1,30}}】)?"
)
_ANNEX = re.compile(rf"(?:详见|参见|请见|见)(?:本(?:隐私)?(?:政策|协议))?(?:的|之)?((?:附表|附件|附录)(?:{_NUMBER})?)")


def find_references(raw: str, span: Span, resolve: Callable[[int], str | None], annexes: set[str]) -> tuple[Reference, ...]:
    """Return the references inside `raw[start:end]`, in order.

    :param resolve: number of an article -> clause number, or None if the policy has no such place
    :param annexes: names of the annexes the policy really has
    """
    found = []
    for words in chain(_ARTICLE.finditer(raw, *span), _ANNEX.finditer(raw, *span)):
        if words.re is _ARTICLE:
            target = resolve(value_of(words.group(1)))
        else:
            target = words.group(1) if words.group(1) in annexes else None
        found.append(Reference(words.span(), words.group(0), target))
    return tuple(sorted(found, key=lambda r: r.span))
