from __future__ import annotations

from dataclasses import replace

import pytest
from samples import DATA

from assistant import Assistant, AssistantError, Settings
from assistant.answer import CLOSE, clean_question, contacts_of, is_askable, merge
from assistant.clause import Policy
from assistant.corpus import read_corpus
from assistant.parse import parse


def test_control_and_invisible_characters_are_dropped() -> None:
    assert clean_question(" 怎么\x00注\u202e销\u200b\n账户 ", 100) == "怎么 注 销 账户"


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "\u200b\x07"])
def test_an_empty_question_is_refused(question: str) -> None:
    with pytest.raises(AssistantError, match="问题是空的"):
        clean_question(question, 100)


def test_a_question_that_is_too_long_is_refused(assistant: Assistant) -> None:
    with pytest.raises(AssistantError, match="20000 字, 最多 2000 字"):
        assistant.ask("问" * 20_000)


@pytest.mark.parametrize("question", ["a", "。", "😀😀😀", "?!"])
def test_nothing_to_search_for(assistant: Assistant, question: str) -> None:
    assert not is_askable(question)
    answer = assistant.ask(question)
    assert answer.verdict == "not_covered" and not answer.hits and answer.note.startswith("没有看出要问的内容")
    assert assistant.search(question) == []


def test_citations_come_close_to_the_best(assistant: Assistant) -> None:
    assert [hit.clause for hit in assistant.ask("怎么注销账户").citations] == ["五、4"]
    several = assistant.ask("为什么要收集我的位置")
    assert 1 < len(several.citations) <= 3
    assert all(hit.score >= CLOSE * several.hits[0].score for hit in several.citations)


def test_contacts_are_quoted_from_the_policy(policy: Policy) -> None:
    contacts = contacts_of(policy)
    assert [(c.kind, c.words, c.clause) for c in contacts] == [
        ("phone", "4000662850", "八、1"),
        ("email", "merchants_service@geexfinance.com", "八、1"),
    ]
    assert all(policy.source.text[slice(*c.span)] == c.words for c in contacts)


def test_contacts_of_another_document(settings: Settings) -> None:
    service = parse(read_corpus(DATA / "service.md")[0])
    assert [c.words for c in contacts_of(service)] == ["021-55667788", "help@yunshan.example"]


def test_clauses_of_two_policies_with_one_anchor_are_two(assistant: Assistant) -> None:
    first, second = assistant.ask("怎么注销账户").hits[:2]
    twin = replace(first, policy="another")
    assert merge([first, second], [[first], [twin]], 5) == (first, twin, second)
