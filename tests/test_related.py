from __future__ import annotations

from pathlib import Path

import pytest
from samples import DATA

from assistant import Assistant, Settings
from assistant.related import A_TOPIC, NEXT, TOPICS, related, starters

QUESTIONS = ["怎么注销账户", "为什么要收集我的位置", "通讯录怎么关", "小孩能用吗", "SDK 收集什么数据", "会把我的信息给别人吗"]


@pytest.fixture(scope="module")
def without_bank(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant over a policy that has no question bank."""
    folder = tmp_path_factory.mktemp("related")
    (folder / "service.md").write_bytes((DATA / "service.md").read_bytes())
    return Assistant.build(folder, settings)


def owners_of(assistant: Assistant) -> dict[str, set[str]]:
    """Return the anchors of the clauses that answer each question of the bank."""
    index = assistant.index
    owners: dict[str, set[str]] = {}
    for question, (_, owner) in zip(index.questions, index.asked, strict=True):
        owners.setdefault(question, set()).add(index.clauses[owner].anchor if owner >= 0 else "")
    return owners


def test_every_starter_is_answered_by_the_policy(assistant: Assistant) -> None:
    chosen = starters(assistant, "jifenqi")
    assert len(chosen) == len(TOPICS)
    for topic, questions in chosen:
        assert 0 < len(questions) <= A_TOPIC and set(questions) <= set(dict(TOPICS)[topic])
        for question in questions:
            assert assistant.ask(question, policy="jifenqi").verdict == "answered", question


def test_starters_for_all_policies_are_those_that_any_answers(assistant: Assistant) -> None:
    for _, questions in starters(assistant, None):
        assert all(assistant.ask(question).verdict == "answered" for question in questions)


def test_a_policy_shows_no_starter_that_it_does_not_answer(without_bank: Assistant, assistant: Assistant) -> None:
    chosen = starters(without_bank, "service")
    asked = [question for _, questions in chosen for question in questions]
    assert all(without_bank.ask(question).verdict == "answered" for question in asked)
    assert len(asked) < sum(len(questions) for _, questions in starters(assistant, None))
    assert all(questions for _, questions in chosen), "a topic without questions is left out"


@pytest.mark.parametrize("question", QUESTIONS)
def test_related_questions_are_of_the_bank_and_not_of_a_shown_clause(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    asked, owners = related(assistant, answer), owners_of(assistant)
    shown = {hit.anchor for hit in answer.citations}
    assert 1 <= len(asked) <= NEXT and len(set(asked)) == len(asked)
    for each in asked:
        assert each in owners and each != question
        assert owners[each] & {hit.anchor for hit in answer.hits if hit.anchor not in shown}, "of a clause that came close"
        assert not owners[each] & shown, f"{each} is answered by what is shown already"


def test_related_questions_are_about_different_clauses(assistant: Assistant) -> None:
    for question in QUESTIONS:
        owners = [owners_of(assistant)[each] for each in related(assistant, assistant.ask(question))]
        assert all(not a & b for n, a in enumerate(owners) for b in owners[:n])


def test_what_is_not_covered_has_no_related_questions(assistant: Assistant) -> None:
    assert related(assistant, assistant.ask("你们分期的年化利率是多少")) == ()
    assert related(assistant, assistant.ask("😀😀")) == ()


def test_without_a_bank_there_are_no_related_questions(without_bank: Assistant) -> None:
    answer = without_bank.ask("会员费能退吗")
    assert answer.citations and not without_bank.index.questions and related(without_bank, answer) == ()


def test_among_several_policies_related_questions_are_of_the_policy_that_answered(
    settings: Settings, tmp_path: Path, root: Path
) -> None:
    for file in ("即分期超G会员隐私政策.txt", "jifenqi.questions.jsonl", "sources.json"):
        (tmp_path / file).write_bytes((root / "corpus" / file).read_bytes())
    (tmp_path / "service.md").write_bytes((DATA / "service.md").read_bytes())
    both = Assistant.build(tmp_path, settings)
    assert related(both, both.ask("怎么注销账户", policy="jifenqi"))
    assert related(both, both.ask("会员费能退吗", policy="service")) == ()
