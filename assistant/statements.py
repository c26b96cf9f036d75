"""What a document says of itself: of which kind its title is, and the version and the date that its text states."""

from __future__ import annotations

import re

KINDS_OF_DOCUMENTS = ("隐私政策", "协议", "法律", "法规规章", "规则", "其他")
# the first that fits; a title ends with what it is, but for brackets behind it
_KINDS = (
    ("隐私政策", re.compile(r"隐私|个人信息(?:保护|处理)?(?:政策|声明|规则|指引|告知书|处理规则)")),
    ("协议", re.compile(r"协议|合同|服务条款|用户须知|授权书|承诺书|条款$")),
    ("法律", re.compile(r"(?:法|法典|宪法修正案)$")),
    ("法规规章", re.compile(r"(?:条例|办法|规定|细则|决定|解释|法律适用若干问题的规定)(?:\(试行\))?$")),
    ("规则", re.compile(r"规则|规范|公约|准则|标准|制度|章程|指引|须知")),
)
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]\s*$")
_DATE = r"\d{4}\s*(?:年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|[-./]\d{1,2}[-./]\d{1,2})"
_FORCE = (
    re.compile(rf"(?:生效|施行|实施)(?:日期|时间|日)?\s*[为是]?\s*[:：]?\s*({_DATE})"),
    re.compile(rf"本(?:政策|隐私政策|协议|规则|法|条例|办法|规定|细则|声明)\s*自\s*({_DATE})\s*起\s*(?:正式)?(?:施行|实施|生效)"),
)
_OTHER_DATE = re.compile(rf"(?:最近|最新|最后)?(?:更新|修订|发布|公布|版本)(?:日期|时间|日)?\s*[为是]?\s*[:：]\s*{_DATE}")
_VERSION = re.compile(r"(?:版本号?|Version)\s*[:：]\s*([Vv]?\d+(?:\.\d+)*)(?![\d年/.-])")
_ENDS = 3000  # characters at either end of a text where it says such things of itself


def kind_of(title: str) -> str:
    """Return which of KINDS_OF_DOCUMENTS a document is, guessed from its title."""
    bare = _BRACKETS.sub("", title.strip(" 《》"))
    return next((kind for kind, pattern in _KINDS if pattern.search(bare)), KINDS_OF_DOCUMENTS[-1])


def effective_date_of(text: str) -> str:
    """Return the date from which a document is in force in its own words, "" if it states none."""
    ends = _ends(text)
    found = next((match for pattern in _FORCE if (match := pattern.search(ends))), None)
    return "".join(found[1].split()) if found else ""


def stated_date_of(text: str) -> str:
    """Return the date of another sort that a document states, with its own word for it: 更新日期：2021年8月20日; or ""."""
    found = _OTHER_DATE.search(_ends(text))
    return " ".join(found[0].split()) if found else ""


def version_of(text: str) -> str:
    """Return the version that a document states, "" if it states none."""
    found = _VERSION.search(_ends(text))
    return found[1] if found else ""


def _ends(text: str) -> str:
    """Return where a document speaks of itself: its beginning and its end."""
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]}\n{text[-_ENDS:]}"
