"""Exports: chosen clauses or a conversation as a file to keep or a page to print; their words come from the index."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Form, Query
from fastapi.responses import Response

from assistant import page
from assistant.cards import card
from assistant.clause import Clause
from assistant.errors import AssistantError, QuestionError
from assistant.export import Excerpt, export
from assistant.routes import HEADERS, Edition, Pages, as_html
from assistant.search import Wanted
from assistant.wording import Language, language_of, translator

MOST_TURNS, MOST_CITED, MOST_EXPORTED = 200, 10, 300


def add_exports(app: FastAPI, pages: Pages) -> None:
    """Add exports: chosen clauses by GET, so that they can be linked to; a conversation by POST."""

    @app.get("/export")
    def clauses(
        form: str = "docx", policy: str = "", q: str = "", lang: str = "", clause: Annotated[list[str] | None, Query()] = None
    ) -> Response:
        edition = pages.edition
        shown = edition.policy(policy)
        anchors = dict.fromkeys(clause or ())
        _check_size(len(anchors))
        wanted = [c for anchor in anchors if (c := edition.clause(shown.source.policy, anchor)[1])]
        found = edition.assistant.find(Wanted(q, shown.source.policy)).hits if q.strip() else ()
        return _exported(edition, [Excerpt(q, "", _marked(wanted, found))] if wanted else [], form, language_of(lang))

    @app.post("/export")
    def conversation(turns: Annotated[str, Form()] = "", form: Annotated[str, Form()] = "docx", lang: str = "") -> Response:
        edition = pages.edition
        excerpts = [_excerpt(edition, turn) for turn in _turns(turns)]
        _check_size(sum(len(excerpt.clauses) for excerpt in excerpts))
        return _exported(edition, excerpts, form, language_of(lang))


def _turns(text: str) -> list[dict[str, Any]]:
    """Read the turns that the chat sends for an export: questions, notes, and citations as policy#anchor."""
    try:
        turns = json.loads(text)
        assert isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns)
    except (ValueError, AssertionError, RecursionError) as error:
        raise QuestionError("要导出的对话读不懂。请刷新页面后再试。") from error
    return turns[:MOST_TURNS]


def _excerpt(edition: Edition, turn: dict[str, Any]) -> Excerpt:
    """Return a turn with the words of its clauses from the index, not from the browser."""
    cited = []
    for name in list(dict.fromkeys(_words(turn.get("citations")).split()))[:MOST_CITED]:
        policy, _, anchor = name.rpartition("#")
        with contextlib.suppress(AssistantError):
            if (clause := edition.clause(policy, anchor)[1]) and policy:
                cited.append(clause)
    question, note = _words(turn.get("question")), _words(turn.get("note"))
    found: Sequence[Clause] = ()
    with contextlib.suppress(AssistantError):
        found = edition.assistant.ask(question).hits if cited else ()
    return Excerpt(question, note, _marked(cited, found))


def _words(value: Any) -> str:
    """Return what a browser sends as words, without what no file can hold; "" for anything that is no text."""
    return value.encode("utf-8", "replace").decode()[:2000] if isinstance(value, str) else ""


def _marked(clauses: Sequence[Clause], found: Sequence[Clause]) -> tuple[Clause, ...]:
    """Return clauses as they were found for a question, with the decisive sentence, where they were."""
    known = {(hit.policy, hit.anchor): hit for hit in found}
    return tuple(known.get((clause.policy, clause.anchor), clause) for clause in clauses)


def _check_size(count: int) -> None:
    """Refuse an export of more clauses than a person reads."""
    if count > MOST_EXPORTED:
        raise QuestionError(f"一次最多导出 {MOST_EXPORTED} 条, 这里有 {count} 条。请分几次导出。")


def _exported(edition: Edition, excerpts: Sequence[Excerpt], form: str, language: Language) -> Response:
    """Return excerpts as a file to keep, or as a page to print."""
    today = datetime.datetime.now().astimezone().date()
    if form != "print":
        file = export(excerpts, edition.sources, form, today)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}", **HEADERS}
        return Response(file.data, media_type=file.media_type, headers=headers)
    if not excerpts:
        raise QuestionError("没有选中条款。请回到上一页勾选后再打印。")
    names = list(dict.fromkeys(clause.policy for excerpt in excerpts for clause in excerpt.clauses))
    shown = [
        {"question": e.question, "note": e.note, "cards": [card(c, edition.sources[c.policy]) for c in e.clauses]}
        for e in excerpts
    ]
    sources = [edition.sources[name] for name in names]
    title = "、".join(source.title for source in sources) or translator(language)("政策问答")
    return as_html(page.render("print.html", language, title=title, excerpts=shown, sources=sources, made=today.isoformat()))
