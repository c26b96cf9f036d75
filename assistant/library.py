"""The library: clauses searched in one document, in several or in all, and the full text of one of them beside the hits.

Its address says everything: `policy` (several times) is what is searched, none means all; `clause` is the place that the full
text shows, in the document `open`, which may be left out where only one is searched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from assistant import page
from assistant.answer import CLOSE
from assistant.clause import Hit
from assistant.errors import AssistantError
from assistant.render import KINDS
from assistant.routes import Edition, Pages, Several, as_html
from assistant.search import Finding, Wanted
from assistant.wording import Language, language_of, translator

MOST_SHOWN = 300  # cards of a page; more are counted


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the hits are in one document, and the search in that document alone."""

    title: str
    count: int
    link: str


def add_library(app: FastAPI, pages: Pages) -> None:
    """Add the library."""

    @app.get("/library")
    def library(
        request: Request,
        q: str = "",
        policy: Several = None,
        clause: str = "",
        open: str = "",
        chapter: str = "",
        kind: str = "",
        order: str = "",
    ) -> HTMLResponse:
        language, edition = language_of(request.query_params.get("lang")), pages.edition
        chosen = edition.chosen(policy)
        searched = chosen or list(edition.policies)
        alone = searched[0] if len(searched) == 1 else ""
        opened, at = edition.clause(open or alone, clause, chosen)
        if not q and not open and not alone and _is_shared(edition, clause, chosen):
            q = clause
        wanted = Wanted(q, chosen, chapter if alone else "", next((k for k in KINDS if k == kind), None), order == "place")
        finding, problem = _found(edition, wanted, language)
        hits = finding.hits if finding else ()
        if hits and not (open or alone or clause):
            opened = edition.policies[hits[0].policy]
        source = opened.source
        values = {
            **{"q": q, "chapter": chapter, "kind": kind, "order": order, "clause": at.anchor if at else clause},
            **{"chosen": chosen, "alone": alone, "source": source, "finding": finding, "problem": problem},
            "chapters": edition.policies[alone].headings if alone else (),
            "shares": () if alone else _shares(edition, hits, {"q": q, "kind": kind, "order": order}, request),
            "cards": page.cards(hits[:MOST_SHOWN], edition.sources, edition.pointers, matched=True),
            "best": max((hit.score for hit in hits), default=0.0),
            "close": CLOSE,
            "text": edition.text(source.policy, language),
            "definitions": edition.fulltext(source.policy).definitions,
        }
        return as_html(page.render("library.html", language, **values, **pages.frame(request, "library", edition)))


def _is_shared(edition: Edition, clause: str, chosen: Sequence[str]) -> bool:
    """Whether a permalink gives a number that several documents have, so that all of them are listed."""
    by_number = bool(clause) and clause not in edition.assistant.index.places.anchors
    return by_number and len(edition.assistant.show(clause, chosen)) > 1


def _found(edition: Edition, wanted: Wanted, language: Language) -> tuple[Finding | None, str]:
    """Return what a search gave, None if nothing was asked for, and what is wrong with it."""
    if not (wanted.typed.strip() or wanted.chapter or wanted.kind):
        return None, ""
    try:
        return edition.assistant.find(wanted), ""
    except AssistantError as error:
        return None, translator(language)(str(error))


def _shares(edition: Edition, hits: Sequence[Hit], asked: dict[str, str], request: Request) -> list[Share]:
    """Return the documents that have hits, the one with most of them first."""
    asked |= {name: request.query_params.get(name, "") for name in ("lang", "embed")}
    more = {name: value for name, value in asked.items() if value}
    counted = Counter(hit.policy for hit in hits).most_common()
    return [
        Share(edition.sources[policy].title, count, f"library?{urlencode({'policy': policy} | more)}")
        for policy, count in counted
    ]
