"""Stage 5b, text -> Located: which documents a question names, which clause numbers, and the clauses that stand there.

Every way of asking goes through here: a number is found, found in several documents, or not found, and then it is said
which numbers the document has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.clause_number import Address, Number, find_numbers, folded, only_numbers
from assistant.index import Index
from assistant.mentions import Mention, Titles, masked

MOST_NAMED, MOST_NUMBERS = 3, 20
ABSENT = "所查的文档里没有《{}》。"
MISSING = "没有编号为「{}」的条款。"
IN_NONE, INSTEAD = "查过的 {} 份文档都没有这个编号。", "《{}》有{}。"
SHARED, SHARED_BY_NAME = "有 {} 份文档都有这个编号, 可写上文档名。", "有 {} 份文档都有这个编号, 可写上全名、年份或版本。"
MORE = "这个编号下共有 {} 条, 这里列出 {} 条。"


@dataclass(frozen=True, slots=True)
class Located:
    """What a text points at by name and number.

    :param policies: the documents of the index that it confines itself to; () for all
    :param absent: titles of documents that it names and that are not among those searched
    :param numbers: the clauses at the clause numbers in it, document by document
    :param holders: ids of the documents that have these clauses
    :param shared: whether several of them have the same number; they are `holders`, one name may stand for several
    :param missing: the first clause number that no document has, as it was written; `gap` says what there is instead
    :param only: whether it asks for nothing but clause numbers; `certain` if these can be nothing else, as a bare 30 can
    """

    policies: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    holders: tuple[str, ...] = ()
    shared: bool = False
    missing: str = ""
    gap: str = ""
    only: bool = False
    certain: bool = False

    @property
    def whole(self) -> bool:
        """Whether all the clauses at its numbers are the answer, and not only those that the other words lead to."""
        return bool(self.numbers) and (self.only or not self.shared)

    @property
    def note(self) -> str:
        """A sentence for each thing that a reader should know, "" if there is none."""
        notes = [ABSENT.format(title) for title in self.absent]
        if self.missing:
            notes.append(MISSING.format(self.missing) + self.gap)
        if self.shared:
            notes.append((SHARED_BY_NAME if self.policies else SHARED).format(len(self.holders)))
        return "\n".join(notes)


class Locator:
    """Knows the documents of an index by name, and their clauses by number."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.titles = Titles([policy.source for policy in index.policies])
        self.locate = lru_cache(maxsize=256)(self._locate)

    def _locate(self, text: str, within: tuple[str, ...] = ()) -> Located:
        """Return what a text points at.

        :param within: ids of the documents that are searched; () for all
        """
        words = folded(text)
        mentions = self.titles.mentions(words)
        if within:
            mentions = [_confined(mention, within) for mention in mentions]
        rest = masked(words, mentions)
        numbers = find_numbers(rest, tuple(mention.end for mention in mentions))
        telling = [m for m in mentions if m.policies and (m.telling or numbers)]
        policies = tuple(dict.fromkeys(p for mention in telling for p in mention.policies))
        absent = tuple(dict.fromkeys(m.title for m in mentions if not m.policies and (m.telling or numbers)))
        found: dict[int, None] = {}
        holders: dict[str, None] = {}
        missing, gap, shared = "", "", False
        for number in numbers[:MOST_NUMBERS]:
            named = _named(number, mentions)
            if named and not named.policies:
                continue
            searched = (named.policies if named else ()) or within or tuple(self.index.ranges)
            lists = list(self.index.places.policies(number.address, [self.index.ranges[policy] for policy in searched]))
            found |= dict.fromkeys(n for numbers_there in lists for n in numbers_there)
            holders |= dict.fromkeys(self.index.clauses[there[0]].policy for there in lists)
            shared = shared or len(lists) > 1
            if not lists and not missing:
                missing, gap = self._written(words, number, named), self._gap(number.address, searched)
        only = bool(numbers) and only_numbers(rest, numbers)
        certain = only and (bool(mentions) or _can_be_nothing_else(words))
        return Located(policies, absent, tuple(found), tuple(holders), shared, missing, gap, only, certain)

    def follow(self, asked: str, standalone: str, within: tuple[str, ...] = ()) -> Located:
        """Return what a question points at; a follow-up stays with the documents of the question it leans on.

        :param standalone: the question together with that one
        """
        located = self.locate(asked, within)
        if located.policies or standalone == asked:
            return located
        before = self.locate(standalone, within).policies
        return replace(self.locate(asked, before), policies=before) if before else located

    def _written(self, words: str, number: Number, named: Mention | None) -> str:
        """Return a clause number as it was written, with the name of its document."""
        return words[named.start if named and named.end <= number.start else number.start : number.end].strip()

    def _gap(self, address: Address, searched: Sequence[str]) -> str:
        """Return which numbers the documents have in the place of one that they lack."""
        if len(searched) > MOST_NAMED:
            return IN_NONE.format(len(searched))
        spans = [(policy, self.index.places.span(address, self.index.ranges[policy])) for policy in searched]
        return "".join(INSTEAD.format(self.titles.sources[policy].title, span) for policy, span in spans if span)


def missing(located: Located, typed: str = "") -> str:
    """Return the sentences for a clause number that was asked for and is not there."""
    note = located.note.replace("\n", "") or MISSING.format(typed)
    return f"{note}请核对{'文档名' if located.absent else '编号'}, 或按文字搜索。"


def _confined(mention: Mention, within: tuple[str, ...]) -> Mention:
    """Return a mention as far as its documents are among those searched."""
    kept = tuple(policy for policy in mention.policies if policy in within)
    return Mention(mention.start, mention.end, mention.title, kept, mention.telling)


def _named(number: Number, mentions: Sequence[Mention]) -> Mention | None:
    """Return the document that a clause number belongs to: the last one named before it, else the first one after it."""
    before = [mention for mention in mentions if mention.end <= number.start]
    return before[-1] if before else next(iter(mentions), None)


def _can_be_nothing_else(words: str) -> bool:
    """Whether a text that reads as a clause number is one: 五、4 and 第九条, not a bare 30."""
    return not words.isalnum() or words.startswith("第") or words.endswith(("条", "款", "项"))
