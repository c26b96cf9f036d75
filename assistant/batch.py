"""One line of JSON in, one line of JSON out: what `assistant batch` and `--json` speak."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import to_json

from assistant.assistant import Assistant, Chosen
from assistant.errors import AssistantError


def answer_line(assistant: Assistant, line: str, policy: Chosen) -> str:
    """Answer one input line of `batch`; whatever is wrong with it is reported in its place."""
    identity: Any = None
    try:
        row = json.loads(line.lstrip("\ufeff"), parse_constant=_no_number)
        if not isinstance(row, dict):
            raise ValueError("不是 JSON 对象")
        identity = row.get("id")
        if not isinstance(row.get("question"), str):
            raise ValueError("缺少字符串字段 question")
        return to_line(assistant.ask(row["question"], check_history(row.get("history")), policy=policy, id=identity))
    except (ValueError, RecursionError, AssistantError) as error:
        return json.dumps({"id": identity, "error": str(error)}, ensure_ascii=False)


def check_history(history: Any) -> list[dict[str, Any]]:
    """Return a history as it came, [] for none.

    :raises ValueError: if it is no list of turns
    """
    history = history or []
    if not (isinstance(history, list) and all(isinstance(t, dict) and isinstance(t.get("content"), str) for t in history)):
        raise ValueError("history 不是由 role 和 content 组成的列表")
    return history


def _no_number(name: str) -> Any:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"{name} 不是 JSON")


def to_line(value: Any) -> str:
    """Return frozen dataclasses as one line of JSON."""
    return to_json(value).decode()
