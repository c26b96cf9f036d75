"""The named functions of the web app for programs, over Gradio's HTTP API: /ask, /search, /show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from pydantic_core import to_jsonable_python

from assistant.batch import check_history
from assistant.errors import AssistantError, QuestionError
from assistant.routes import Pages


def add_api(pages: Pages, parallel: int) -> None:
    """Add the functions to the Blocks that are being built; `parallel` calls of each run at once."""

    def ask(question: str, policy: str | list[str] = "", history: list[dict[str, str]] | None = None) -> Any:
        """Answer one question with cited clauses, as `assistant ask --json`; history is a list of {role, content}."""
        return _told(
            lambda: pages.edition.assistant.ask(question, check_history(history), policy=policy or None), question, policy
        )

    def search(words: str, policy: str | list[str] = "") -> Any:
        """Search clauses by words, "exact phrases", -exclusions or a clause number, as `assistant search --json`."""
        return _told(lambda: pages.edition.assistant.search(words, policy or None), words, policy)

    def show(clause: str, policy: str | list[str] = "") -> Any:
        """Return the clauses at a clause number or permalink, in reading order."""

        def shown() -> Any:
            shown = pages.edition.assistant.show(clause, policy or None)
            return [found.clauses[n] for found, positions in shown for n in positions]

        return _told(shown, clause, policy)

    for function in (ask, search, show):
        gr.api(function, api_name=function.__name__, concurrency_limit=parallel)


def _told(call: Callable[[], Any], words: object, policy: object) -> Any:
    """Return what a call gives as JSON; what is wrong with it becomes an error of the API.

    :param words: must be a string, and `policy` one or a list of them, whatever a program sends
    """
    try:
        names = policy if isinstance(policy, list) else [policy]
        if not all(isinstance(text, str) for text in (words, *names)):
            raise QuestionError("参数应是字符串。请按 README 的例子改。")
        return to_jsonable_python(call())
    except (AssistantError, ValueError) as error:
        raise gr.Error(str(error), print_exception=False) from error
