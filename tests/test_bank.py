from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from samples import ROOT, source_of

from assistant import Assistant, AssistantError, Settings
from assistant.bank import BankQuestion, bank_files, hash_of, read_bank, tie, write_bank
from assistant.clause import Policy
from assistant.editing import Editor
from assistant.errors import CorpusError, IndexStale, QuestionError
from assistant.parse import parse
from assistant.teach import taught

BANK = ROOT / "corpus" / "jifenqi.questions.jsonl"


@pytest.fixture
def own(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A corpus of one short policy, with no bank of the project in reach."""
    monkeypatch.setattr("assistant.settings.OWN_CORPUS", tmp_path / "none")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "p.txt").write_text(
        "一、位置\n我们会收集您的位置。\n二、注销\n您可以申请注销账户。\n三、期限\n资料保存三年。\n", "utf8"
    )
    return replace(settings, corpus=corpus, index=tmp_path / "index")


def editor(settings: Settings) -> Editor:
    return Editor.open(Assistant.build(settings.corpus, settings), None)


def test_every_clause_has_questions_in_several_voices(policy: Policy) -> None:
    bank = read_bank(BANK)
    assert min(Counter(k.clause for k in bank if k.clause).values()) >= 4
    assert {k.clause for k in bank if k.clause} == {c.clause for c in policy.clauses}
    assert {k.voice for k in bank} == {"user", "scene", "agent", "legal"}
    assert len({k.question for k in bank}) == len(bank)
    ties = tie(bank, policy.clauses)
    assert ties and not ties.changed and not ties.lost and len(ties.held) == len(bank)


def test_every_question_still_leads_to_its_clause(assistant: Assistant) -> None:
    lines, healthy = Editor.open(assistant, None).checked()
    astray = [line for line in lines if line.startswith("没有找到")]
    assert healthy and len(astray) <= 20, "\n".join(astray)


def test_a_changed_clause_sets_its_questions_aside() -> None:
    old = parse(source_of("一、甲\n我们收集位置信息。\n二、乙\n您可以注销账户。\n三、丙\n保存三年。"))
    bank = [BankQuestion(f"问{c.clause}", c.clause, hash_of(c)) for c in old.clauses] + [BankQuestion("天气", None)]
    bank.append(BankQuestion("又问一", "一", bank[0].words))
    new = parse(source_of("一、甲\n我们收集位置信息。\n二、乙\n您不可以注销账户。"))
    ties = tie(bank, new.clauses)
    assert ties is not None
    assert [q for q, position in ties.held if position >= 0] == ["问一", "又问一"]
    assert [k.question for k in ties.changed] == ["问二"] and [k.question for k in ties.lost] == ["问三"]
    assert ("天气", -1) in ties.held
    assert tie(bank, parse(source_of("一、别的\n完全不同的政策。\n二、乙\n其他。\n三、丙\n没有。")).clauses) is None


def test_the_bank_follows_the_text_wherever_it_lies(settings: Settings, tmp_path: Path) -> None:
    copy = tmp_path / "renamed.txt"
    shutil.copy(next((ROOT / "corpus").glob("*.txt")), copy)
    assert len(Assistant.build(copy, settings).index.questions) == len(read_bank(BANK))


def test_copies_of_a_bank_count_once(tmp_path: Path) -> None:
    shutil.copy(BANK, tmp_path / "copy.questions.jsonl")
    assert len(bank_files([tmp_path, ROOT / "corpus"])) == 1


def test_a_new_wording_is_understood_once_it_is_in_the_bank(own: Settings) -> None:
    before = editor(own)
    wording = "人间蒸发按钮"
    assert before.added(wording, "二")[1] and before.added("今天吃什么", None)[1]
    before.assistant.save(own.index)
    with pytest.raises(IndexStale, match="题库已变更"):
        Assistant.load(own)
    after = Assistant.build(own.corpus, own)
    assert after.ask(wording).hits[0].clause == "二"
    after.save(own.index)
    assert Assistant.load(own).index.questions == (wording, "今天吃什么")
    assert Assistant.load(own).ask(wording).hits == after.ask(wording).hits


def test_questions_are_listed_rejected_and_kept(own: Settings) -> None:
    assert editor(own).added("在哪", "一")[1]
    assert editor(own).listed("一")[0] == ["一  在哪"]
    with pytest.raises(QuestionError, match="已有"):
        editor(own).added("在哪", "二")
    with pytest.raises(QuestionError, match="没有"):
        editor(own).rejected("不存在")
    text = (own.corpus / "p.txt").read_text("utf8")
    assert editor(own).added("号怎么没", "二")[1] and editor(own).added("几年", "三")[1]
    (own.corpus / "p.txt").write_text(text.replace("收集您的位置", "使用您的位置"), "utf8")
    lines, healthy = editor(own).checked()
    assert not healthy and "条款已变更 一: 在哪" in lines
    assert editor(own).kept("一")[0] == ["一: 已确认 1 题。"]
    assert editor(own).checked()[1]
    assert editor(own).rejected("在哪")[1] and editor(own).listed("一")[0] == ["还没有问题。"]


@pytest.mark.parametrize("line", ["{", '{"question": ""}', '{"question": "问", "clause": 3}', "[]"])
def test_a_damaged_bank_says_where(tmp_path: Path, line: str) -> None:
    file = tmp_path / "x.questions.jsonl"
    file.write_text('{"question": "在哪", "clause": "一", "words": "0"}\n' + line + "\n", "utf8")
    with pytest.raises(CorpusError, match="第 2 行"):
        read_bank(file)


def test_writing_a_bank_and_reading_it_back(tmp_path: Path) -> None:
    bank = [BankQuestion("在<b>哪", "一", "0a", "agent"), BankQuestion("天气", None)]
    file = tmp_path / "x.questions.jsonl"
    write_bank(file, bank)
    assert read_bank(file) == bank and [p.name for p in tmp_path.iterdir()] == [file.name]
    assert json.loads(file.read_text("utf8").splitlines()[1])["clause"] is None
    with pytest.raises(AssistantError, match="读不了"):
        read_bank(tmp_path / "none.questions.jsonl")


def test_clauses_move_towards_the_questions_they_answer_and_no_others() -> None:
    clauses = np.eye(3, 4, dtype=np.float32)
    question = np.array([[0, 0, 0, 1]], dtype=np.float32)
    learned = taught(clauses, question, np.array([1]))
    assert int((learned @ question[0]).argmax()) == 1
    assert np.array_equal(learned, taught(clauses, question, np.array([1])))


def test_the_bank_is_kept_from_the_command_line(own: Settings) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"ASSISTANT_CORPUS": str(own.corpus), "ASSISTANT_INDEX": str(own.index)}
        command = [sys.executable, "-m", "assistant", "questions", *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)

    assert "已添加: 人间蒸发按钮 → 二" in run("add", "人间蒸发按钮", "--clause", "二").stdout
    assert run("list", "二").stdout == "二  人间蒸发按钮\n"
    again = run("add", "人间蒸发按钮", "--clause", "一")
    assert again.returncode == 1 and "题库里已有" in again.stderr and "Traceback" not in again.stderr
    checked = run("check")
    assert checked.returncode == 0 and "没有问题的条款: 一" in checked.stdout
    assert run("reject", "人间蒸发按钮").returncode == 0
    assert run("list", "二").stdout == "还没有问题。\n"
