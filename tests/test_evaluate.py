from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import Assistant, AssistantError
from assistant.evaluate import Judged, auroc, judge, per_kind, rates, read_questions, wrong_spans


def test_rates_are_those_of_the_field(assistant: Assistant) -> None:
    """Three questions by hand: right at rank 1 and cited, right at rank 2, and one that the policy does not cover."""
    answer = assistant.ask("怎么注销账户")
    first, second = answer.hits[0].text, answer.hits[1].text
    judged = [
        Judged("a", ((first,),), replace(answer, confidence=0.9)),
        Judged(
            "a",
            ((second,), (first,)),
            replace(answer, verdict="not_covered", citations=(), hits=(answer.hits[2], answer.hits[1]), confidence=0.4),
        ),
        Judged("b", (), replace(answer, verdict="answered", confidence=0.5)),
    ]
    figures = rates(judged)
    assert figures["hit@1"] == 1 / 2 and figures["hit@3"] == 1 and figures["mrr"] == (1 + 1 / 2) / 2
    assert figures["full@5"] == 1 / 2 and figures["cited"] == 1 / 2 and figures["refused"] == 1 / 2
    assert figures["answered"] == 1 and figures["auroc"] == 1 / 2
    assert {kind: row["n"] for kind, row in per_kind(judged).items()} == {"all": 3, "a": 2, "b": 1}


def test_a_clause_that_is_too_long_is_no_hit(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    long = replace(answer.hits[0], text=answer.hits[0].text + "长" * 700)
    assert rates([Judged("a", ((answer.hits[0].text,),), replace(answer, hits=(long,)))])["hit@10"] == 0


def test_auroc() -> None:
    assert auroc([0.9, 0.4], [0.5, 0.4]) == (1 + 1 + 0 + 0.5) / 4
    assert auroc([], [1.0]) is None


def test_own_questions(assistant: Assistant, tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    rows = [
        {"question": "怎么注销账户", "kind": "direct", "gold": [["直接申请注销账户"]]},
        {"question": "年化利率是多少", "kind": "out_of_scope", "gold": []},
    ]
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    judged = judge(assistant, read_questions(file))
    assert rates(judged)["hit@1"] == 1 and rates(judged)["answered"] == 0
    assert wrong_spans(judged, assistant)[1] == 0


@pytest.mark.parametrize("line", ["{", "[]", '{"question": "x"}', "null"])
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"question": "x", "gold": []}\n' + line, "utf-8")
    with pytest.raises(AssistantError, match="第 2 行"):
        read_questions(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="题目文件读不了"):
        read_questions(tmp_path / "none.jsonl")
