from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from invariants import plain
from samples import DATA

import assistant as package
from assistant import Assistant, AssistantError, Settings


def test_exports() -> None:
    assert all(hasattr(package, name) for name in package.__all__)


def test_why_location(assistant: Assistant) -> None:
    answer = assistant.ask("为什么要收集我的位置")
    assert answer.verdict == "answered"
    assert any("位置信息" in hit.text for hit in answer.citations)


def test_how_to_close_the_account(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    assert answer.verdict == "answered" and answer.citations[0].clause == "五、4"
    assert answer.citations[0].path == ("五、您如何管理您的个人信息", "4、注销")
    assert answer.hits[: len(answer.citations)] == answer.citations


@pytest.mark.parametrize("question", ["你们分期的年化利率是多少", "明天上海会不会下雨", "asdkjh qwe;;", "帮我写一首关于秋天的诗"])
def test_what_the_policy_does_not_cover(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.verdict == "not_covered" and not answer.citations
    assert answer.hits and {c.words for c in answer.contacts} == {"4000662850", "merchants_service@geexfinance.com"}


def test_every_shown_word_is_a_slice_of_the_source(assistant: Assistant) -> None:
    raw = assistant.policies[0].source.text
    for question in ("工作单位为什么要填", "怎么删除个人信息", "第八条", "SDK 收集什么", "<b>注销</b>"):
        for hit in assistant.ask(question).hits:
            assert plain(hit.text).replace(":", "") == plain("".join(raw[a:b] for a, b in hit.spans)).replace(":", "")


def test_a_clause_asked_for_by_number_comes_first(assistant: Assistant) -> None:
    answer = assistant.ask("五、4讲的是什么")
    assert [hit.clause for hit in answer.citations] == ["五、4"] and answer.confidence == 1


def test_answers_do_not_depend_on_what_was_asked_before(assistant: Assistant) -> None:
    first = assistant.ask("怎么注销账户")
    assistant.ask("为什么要收集我的位置")
    assert replace(assistant.ask("怎么注销账户"), took_ms=0) == replace(first, took_ms=0)


def test_one_policy_of_several(settings: Settings) -> None:
    both = Assistant.build(DATA, settings)
    assert {p.source.policy for p in both.policies} == {"service", "statute"}
    assert {hit.policy for hit in both.ask("会员费能退吗", policy="service").hits} == {"service"}
    assert both.ask("能不能携带犬只入园").hits[0].clause == "第四条(二)"
    with pytest.raises(AssistantError, match="service、statute"):
        both.ask("会员费能退吗", policy="nobody")


def test_another_corpus_is_built_once_and_then_read(settings: Settings, tmp_path: Path) -> None:
    other = replace(settings, cache=tmp_path)
    first = Assistant.cached(DATA / "statute.txt", other)
    (kept,) = tmp_path.iterdir()
    before = (kept / "manifest.json").stat().st_mtime_ns
    second = Assistant.cached(DATA / "statute.txt", other)
    assert (kept / "manifest.json").stat().st_mtime_ns == before
    assert replace(first.ask("几点开门"), took_ms=0) == replace(second.ask("几点开门"), took_ms=0)


def test_unknown_numbers_are_said_to_be_unknown(assistant: Assistant) -> None:
    for call in (assistant.search, assistant.show):
        with pytest.raises(AssistantError, match="没有编号为「九、1」"):
            call("九、1")


def test_a_text_without_clauses_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("隐私政策\n======\n", "utf-8")
    with pytest.raises(AssistantError, match=r"没有读出任何条款: a\.txt"):
        Assistant.build(tmp_path / "a.txt", settings)


def test_the_same_clause_in_two_policies_is_two_hits(settings: Settings, tmp_path: Path) -> None:
    for name in ("甲", "乙"):
        (tmp_path / f"{name}.txt").write_text(f"{name}政策\n一、注销\n您可以申请注销账户。\n", "utf-8")
    hits = Assistant.build(tmp_path, settings).ask("怎么注销账户").hits
    assert {hit.policy for hit in hits} == {"甲", "乙"}


def test_show_finds_numbers_and_anchors(assistant: Assistant) -> None:
    policy, by_number = assistant.show("五、4")
    assert assistant.show("c5-4")[1] == by_number
    assert policy.clauses[by_number[0]].clause == "五、4"
