"""The terms a policy defines, each with the sentence that does it: （以下简称“甲”）, “甲”是指…, 本法所称甲，是指…, 甲：指….

Strict on purpose: a reader who is shown a wrong definition is worse off than one who is shown none. What 本条所称 and 前款所称
define holds for one article only and is left out, and so is what a policy quotes from a law: 《某法》规定，甲是指….
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant import numbering
from assistant.blocks import BLANK
from assistant.clause import Clause, Policy, Span

LONGEST = 400
_G = r"[\s*_\\]{0,8}"  # a gap: white space and marks of emphasis
_MARKS = "“”\"＂「」『』‘’'〝〞【】"  # sources pair them in every way: ”甲“, “甲", "甲"
_DOC = r"(?:隐私)?权?(?:保护)?(?:政策|协议|条款|声明|指引|规则|须知|指南|说明|法|条例|规定|办法|细则|合同|公约|章程|文件|文本|文)"
_WHOSE = r"(?:用户|服务|使用|软件|平台|公司|网站|会员)?"
_SCOPE = rf"(?:在|就|为)?[本此]{_WHOSE}{_DOC}(?:项下|之中|[中里下内])?"
_SPOKEN = r"[所中]?(?:称|述|指|说|提及|提到|使用|涉及)到?[的之]?"

_ONE = rf"[{_MARKS}]{_G}(?:[^{_MARKS}（）()，。；;：:！？?!\n]{{1,30}}?){_G}[{_MARKS}]"
_NEXT = rf"{_G}(?:或者?|和|与|以?及|[、/，,])?{_G}(?:(?:以?下)?[简统合或]?称为?)?{_G}"
_QUOTED = rf"(?P<quoted>{_ONE}(?:{_NEXT}{_ONE}){{0,4}})"
_PLAIN = r"(?P<plain>(?:“[^“”\s]{1,16}”\w{2}|[\w《])[\w《》·®./+&\- ]{0,28}?)"
_GLOSS = rf"(?:{_G}[（(][^（）()\n]{{1,60}}[）)])?"
_HOW = r"(?:均|即|皆|都|具体|主要|通常|一般)?"
_IS = rf"{_HOW}(?:[是系]指|指的是)"
_MEANS = r"指(?![定导示出明引挥纹令派南望标认]|控(?!制)|向(?!社会|\w{2,8}提供))"  # not 指定, 指导, 指南, 指控 …
_MEANING = rf"{_G}[，,：:]?{_G}(?!包括但不限于)(?=[^。；;？?！!\n]{{4}})"
_IN_BRACKET = rf"{_G}[（(]{_G}{_SCOPE}[，,]?{_G}(?:[是系]指|{_MEANS})"

_SHORT_NAME = re.compile(
    rf"(?:(?:以下|(?<![线旗名])下[文列]?中?|后文|[本上]文中?|{_SCOPE}|[（(]{_G}[或合统简亦也])[或并亦均也皆总可]?[合统简并通]?称"
    rf"|[简统合]称(?=为?[：:]?{_G}[{_MARKS}]))(?![谓呼号职霸赞]|重(?![要大点]))(?:之?为|作)?{_G}[：:]?{_G}"
    rf"(?:{_QUOTED}|(?P<plain>[^{_MARKS}（）()，,。；;：:\n]{{2,24}}?))(?={_G}(?:[）)，,、。；;：:（(]|$)|{_G}[”\"]?{_G}[是系]?指)"
)
_AFTER_NAME = re.compile(rf"(?:[》{_MARKS}]|公司|{_DOC}){_G}[（(]{_G}{_QUOTED}{_G}[）)]")
_QUOTED_MEANS = re.compile(
    rf"{_QUOTED}(?:{_GLOSS}{_G}[，,：:]?{_G}(?:{_IS}|{_HOW}{_MEANS}|指代)|{_IN_BRACKET}|{_G}[（(]{_G}{_MEANS}){_MEANING}"
)
_PLAIN_MEANS = re.compile(
    rf"(?:^|[，,：:（(]){_G}(?:其中|此处|这里|文中|同时|所谓的?)?[，,]?{_G}"
    rf"(?:(?:{_SCOPE}|\w{{2,12}}法(?:和本\w{{2,4}})?){_SPOKEN}|{_SCOPE}[，,的]?)?{_G}{_PLAIN}"
    rf"(?:{_GLOSS}{_G}(?:[，,：:]?{_G}{_IS}|[，,：:]{_G}(?:(?P=plain))?{_MEANS})|{_IN_BRACKET}){_MEANING}"
)
_LISTED = re.compile(
    rf"^{_G}{_PLAIN}{_GLOSS}{_G}[：:](?!//){_G}(?!包括|[您我如若请要应例将]){_MEANING}(?=.{{8,}}[。；;])", re.DOTALL
)
_FIELD = re.compile(r"^[在与向从为将]|(?:名称|类型|方式|目的|功能|场景|链接|示例|附录|[为时下])$")  # of a form, not of a glossary
_LIST_OF_TERMS = re.compile(
    r"(?:名词|术语|词语|词汇|概念|关键词|名称)的?(?:解释|定义|释义|含义)|关键词说明|[下列以]{2}(?:用语|词语|术语|名词|概念)"
    r"|(?:^|[\s、.．)）]|相关|基本)(?:定义|释义)(?:[与和及]\w{2,6})?[：:；;\s*_]*$"
)
_ELSEWHERE = re.compile(
    r"《[^》]{1,40}(?:法|典|条例|规定|办法|规范|解释)》[^，,：:]{0,20}[，,：:]?$|(?:[前上][条款项]|本[条款项](?![例款])|前两款)[^，,：:]{0,4}$"
)

_WORD = re.compile(r"\w")
_SENTENCE = re.compile(r"(?:[^。；;！!？?\n]|(?<=[，,、])\n|\n(?=[，,、。；;（()）]))+(?:[。；;！!？?]+[”’」』）)]*)?")
_SELF = re.compile(
    rf"[您你我]们?的?|我[司行社方]|我们?公司|[甲乙丙丁双各两]方|用户|会员|玩家|公司|[本此该贵]{_WHOSE}{_DOC}"
    rf"|{_WHOSE}(?:隐私)?权?(?:保护)?(?:政策|协议|条款|声明|指引|规则|须知)"
    r"|(?:我们的)?(?:平台|网站|网络平台|软件|应用|应用程序|客户端|产品|服务|游戏|程序|(?i:app))(?:[与和及或/、]{1,3}(?:相关)?(?:服务|产品))?"
    r"|[本贵该]\w{0,4}(?:公司|平台|网站|站|软件|应用|产品|服务|程序|(?i:app)|[网店行司社方]|游戏|客户端|集团|单位|团队|人)"
    r"(?:[与和及或/]{1,2}\w{2,4})?"
)
_NO_TERM = re.compile(
    r"什么|哪|如何|是否|怎么|怎样|包括|必须|应当|不得|可以|可能|需要|[\n*<>：:，,。；;]|[是称]指|[是指的不而也就还只并仍特仅专]$"
    r"|^(?:[该此这那其它如若且并而但因由把所是者]|[您我](?!们?的|孩子|国)|对于|针对|随着|未经|可与|否则|有关|例如|备注|注意|说明|通常|一般|主要|具体|以上|[上前]述"
    r"|[本前][条款项]|前两款|第.{1,5}[条款项])|^[在除当对].*[中下外时后]$"
)
_BULLETS = BLANK + "*_-+•●■▪◆○·\uf0b7"
_WORD_GOES_ON = "器名者"  # 服务器, 用户名, 处理者 are other words than 服务, 用户, 处理


@dataclass(frozen=True, slots=True)
class Definition:
    """A term that the policy defines: `term` as it is used, and the sentence that defines it.

    :param span: the sentence, raw[start:end], at most 400 characters
    :param clause: number of the clause the sentence stands in
    :param anchor: permalink of that clause
    :param pronoun: whether the term only names or addresses a party, its product or the policy itself: 我们, 您, 本政策
    """

    term: str
    span: Span
    clause: str
    anchor: str
    pronoun: bool = False


def definitions_of(policy: Policy) -> tuple[Definition, ...]:
    """Return the terms a policy defines, in reading order; where it does so twice, what says the meaning goes before a name."""
    best: dict[str, tuple[bool, Definition]] = {}
    for clause in policy.clauses:
        for span in (s for role, s in zip(clause.roles, clause.spans, strict=True) if role in ("body", "cell")):
            for term, sentence, named in _defined_in(clause, policy.source.text, span):
                pronoun = bool(_SELF.fullmatch(re.sub("[《》]", "", term)))
                found = Definition(term, sentence, clause.clause, clause.anchor, pronoun)
                if term not in best or (best[term][0] and not named):
                    best[term] = named, found
    return tuple(sorted((found for _, found in best.values()), key=lambda d: d.span))


def _defined_in(clause: Clause, raw: str, span: Span) -> Iterator[tuple[str, Span, bool]]:
    """Yield what raw[start:end] defines: term, sentence, and whether that only names something instead of saying what it is."""
    above = [*clause.path, *(raw[slice(*s)] for role, s in zip(clause.roles, clause.spans, strict=True) if role == "stem")]
    patterns = [_SHORT_NAME, _AFTER_NAME, _QUOTED_MEANS, _PLAIN_MEANS]
    patterns += [_LISTED] if any(_LIST_OF_TERMS.search(step) for step in above) else []
    for sentence in _sentences(raw, span):
        words = raw[slice(*sentence)]
        for pattern in patterns:
            named = pattern in (_SHORT_NAME, _AFTER_NAME)
            for found in pattern.finditer(words):
                start = found.start(found.lastgroup or 0)
                # a name needs something before it that it is the name of
                if _WORD.search(words, 0, found.start()) if named else not _ELSEWHERE.search(words, max(0, start - 80), start):
                    place = _cut(raw, sentence, (sentence[0] + found.start(), sentence[0] + found.end()))
                    yield from ((term, place, named) for term in _terms(found) if pattern != _LISTED or not _FIELD.search(term))


def _sentences(raw: str, span: Span) -> Iterator[Span]:
    """Yield the sentences that raw[start:end] holds, without their numbers; what asks defines nothing."""
    for sentence in _SENTENCE.finditer(raw, *span):
        words = sentence[0].lstrip(_BULLETS)
        marker = numbering.match(words)
        start = sentence.end() - len(words) + (marker.length if marker else 0)
        end = start + len(raw[start : sentence.end()].rstrip(BLANK))
        if start < end and raw[end - 1] not in "?？":
            yield start, end


def _terms(found: re.Match[str]) -> Iterator[str]:
    """Yield the terms of 甲, 甲或乙, “甲”或“乙”; an alternative 产品或服务 is one term."""
    written = found[found.lastgroup or 0]
    quoted = [words[1:-1] for words in re.findall(_ONE, written)] if found.lastgroup == "quoted" else []
    for words in quoted or re.split(r"(?<![与和及/])(?:或者?|/)(?![或与和]|服务|产品)", written):
        parts = [part.strip(BLANK + "*_\\") for part in words.split("/")]
        for term in parts if all(map(_SELF.fullmatch, parts)) else [words.strip(BLANK + "*_\\")]:
            long_enough = 2 <= len(term) <= 20 and re.search(r"[^\W\d_]", term)
            if _SELF.fullmatch(term) or (long_enough and not _NO_TERM.search(term)):
                yield term


def _cut(raw: str, sentence: Span, needed: Span) -> Span:
    """Return the sentence, or if it is too long the part of it around `needed` that ends with a phrase."""
    start, end = sentence
    if needed[1] - start > LONGEST:
        earliest = needed[1] - LONGEST
        cuts = [raw.find(c, earliest, needed[0]) + 1 for c in "，,、：:"]
        start = min((c for c in cuts if c), default=earliest)
    if end - start > LONGEST:
        cut = max(raw.rfind(c, needed[1], start + LONGEST) for c in "，,、：:") + 1
        end = cut or start + LONGEST
    return start, end


def uses_of(term_definitions: Sequence[Definition], raw: str, span: Span) -> list[tuple[Span, Definition]]:
    """Return where defined terms stand inside raw[start:end], in order: of each term the first use outside its definition.

    Where terms overlap the longest counts. A term of Latin letters is a whole word there.
    """
    by_term = {definition.term: definition for definition in term_definitions}
    if not by_term:
        return []
    words = "|".join(_as_a_word(term) for term in sorted(by_term, key=len, reverse=True))
    pattern = re.compile(rf"(?<!非)(?:{words})(?![{_WORD_GOES_ON}])")
    uses: dict[str, tuple[Span, Definition]] = {}
    for found in pattern.finditer(raw, *span):
        definition = by_term[found[0]]
        start, end = definition.span
        if not start <= found.start() < end:
            uses.setdefault(definition.term, (found.span(), definition))
    return list(uses.values())


def _as_a_word(term: str) -> str:
    """Return the pattern of a term, where it begins or ends with a Latin letter or a digit not inside a longer word."""
    before = "(?<![A-Za-z0-9])" if re.match("[A-Za-z0-9]", term) else ""
    after = "(?![A-Za-z0-9])" if re.match("[A-Za-z0-9]", term[-1]) else ""
    return before + re.escape(term) + after
