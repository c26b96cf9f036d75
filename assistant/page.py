"""Answers, hits and policies as HTML, by the templates in web/templates; Jinja escapes every word, here and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assistant.cards import Card, card, permalink
from assistant.clause import Answer, Clause, Hit, Source
from assistant.elsewhere import Pointers, nowhere
from assistant.render import CONTACTS, KINDS, VERDICTS
from assistant.report import SKIPPED
from assistant.settings import PACKAGE
from assistant.wording import Language, translator

WEB = PACKAGE / "web"
NEAREST = 3
SIGNS = {
    "clause": "整条向量",
    "sentence": "最佳句向量",
    "bm25": "关键词 (BM25)",
    "term": "逐词最近",
    "taught": "题库所学",
    "asked": "题库相近问法",
    "known": "别处答过的问题",
}


@cache
def _environment() -> Environment:
    """Return the templates; a name that a page forgets to hand over is an error, not an empty place."""
    environment = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "permalink": permalink,
        "SKIPPED": SKIPPED,
        "KINDS": KINDS,
        "VERDICTS": VERDICTS,
        "CONTACTS": CONTACTS,
        "SIGNS": SIGNS,
        "assets": assets(),
    }
    return environment


@cache
def assets() -> str:
    """Return a hash of the stylesheet and the scripts, so that browsers keep them until they change."""
    files = sorted((WEB / "static").iterdir())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:10]


def render(template: str, language: Language = "zh", **values: Any) -> str:
    """Return a page or a part of one.

    :param values: what the template names; strings are escaped
    """
    return _environment().get_template(template).render(t=translator(language), lang=language, **values)


def cards(
    hits: Sequence[Clause], sources: Mapping[str, Source], pointers: Pointers = nowhere, matched: bool = False
) -> list[Card]:
    """Return hits as cards; with `matched`, the matched words are marked besides the decisive sentence.

    :param pointers: what tells the names of other documents, which become links
    """
    words = (hit.evidence.words if matched and isinstance(hit, Hit) else () for hit in hits)
    return [card(hit, sources[hit.policy], found, pointers) for hit, found in zip(hits, words, strict=True)]


def answer_html(
    answer: Answer,
    sources: Mapping[str, Source],
    language: Language = "zh",
    id: str = "",
    related: Sequence[str] = (),
    pointers: Pointers = nowhere,
) -> str:
    """Return one answer of the chat: the best citation open, the others folded; or that the policy does not cover it.

    :param id: under which the question was recorded, "" if it was not: then nothing is asked about it either
    """
    shown = answer.citations or answer.hits[:NEAREST]
    typed = "".join(answer.question.split())
    understood = "" if "".join(answer.standalone.split()) == typed else answer.standalone
    opened = len(shown) if len(answer.parts) > 1 else 1
    return render(
        "answer.html",
        language,
        answer=answer,
        understood=understood,
        cards=cards(shown, sources, pointers),
        opened=opened if answer.citations else 0,
        id=id,
        related=related,
        origin=origin(answer, sources),
    )


def origin(answer: Answer, sources: Mapping[str, Source]) -> str:
    """Return the title of the policy whose contacts an answer gives, where there are several; else ""."""
    return sources[answer.hits[0].policy].title if answer.hits and len(sources) > 1 else ""


def error_html(message: str, language: Language = "zh") -> str:
    """Return a message about the question itself."""
    return render("message.html", language, message=translator(language)(message))


def kept(kept: bool, language: Language) -> str:
    """Return what a page says about what it keeps."""
    if not kept:
        return translator(language)("提问和评价不会保存。")
    words = "为改进回答, 提问和评价会保存在本服务自己的数据库里; 手机号、证件号、卡号、邮箱在保存前遮住。"
    return translator(language)(words)
