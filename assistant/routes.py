"""The pages beside the chat: what they all stand on, the desk, judgements, and what is shown when something goes wrong.

Desk and library are pages of this app and not of Gradio: results while typing, the back button, search and export without
a script, and printing need plain addresses and plain HTML. Routes only read what was asked, call the assistant, render.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Body, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from assistant import page
from assistant.assistant import Assistant
from assistant.clause import Clause, Policy
from assistant.elsewhere import Elsewhere
from assistant.errors import AssistantError, ClauseNotFound, QuestionError
from assistant.fulltext import FullText, fulltext
from assistant.records import Records
from assistant.wording import Language, language_of, translator

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'self'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
SHORTEST = 2
Several = Annotated[list[str] | None, Query()]


class Edition:
    """The policies as they stand: one assistant and what is drawn from it. It never changes; a switch makes another."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.policies = {policy.source.policy: policy for policy in assistant.policies}
        self.sources = {name: policy.source for name, policy in self.policies.items()}
        self.pointers = Elsewhere(assistant.retrievers.locator).pointers
        self.fulltext = lru_cache(maxsize=32)(self._fulltext)
        self.text = lru_cache(maxsize=32)(self._text)
        self.once = lru_cache(maxsize=512)(self._once)

    def policy(self, name: str) -> Policy:
        """Return a policy by its id, the first one for "".

        :raises QuestionError: if there is none of that name
        """
        if name and name not in self.policies:
            raise QuestionError(f"没有名为「{name[:80]}」的政策。")
        return self.policies[name or next(iter(self.policies))]

    def chosen(self, names: Sequence[str] | None) -> list[str]:
        """Return the ids of the policies that an address names, [] for all.

        :raises QuestionError: if there is none of such a name
        """
        return [self.policy(name).source.policy for name in dict.fromkeys(names or ()) if name]

    def clause(self, name: str, clause: str, among: Sequence[str] = ()) -> tuple[Policy, Clause | None]:
        """Return the policy and the clause of a permalink; the clause may be given by anchor or by number.

        :param name: id of its policy, or "" for the first of `among`, or of all, that has such a clause
        :raises QuestionError, ClauseNotFound: if there is no such policy or clause
        """
        policy = self.policy(name or next(iter(among), ""))
        if not clause or any(heading.anchor == clause for heading in policy.headings):
            return policy, None
        found, positions = self.assistant.show(clause, name or among)[0]
        return found, found.clauses[positions[0]]

    def _fulltext(self, name: str) -> FullText:
        """Return the full text of a policy."""
        return fulltext(self.policies[name], self.pointers)

    def _text(self, name: str, language: Language, outlined: bool = True) -> str:
        """Return the full text of a policy as HTML."""
        return page.render("text.html", language, text=self.fulltext(name), outlined=outlined)

    def _once(self, make: Callable[..., Any], *values: Hashable) -> Any:
        """Return make(edition, *values), made once for this edition."""
        return make(self, *values)


class Pages:
    """What all pages stand on. A request takes the edition once, at its beginning, so that a switch does not divide it."""

    def __init__(self, assistant: Assistant, records: Records | None, uploads: bool = False) -> None:
        self.edition = Edition(assistant)
        self.records, self.uploads = records, uploads

    def switch(self, assistant: Assistant) -> None:
        """Let every request from now on be answered by another assistant."""
        assistant.lexicon.settle()
        self.edition = Edition(assistant)

    def frame(self, request: Request, here: str, edition: Edition) -> dict[str, Any]:
        """Return what every page needs."""
        return {
            "here": here,
            "embed": request.query_params.get("embed") == "1",
            "policies": list(edition.sources.values()),
            "kept": page.kept(self.records is not None, language_of(request.query_params.get("lang"))),
        }


def add_desk(app: FastAPI, pages: Pages) -> None:
    """Add the desk and its list of hits."""

    @app.get("/desk")
    def desk(request: Request, q: str = "", policy: Several = None, clause: str = "", lang: str = "") -> HTMLResponse:
        language, edition = language_of(lang), pages.edition
        chosen = edition.chosen(policy)
        shown, at = edition.clause(chosen[0] if chosen else "", clause)
        found = _hits(edition, q, chosen, language)[0] if len(q.strip()) >= SHORTEST else ""
        name = shown.source.policy
        values = {
            "q": q,
            "chosen": chosen,
            "opened": name,
            "clause": at.anchor if at else clause,
            "found": found,
            "text": edition.text(name, language, False),
        }
        return as_html(page.render("desk.html", language, **values, **pages.frame(request, "desk", edition)))

    @app.get("/desk/hits")
    def hits(q: str = "", policy: Several = None, lang: str = "") -> HTMLResponse:
        return as_html(*_hits(pages.edition, q, policy or (), language_of(lang)))

    @app.get("/text")
    def text(policy: str = "", lang: str = "") -> HTMLResponse:
        edition = pages.edition
        return as_html(edition.text(edition.policy(policy).source.policy, language_of(lang), False))


def _hits(edition: Edition, q: str, policies: Sequence[str], language: Language) -> tuple[str, int]:
    """Return the desk's list for a question, or what is wrong with it, and the HTTP status."""
    try:
        answer = edition.assistant.ask(q, policy=policies)
    except AssistantError as error:
        return page.error_html(str(error), language), 400
    understood = "" if "".join(answer.standalone.split()) == "".join(q.split()) else answer.standalone
    shown = [*answer.citations, *(hit for hit in answer.hits if hit not in answer.citations)][:9]
    cards = page.cards(shown, edition.sources, edition.pointers)
    more = {"origin": page.origin(answer, edition.sources)}
    return page.render("hits.html", language, answer=answer, understood=understood, cards=cards, **more), 200


def add_judgements(app: FastAPI, pages: Pages) -> None:
    """Add what the buttons under an answer send, and the questions that an agent has acted on."""

    @app.post("/feedback")
    def feedback(id: Annotated[str, Body()], useful: Annotated[bool, Body()], reason: Annotated[str, Body()] = "") -> Response:
        stored = pages.records is not None and pages.records.judged(id, useful, reason)
        return Response(status_code=204 if stored else 409)

    @app.post("/desk/used")
    def used(q: Annotated[str, Body()], policy: Annotated[list[str] | str, Body()] = "") -> Response:
        if pages.records is not None:
            pages.records.asked(pages.edition.assistant.ask(q, policy=policy or None), "desk")
        return Response(status_code=204)


def add_apologies(app: FastAPI, pages: Pages) -> None:
    """Add the pages for what goes wrong."""

    @app.exception_handler(AssistantError)
    def mistaken(request: Request, error: AssistantError) -> HTMLResponse:
        return apology(pages, request, str(error), 404 if isinstance(error, ClauseNotFound | QuestionError) else 500)

    @app.exception_handler(HTTPException)
    def lost(request: Request, error: HTTPException) -> Response:
        if request.url.path.startswith("/gradio_api/"):
            return JSONResponse({"detail": error.detail}, error.status_code)
        return apology(pages, request, "没有这个页面。", error.status_code)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> HTMLResponse:
        return apology(pages, request, "服务出错了, 您输入的内容没有丢: 请返回上一页重试。", 500)


def apology(pages: Pages, request: Request, message: str, status: int) -> HTMLResponse:
    """Return a page that says what is wrong and offers search."""
    language = language_of(request.query_params.get("lang"))
    t = translator(language)
    values = {"title": t("没有找到" if status == 404 else "出错了"), "message": t(message)}
    return as_html(page.render("missing.html", language, **values, **pages.frame(request, "", pages.edition)), status)


def as_html(content: str, status: int = 200) -> HTMLResponse:
    """Return a page or a part of one."""
    return HTMLResponse(content, status, HEADERS)
