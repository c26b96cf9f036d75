"""Exports: chosen clauses or a conversation as a file to keep or a page to print; their words come from the index."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Form
from fastapi.responses import Response

from assistant import page
from assistant.clause import Clause
from assistant.errors import AssistantError, QuestionError
from assistant.export import Excerpt, export
from assistant.routes import HEADERS, Edition, Pages, Several, as_html
from assistant.search import Wanted
from assistant.wording import Language, language_of, translator

MOST_TURNS, MOST_CITED, MOST_EXPORTED, MOST_TITLES = 200, 10, 300, 3
Posted = Annotated[str, Form()]
SeveralPosted = Annotated[list[str] | None, Form()]


def add_exports(app: FastAPI, pages: Pages) -> None:
    """Add exports: chosen clauses by GET, so that they can be linked to, or by POST, as many as they are; a conversation."""

    @app.get("/export")
    def linked(form: str = "docx", policy: Several = None, q: str = "", lang: str = "", clause: Several = None) -> Response:
        return _exported(pages.edition, _chosen(pages.edition, clause or (), policy or (), q), form, language_of(lang))

    @app.post("/export")
    def posted(
        turns: Posted = "",
        form: Posted = "docx",
        policy: SeveralPosted = None,
        q: Posted = "",
        clause: SeveralPosted = None,
        lang: str = "",
    ) -> Response:
        edition = pages.edition
        if clause or not turns:
            excerpts = _chosen(edition, clause or (), policy or (), q)
        else:
            excerpts = [_excerpt(edition, turn) for turn in _turns(turns)]
            _check_size(sum(len(excerpt.clauses) for excerpt in excerpts))
        return _exported(edition, excerpts, form, language_of(lang))


def _chosen(edition: Edition, clauses: Sequence[str], policies: Sequence[str], q: str) -> list[Excerpt]:
    """Return clauses that were chosen from the hits for `q`, with the decisive sentence of each.

    :param clauses: policy#anchor; the policy may be left out
    :raises QuestionError, ClauseNotFound: if there are too many, or one is not there
    """
    chosen, named = edition.chosen(policies), dict.fromkeys(clauses)
    _check_size(len(named))
    wanted = []
    for name in named:
        policy, _, anchor = name.rpartition("#")
        if clause := edition.clause(policy, anchor, chosen)[1]:
            wanted.append(clause)
    found: Sequence[Clause] = ()
    with contextlib.suppress(AssistantError):
        found = edition.assistant.find(Wanted(q, chosen)).hits if wanted else ()
    return [Excerpt(q, "", _marked(wanted, found))] if wanted else []


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
    shown = [{"question": e.question, "note": e.note, "cards": page.cards(e.clauses, edition.sources)} for e in excerpts]
    sources = [edition.sources[name] for name in names]
    t = translator(language)
    title = "、".join(source.title for source in sources[:MOST_TITLES]) or t("政策问答")
    title = t("{} 等 {} 份政策", title, len(sources)) if len(sources) > MOST_TITLES else title
    return as_html(page.render("print.html", language, title=title, excerpts=shown, sources=sources, made=today.isoformat()))
