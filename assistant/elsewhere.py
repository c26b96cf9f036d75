"""Where a clause names another document: 《个人信息保护法》第十七条 -> that clause, if the document is held and has it.

Looked for when a clause is shown, and kept nowhere. Stricter than mentions.py, which reads what people ask: only a title in
《》 that is the whole title of one document or a known short form of it counts, and a number that is not there leads nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.clause import Clause, Heading, Policy, Source, Span
from assistant.clause_number import MASK, Number, number_after
from assistant.locate import Locator
from assistant.mentions import OTHER_LAW, QUOTED, YEAR_AFTER
from assistant.render import where
from assistant.script import characters
from assistant.titles import BRACKETS, PARTS, STATE, YEAR, is_common, laws, plain, variants

_PART = re.compile("|".join(PARTS))
_MORE = re.compile(r"(?:、|和|以?及|与|或者?|至|到)(?=第)")
_SURE = re.compile(r"第|.*(?:条$|[、(])")  # not the 2.1 of a version
_NOT_ITSELF = re.compile(r"[(\[〔【][^()]*(?:草案|稿|解读|释义|对照)")
_GENERAL = re.compile(r"目录|列表|名单|共享|收集|第三方|合作|伙伴|权限|调用|明示|方")


@dataclass(frozen=True, slots=True)
class Pointer:
    """Words that lead to a place in a document.

    :param span: raw[start:end]
    :param where: the place as people write it, 《中华人民共和国个人信息保护法》第十七条
    """

    span: Span
    policy: str
    anchor: str
    where: str


Pointers = Callable[[str, str, Span], Sequence[Pointer]]


def nowhere(policy: str, raw: str, span: Span) -> Sequence[Pointer]:
    """Return no pointers: where only one document is known, or on paper."""
    return ()


class Elsewhere:
    """Knows the documents of an index by their whole titles."""

    def __init__(self, locator: Locator) -> None:
        self.index, self.titles = locator.index, locator.titles
        self.policies = {policy.source.policy: policy for policy in self.index.policies}
        self.called: dict[str, tuple[str, ...]] = {}
        for source in self.titles.sources.values():
            for name in _names(source):
                self.called[name] = (*self.called.get(name, ()), source.policy)

    def pointers(self, policy: str, raw: str, span: Span) -> Sequence[Pointer]:
        """Return what raw[start:end] of a policy says of other documents that leads there, in order."""
        if raw.find("《", *span) < 0:
            return ()
        text, places = _aligned(raw, span)
        found = (at for quoted in QUOTED.finditer(text) for at in self._from(policy, quoted))
        return [Pointer((places[p.span[0]], places[p.span[1] - 1] + 1), p.policy, p.anchor, p.where) for p in found]

    def _from(self, own: str, quoted: re.Match[str]) -> Iterator[Pointer]:
        """Yield where a title and the numbers after it lead; the spans are of the folded text."""
        text, end = quoted.string, quoted.end()
        policies = () if OTHER_LAW.match(text, end) else self._held(quoted[1])
        version = BRACKETS.match(text, end) or YEAR_AFTER.match(text, end)
        if policies and version and YEAR.search(version[1]):
            policies, end = self.titles.of_version(policies, version[1]), version.end()
        if part := _PART.match(text, end):
            end = part.end()
        number = number_after(text, end) if policies else None
        if not number or not _SURE.match(text[number.start : number.end].strip()):
            others = [policy for policy in policies if policy != own]
            if len(others) == len(policies) == 1:
                yield self._document((quoted.start(), end), others[0])
            return
        start = quoted.start()
        while number:
            end = number.start + len(text[number.start : number.end].rstrip())
            if at := self._at(policies, number):
                yield self._clause((start, end), at)
            more = _MORE.match(text, end)
            number = number_after(text, more.end()) if more else None
            start = number.start if number else end

    def _held(self, title: str) -> tuple[str, ...]:
        """Return the documents that a title is the whole title of."""
        name = plain(title)
        forms = (name, name.replace(STATE, ""), laws().get(name, name))
        policies = next((held for form in forms if (held := self.called.get(form, ()))), ())
        if not policies and (version := BRACKETS.search(name)) and YEAR.search(version[1]):
            bare = self._held(BRACKETS.sub("", name))
            return self.titles.of_version(bare, version[1])
        if policies and is_common(_GENERAL.sub("", name)):  # any company may have a document of that title
            holding = [policy for policy, whole in self.titles.titles.items() if name in whole]
            return policies if len(holding) == 1 else ()
        return policies

    def _at(self, policies: Sequence[str], number: Number) -> int | None:
        """Return the first clause at a number, if just one of the documents has that number."""
        places, ranges = self.index.places, self.index.ranges
        found = [there for policy in policies if (there := places.resolve(number.address, ranges[policy]))]
        return found[0][0] if len(found) == 1 else None

    def _clause(self, span: Span, number: int) -> Pointer:
        """Return what leads to a clause of the index."""
        clause = self.index.clauses[number]
        return Pointer(span, clause.policy, clause.anchor, where(clause, self.titles.sources[clause.policy]))

    def _document(self, span: Span, name: str) -> Pointer:
        """Return what leads to the beginning of a document."""
        return Pointer(span, name, _first(self.policies[name]), f"《{self.titles.sources[name].title}》")


def _names(source: Source) -> set[str]:
    """Return a document's title with and without the state, the company's form and a version, and its known short forms."""
    title = plain(source.title)
    names = {title, title.replace(STATE, "")} if _NOT_ITSELF.search(title) else variants(title)
    return names | {short for short, full in laws().items() if full in names}


def _first(policy: Policy) -> str:
    """Return the anchor of what a document begins with."""
    items: list[Heading | Clause] = [*policy.headings[:1], *policy.clauses[:1]]
    return min(items, key=lambda item: item.line).anchor


def _aligned(raw: str, span: Span) -> tuple[str, list[int]]:
    """Return raw[start:end] folded as clause_number.folded does, and where in `raw` each of its characters comes from.

    Marks of emphasis are left out, so that **《某法》**第一条 is read as well.
    """
    letters: list[str] = []
    places: list[int] = []
    for at in range(*span):
        for letter in "" if raw[at] in "*\\" else _folded(raw[at]):
            if not letter.isspace() or (letters and letters[-1] != " "):
                letters.append(" " if letter.isspace() else letter)
                places.append(at)
    return "".join(letters), places


@lru_cache(maxsize=10_000)
def _folded(character: str) -> str:
    """Return one character as clause numbers are read from it."""
    return characters(unicodedata.normalize("NFKC", character)).replace(MASK, " ")
