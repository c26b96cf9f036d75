"""Documents as people call them, title -> names: 中华人民共和国个人信息保护法 -> 个人信息保护法, 个保法, 个信法.

A name is telling when it can mean nothing else: a full title, a known short form of a law (laws.tsv). Ids, file names and
words that any policy has, 隐私政策, are not. Where names stand in a text, mentions.py finds out.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources

from assistant.clause import Source
from assistant.clause_number import folded
from assistant.script import characters

STATE = "中华人民共和国"
CODE, PARTS = "民法典", ("总则编", "物权编", "合同编", "人格权编", "婚姻家庭编", "继承编", "侵权责任编")
ENDS = ("总则", "附则")  # parts of the code whose names alone could be those of any chapter
LONGEST_NAME = 80
DROPPED = frozenset(" 《》〈〉“”\"'‘’·・-—_|")
BRACKETS = re.compile(r"[(\[〔【]([^()\[\]〔〕【】]{1,30})[)\]〕】]")
YEAR = re.compile(r"(?<![0-9A-Za-z])(?:19|20)\d\d(?![0-9A-Za-z])")
_COMPANY = re.compile(r"(?:股份|责任)?有限(?:责任)?公司|\(北京\)|\(中国\)")
_KINDS = re.compile(
    r"(?:法|条例|规定|办法|细则|规则|政策|协议|声明|指引|条款|须知|准则|规范|公约|章程|合同|决定|解释|修正案|草案|指南|制度|告知书|授权书|承诺书)$"
)
_COMMON = re.compile(
    r"用户|会员|平台|软件|网站|个人|注册|客户|使用|许可|产品|应用|app|服务|账[号户]|信息|保护|隐私权?|政策|协议|条款|声明|指引|规则|须知|说明"
    r"|公告|通知|合同|制度|条例|规定|办法|儿童|未成年人|安全|支付|第三方|sdk|清单|授权|数据|管理|交易|订单|售后|退款|购买|内容|社区|指南|规范"
    r"|及|与|和|本|我们|的|法|权|书"
)


@cache
def laws() -> dict[str, str]:
    """Return name -> full name, of the laws that are widely known, by full and by short names."""
    lines = resources.files("assistant").joinpath("laws.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {name: full for full, short in rows for name in (full, *short.split())}


def plain(title: str) -> str:
    """Return a name for comparing: narrow, simplified, in lower case, without blanks and quotation marks."""
    return "".join(c for c in characters(unicodedata.normalize("NFKC", title)).casefold() if c not in DROPPED)


def names_of(source: Source) -> tuple[set[str], set[str]]:
    """Return the telling names of a document, and those that need a clause number beside them."""
    given = [plain(source.title), *(plain(name) for name in (source.policy, source.filename, source.filename.rpartition(".")[0]))]
    names = {variant for name in given for variant in variants(name)}
    called = {short for short, full in laws().items() if full in names}
    telling = {name for name in names | called if name in laws() or _is_telling(name)}
    if CODE in names:
        part = part_of(source)
        own = [part, *(end for end in ENDS if part.startswith(end))] if part else [*PARTS, *ENDS]
        telling |= {name for part in own for name in (CODE + part, part) if name not in ENDS}
        names |= set(own)
    return telling, {name for name in names - telling if len(name) > 1 and not name.isdigit()}


def variants(name: str) -> set[str]:
    """Return a name without the state, the company's form, the version in brackets."""
    short = name.replace(STATE, "")
    bare = BRACKETS.sub("", short)
    return {v[:LONGEST_NAME] for v in (name, short, bare, _COMPANY.sub("", short), _COMPANY.sub("", bare)) if v}


def is_common(name: str) -> bool:
    """Whether a name is made of words that any policy has."""
    return not _COMMON.sub("", name)


def _is_telling(name: str) -> bool:
    """Whether a title is more than words that any policy has."""
    return len(name) > 3 and bool(_KINDS.search(BRACKETS.sub("", name))) and not is_common(name)


def part_of(source: Source) -> str:
    """Return which part of the Civil Code a file holds, "" if it is the whole."""
    for name in map(plain, (source.title, source.policy, source.filename.rpartition(".")[0])):
        rest = BRACKETS.sub(r"\1", name.replace(STATE, "").replace(CODE, ""))
        if found := next((part for part in (*PARTS, *ENDS) if part in rest or (rest and rest + "编" == part)), None):
            return "总则编" if found == "总则" else found
    return ""


def editions(source: Source) -> tuple[str, ...]:
    """Return where a document states which edition it is."""
    return source.title, source.filename.rpartition(".")[0], source.version, source.effective_date


def years_of(source: Source) -> frozenset[str]:
    """Return the years that tell the edition of a document from others."""
    return frozenset(YEAR.findall(folded(" ".join(editions(source)))))
