"""Where a text names documents: in 《》, by a telling name, or by any name that a clause number follows.

A telling name narrows a whole question. Ids, file names and words like 隐私政策 count only where a clause number follows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.clause import Source
from assistant.clause_number import MASK, number_after
from assistant.titles import BRACKETS, DROPPED, STATE, YEAR, editions, laws, names_of, plain, years_of

LONGEST_FRONT, LONGEST_SHORT = 12, 6
# fmt: off
_GROUPS = (
    ("隐私政策", "隐私权政策", "隐私声明", "隐私条款", "隐私协议", "隐私保护指引", "隐私保护政策", "隐私指引",
     "个人信息保护政策", "政策"),
    ("用户协议", "服务协议", "用户服务协议", "服务条款", "使用条款", "用户条款", "使用协议", "注册协议", "会员协议",
     "会员服务协议", "协议"),
)
# fmt: on
QUOTED = re.compile(r"《((?:[^《》]|《[^《》]{1,60}》){1,80})》")
YEAR_AFTER = re.compile(r"((?:19|20)\d\d)年?(?:版|修订版?|修正版?|修改版?)?(?![\d年月])")
_YEAR_BEFORE = re.compile(r"((?:19|20)\d\d)年?(?:版|修订|修正)?的?$")
OTHER_LAW = re.compile(r"(?:实施)(?:条例|细则|办法|规定)|(?:的?司法)?解释|修正案")
_NOT_A_LAW = "律规院定人庭务制治官学子宝案"  # what makes 公司法 the beginning of 公司法人
_LAWLIKE = re.compile(r"(?:法|条例|规定|办法|细则)")
_POLITE = re.compile(
    r"请问|请|有没有|是否|能否|违反|公司|帮我|给我|我想|看一?下?|查一?下?|问一?下?|根据|按照|依照|依据|按|在|你们的?|贵司的?|贵公司的?|我们的?|本|该|这个|这份|的|和|与|及|或|跟|里"
)
_ITSELF = re.compile(r"(?:本|该|此|上述|这|其|违反|的)(?:法|条例|规定|办法|细则)$")
_WORDS_BEFORE = re.compile(r"[^\W_]*$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A document named in a text.

    :param policies: ids of the documents that it may be, editions and parts of one code; () if it is not among them
    :param telling: whether the name can mean nothing else
    """

    start: int
    end: int
    title: str
    policies: tuple[str, ...]
    telling: bool = True


class Titles:
    """Knows the documents of an index by their names."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = {source.policy: source for source in sources}
        self.titles = {source.policy: plain(source.title) for source in sources}
        self.years = {source.policy: years_of(source) for source in sources}
        self.telling: dict[str, tuple[str, ...]] = {}
        self.loose: dict[str, tuple[str, ...]] = {}
        kinds = {kind for group in _GROUPS for kind in group}
        for source in sources:
            telling, loose = names_of(source)
            loose -= kinds  # a title that is one is no name for it alone
            for names, known in ((telling, self.telling), (loose, self.loose)):
                for name in names:
                    known[name] = (*known.get(name, ()), source.policy)
        self.lengths: dict[str, list[int]] = {}  # by its first two characters, so that a text is read once
        for name in {*self.telling, *self.loose, *laws()}:
            self.lengths.setdefault(name[:2], []).append(len(name))
        self.lengths = {start: sorted(set(lengths), reverse=True) for start, lengths in self.lengths.items()}

    def mentions(self, text: str) -> list[Mention]:
        """Return the documents that a folded text names, in order."""
        found = [self._quoted(quoted) for quoted in QUOTED.finditer(text)]
        rest = masked(text, found)
        kept = [at for at, character in enumerate(rest) if character not in DROPPED]
        squeezed = "".join(rest[at] for at in kept).casefold()
        if len(squeezed) == len(kept):  # a few characters grow longer in lower case; such a text names nothing
            for mention in self._scan(squeezed):
                start, end = kept[mention.start], kept[mention.end - 1] + 1
                at = replace(mention, start=start, end=end)
                if mention.telling or number_after(rest, end):
                    found.append(at)
            found += self._abbreviated(masked(text, found))
        return _joined(sorted(found, key=lambda mention: mention.start))

    def _quoted(self, quoted: re.Match[str]) -> Mention:
        """Return the document named between 《》, with the version that follows it."""
        name = plain(quoted[1])
        policies = self._called(name)
        if not policies and (version := BRACKETS.search(name)):
            policies = self.of_version(self._called(BRACKETS.sub("", name)), version[1])
        end = quoted.end()
        after = BRACKETS.match(quoted.string, end) or YEAR_AFTER.match(quoted.string, end)
        title = quoted[1].strip()
        if policies and after and (of_version := self.of_version(policies, after[1])) != policies:
            policies, end = of_version, after.end()
            title = title if policies else f"{title}({after[1]})"
        return Mention(quoted.start(), end, title, policies)

    def _called(self, name: str) -> tuple[str, ...]:
        """Return the documents of a name that is given as a title."""
        for form in (name, name.replace(STATE, ""), laws().get(name, name)):
            if policies := (*self.telling.get(form, ()), *self.loose.get(form, ())):
                return tuple(dict.fromkeys(policies))
        if name in laws():
            return ()
        return self._of_kind(name) or (self._like(name) if _LAWLIKE.search(name[-2:]) else ())

    def _of_kind(self, name: str) -> tuple[str, ...]:
        """Return the documents of a kind, 隐私政策 or 用户协议, whose title holds what stands before that word."""
        for group in _GROUPS:
            for kind in sorted(group, key=len, reverse=True):
                if name.endswith(kind):
                    front = _POLITE.sub("", name.removesuffix(kind))
                    fronted = [p for p, title in self.titles.items() if front in title]
                    exact = tuple(p for p in fronted if kind in self.titles[p])
                    return exact or tuple(p for p in fronted if any(word in self.titles[p] for word in group))
        return ()

    def _like(self, name: str) -> tuple[str, ...]:
        """Return the laws whose title holds the characters of a short form in their order: 公园条例."""
        short = 2 < len(name) <= LONGEST_SHORT
        found = (title for title in self.telling if short and title[-1] == name[-1] and _is_within(name, title))
        return tuple(dict.fromkeys(policy for title in found for policy in self.telling[title]))

    def _scan(self, text: str) -> Iterable[Mention]:
        """Yield every name in a squeezed text, the longest where several begin."""
        at = 0
        while at < len(text):
            lengths = self.lengths.get(text[at : at + 2], ())
            name = next((text[at : at + n] for n in lengths if self._is_name(text, at, at + n)), "")
            if name:
                yield (mention := self._mention(text, at, name))
                at = mention.end
            elif mention_of_kind := self._kind_at(text, at):
                yield mention_of_kind
                at = mention_of_kind.end
            else:
                at += 1

    def _is_name(self, text: str, start: int, end: int) -> bool:
        """Whether a name stands in a text as a word of its own."""
        name, before, after = text[start:end], text[start - 1 : start], text[end : end + 1]
        if name not in self.telling and name not in self.loose and name not in laws():
            return False
        if (_is_latin(name[0]) and _is_latin(before)) or (_is_latin(name[-1]) and _is_latin(after)):
            return False
        if name == "消法" and before and before in "取撤注抵打勾吊":
            return False
        return not (name.endswith("法") and after and after in _NOT_A_LAW)

    def _mention(self, text: str, start: int, name: str) -> Mention:
        """Return the document of a name, of the version that is named beside it."""
        end = start + len(name)
        if (other := OTHER_LAW.match(text, end)) and name in laws():
            return Mention(start, other.end(), text[start : other.end()], (), telling=False)
        policies, telling = self.telling.get(name, ()), name in self.telling
        policies = policies or self.loose.get(name, ())
        title = laws().get(name, name)
        if not policies:
            return Mention(start, end, title, (), telling=False)
        after = BRACKETS.match(text, end) or YEAR_AFTER.match(text, end)
        if after and ((kept := self.of_version(policies, after[1])) != policies or YEAR.search(after[1])):
            return Mention(start, after.end(), title if kept else f"{title}({after[1]})", kept, telling)
        before = _YEAR_BEFORE.search(text, max(0, start - 12), start)
        if before and (kept := self.of_version(policies, before[1])):
            return Mention(before.start(), end, title, kept, telling)
        if len(policies) > 1 and text[start - 1 : start] in tuple("新旧老原"):
            latest = max(max(self.years[p], default="") for p in policies)
            kept = tuple(p for p in policies if (latest in self.years[p]) == (text[start - 1] == "新"))
            return Mention(start - 1, end, title, kept or policies, telling)
        return Mention(start, end, title, policies, telling)

    def of_version(self, policies: tuple[str, ...], version: str) -> tuple[str, ...]:
        """Return the editions of a version or year; all, if what is given is neither."""
        if year := YEAR.search(version):
            return tuple(p for p in policies if year.group() in self.years[p] or not self.years[p])
        wanted = plain(version)
        return tuple(p for p in policies if wanted in plain(" ".join(editions(self.sources[p])))) or policies

    def _kind_at(self, text: str, start: int) -> Mention | None:
        """Return the documents of a kind that is named at a place, with the words before it that tell which."""
        for group in _GROUPS:
            kind = next((k for k in sorted(group, key=len, reverse=True) if text.startswith(k, start)), "")
            if kind:
                words = _WORDS_BEFORE.search(text, max(0, start - LONGEST_FRONT), start)
                front = _POLITE.sub("", words.group() if words else "")
                policies = self._of_kind(front + kind)
                begin = start - len(front) if text[:start].endswith(front) else start
                return Mention(begin, start + len(kind), front + kind, policies, telling=False) if policies else None
        return None

    def _abbreviated(self, text: str) -> list[Mention]:
        """Return laws by short forms of our own making, 公园条例第三条: only where a number follows."""
        found = []
        for law in _LAWLIKE.finditer(text):
            words = _WORDS_BEFORE.search(text, max(0, law.end() - LONGEST_FRONT), law.end())
            if words and number_after(text, law.end()) and not _ITSELF.search(words.group()):
                found += self._law_at(text, words.start(), law.end())
        return found

    def _law_at(self, text: str, start: int, end: int) -> list[Mention]:
        """Return the law whose short form ends at a place; one that is none of ours is not among the documents."""
        name = _POLITE.sub("", text[start:end])
        if not 2 < len(name) < LONGEST_FRONT:
            return []
        return [Mention(end - len(name), end, name, self._like(name), telling=False)]


def masked(text: str, mentions: Iterable[Mention]) -> str:
    """Return a text with masks in the place of names."""
    for mention in mentions:
        text = text[: mention.start] + MASK * (mention.end - mention.start) + text[mention.end :]
    return text


def _joined(mentions: Sequence[Mention]) -> list[Mention]:
    """Join 《民法典》合同编: a name that follows another at once and is a part of it."""
    done: list[Mention] = []
    for mention in mentions:
        last = done[-1] if done else None
        if last and mention.start - last.end <= 1 and mention.policies and set(mention.policies) <= set(last.policies):
            done[-1] = replace(last, end=mention.end, title=last.title + mention.title, policies=mention.policies)
        else:
            done.append(mention)
    return done


def _is_latin(character: str) -> bool:
    """Whether a character is a letter or digit of a Latin word."""
    return character.isascii() and character.isalnum()


def _is_within(short: str, long: str) -> bool:
    """Whether the characters of one text stand in another in the same order."""
    rest = iter(long)
    return all(character in rest for character in short)
