"""The types that cross module borders; all frozen, none with behaviour beyond derived values.

Offsets count characters of the decoded, otherwise untouched source text: `raw[start:end]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Span = tuple[int, int]
Kind = Literal["clause", "table_row", "preamble"]
Role = Literal["stem", "body", "column", "cell", "inherited"]
FurnitureKind = Literal["title", "contents", "columns", "layout"]
Verdict = Literal["answered", "partial", "not_covered"]


_STARS = re.compile(r"\*\*|\\(?=[.\-()#*_\[\]])")
_BREAK = re.compile(r"<br\s{0,9}/?>", re.IGNORECASE)
_UNDERLINE = re.compile(r"(?<![\w_])(_{1,2})(?=[^\s_])([^_\n]*[^\s_])\1(?![\w_])")


@dataclass(frozen=True, slots=True)
class Reference:
    """Words of a clause that point to another place: 本政策第八条 -> 八; `target` is None if no such place exists."""

    span: Span
    words: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Clause:
    """The smallest unit a lawyer would cite, at most 700 characters.

    :param policy: id of the policy it belongs to
    :param clause: its number as people write it, 五、4 or 一(一)2 表1 序号8; unique within the policy
    :param path: the headings above it, outermost first
    :param text: what a reader sees: stem, column names and inherited cells included, every word from the source
    :param spans: where each part of `text` stands in the source, in the order of `text`
    :param roles: what each of `spans` is; only body and cell are the clause's own words
    :param place: the stretch of the source that belongs to this clause and to no other
    :param line: the line of the source where `place` begins, counted from 1
    """

    policy: str
    clause: str
    path: tuple[str, ...]
    kind: Kind
    text: str
    spans: tuple[Span, ...]
    anchor: str
    roles: tuple[Role, ...]
    place: Span
    line: int
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that only names what follows; `number` is "" if it has none, `depth` counts from 0 for the outermost."""

    number: str
    title: str
    depth: int
    span: Span
    line: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Furniture:
    """A stretch of the source that is not citable: the title, a contents line, column names, layout."""

    kind: FurnitureKind
    span: Span


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something in the source that a person should look at, with its line counted from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text taken out of a file, written as manuscript.py says, and what was skipped or is doubtful."""

    text: str
    notes: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A policy as read: `text` decoded and otherwise untouched, or taken out of its file; offsets point into it.

    :param filename: its file in the corpus folder; of a file inside a zip: bundle.zip/inner name
    :param sha256: of its bytes
    :param notes: what was skipped or is doubtful in the file it was taken out of
    :param file_id: hash of the file in the corpus folder and of what the manifest says of it, see corpus.fingerprints
    """

    policy: str
    title: str
    version: str
    effective_date: str
    filename: str
    sha256: str
    text: str
    notes: tuple[Doubt, ...] = ()
    file_id: str = ""

    @property
    def markdown(self) -> bool:
        """Whether marks of emphasis in the text are layout rather than words."""
        return self.filename.lower().endswith(".md")

    def words(self, span: Span) -> str:
        """Return raw[start:end] as a reader sees it: no marks of emphasis of Markdown, no <br>, no stroke before a bar."""
        raw = _BREAK.sub(" ", self.text[span[0] : span[1]].replace("\\|", "|"))
        return _UNDERLINE.sub(r"\2", _STARS.sub("", raw)) if self.markdown else raw


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed source: clauses in reading order, and everything else that stands in the text."""

    source: Source
    clauses: tuple[Clause, ...]
    headings: tuple[Heading, ...]
    furniture: tuple[Furniture, ...]
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """What one retriever made of a clause: its rank from 1 (None if it had nothing), its own score, its share of the total."""

    name: str
    rank: int | None
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a clause was found: the sign of each retriever, the matched words, whether its number was asked for."""

    signs: tuple[Sign, ...] = ()
    words: tuple[str, ...] = ()
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Hit(Clause):
    """A clause found for a question: its fused score, the decisive sentence, and where else the same words stand."""

    score: float = 0.0
    marked: Span | None = None
    evidence: Evidence = Evidence()
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach the company, quoted from the policy: `words` is raw[start:end] of `span` in clause `clause`."""

    kind: Literal["phone", "email"]
    words: str
    span: Span
    clause: str


@dataclass(frozen=True, slots=True)
class Part:
    """One question of a message that asks several: whether it is covered, and the clause that answers, if one does."""

    question: str
    verdict: Verdict
    clause: str | None
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets: the citations shown as the answer, and the ten best hits whatever the verdict."""

    id: str | None
    question: str
    standalone: str
    verdict: Verdict
    confidence: float
    citations: tuple[Hit, ...]
    hits: tuple[Hit, ...]
    policy_version: str
    took_ms: float
    note: str = ""
    contacts: tuple[Contact, ...] = ()
    parts: tuple[Part, ...] = ()
