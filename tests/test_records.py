from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from samples import ROOT

from assistant import Assistant
from assistant.clause import Answer
from assistant.errors import RecordsError
from assistant.records import LONGEST, REASONS, Records

PLAIN = Answer(None, "怎么注销账户", "怎么注销账户", "not_covered", 0.25, (), (), "2026", 3.5)
ASKER = """
import sys
from pathlib import Path
from assistant.clause import Answer
from assistant.records import Records

records = Records(Path(sys.argv[1]))
answer = Answer(None, "另一个进程", "另一个进程", "not_covered", 0.1, (), (), "2026", 1.0)
print(sum(bool(records.asked(answer, "p")) for _ in range(int(sys.argv[2]))))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "policy-assistant" / "records.sqlite3"


@pytest.fixture
def records(file: Path) -> Iterator[Records]:
    opened = Records(file)
    yield opened
    opened.close()


def asking(file: Path, times: int) -> subprocess.Popen[str]:
    """Another process that asks at the same time."""
    return subprocess.Popen([sys.executable, "-c", ASKER, str(file), str(times)], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_what_is_stored_comes_back(records: Records, assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    first, second = records.asked(answer, "chat"), records.asked(PLAIN, "desk")
    assert re.fullmatch(r"[\w-]{12}", first) and first != second
    newest, oldest = records.rows()
    assert (newest.id, newest.policy, newest.clauses, newest.page) == (second, "", (), "desk")
    assert (oldest.id, oldest.question, oldest.standalone) == (first, answer.question, answer.standalone)
    assert (oldest.policy, oldest.version) == (answer.hits[0].policy, answer.policy_version)
    assert (oldest.verdict, oldest.confidence, oldest.took_ms) == (answer.verdict, answer.confidence, answer.took_ms)
    assert oldest.clauses == tuple(hit.clause for hit in answer.citations) and oldest.clauses[0] == "五、4"
    assert datetime.fromisoformat(oldest.asked_at).utcoffset().total_seconds() == 0 and len(oldest.asked_at) == 25
    assert oldest.useful is None and oldest.reason == ""
    assert [row.id for row in records.rows(1)] == [second] and records.rows(0) == []


def test_only_its_owner_can_read_it(records: Records, file: Path) -> None:
    records.asked(PLAIN, "")
    assert {f.stat().st_mode & 0o777 for f in file.parent.iterdir()} == {0o600} and len(list(file.parent.iterdir())) == 3
    assert [folder.stat().st_mode & 0o777 for folder in (file.parent, file.parent.parent)] == [0o700, 0o700]


def test_nothing_of_a_number_reaches_the_disk(records: Records, file: Path) -> None:
    question = "手机13800138000, 卡6222 0212 3456 7890, 身份证11010119900101123X, zhang@qq.com 怎么注销"
    key = records.asked(replace(PLAIN, question=question, standalone=question + "１３９００１３９０００"), "13700137000")
    assert key and records.judged(key, False, "看不懂")
    on_disk = b"".join(f.read_bytes() for f in file.parent.iterdir())
    assert "怎么注销".encode() in on_disk
    for trace in ("13800138000", "0013", "6222", "7890", "110101", "123X", "zhang", "qq.com", "１３９", "13700137000"):
        assert trace.encode() not in on_disk
    assert records.rows()[0].question == "手机〔手机号〕, 卡〔卡号〕, 身份证〔证件号〕, 〔邮箱〕 怎么注销"


@pytest.mark.parametrize(
    ("question", "stored"),
    [("怎\0么", "怎么"), ("怎\ud800么", "怎?么"), ("\udfff", "?"), ("'; DROP TABLE questions; --", "'; DROP TABLE questions; --"),
     ("问" * 3000, "问" * LONGEST), ("问" * 1995 + "13800138000", "问" * 1995 + "〔手机号〕"), ("𠮷😀\u202e", "𠮷😀\u202e"), ("", "")],
)  # fmt: skip
def test_any_question_can_be_stored(records: Records, question: str, stored: str) -> None:
    key = records.asked(replace(PLAIN, question=question, standalone=question, policy_version="\ud800"), question)
    assert key and records.rows()[0].question == records.rows()[0].standalone == stored
    assert records.judged(key, True)


def test_the_latest_judgement_counts(records: Records) -> None:
    key, other = records.asked(PLAIN, ""), records.asked(PLAIN, "")
    assert records.judged(key, False, "没回答") and records.judged(key, True) and records.judged(other, False, REASONS[0])
    assert [(row.useful, row.reason) for row in records.rows()] == [(False, "引用错误"), (True, "")]
    assert not records.judged("unknown", True) and not records.judged("\ud800\0", True) and not records.judged(key, False, "别的")
    assert [row.useful for row in records.rows()] == [False, True]


def test_what_is_stored_outlives_the_process(file: Path) -> None:
    for _ in range(2):
        records = Records(file)
        assert records.asked(PLAIN, "")
        records.close()
        assert records.asked(PLAIN, "") == "" and not records.judged("x", True)
        with pytest.raises(RecordsError, match="已关闭"):
            records.rows()
    assert len(Records(file).rows()) == 2


def test_threads_and_another_process_ask_at_once(records: Records, file: Path) -> None:
    other = asking(file, 100)
    ids: list[str] = []

    def ask() -> None:
        for _ in range(50):
            ids.append(records.asked(PLAIN, ""))
            assert records.judged(ids[-1], True)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.communicate()[0] == "100\n"
    assert len(set(ids)) == 400 and "" not in ids
    stored = records.rows()
    assert len(stored) == 500 and sum(row.question == "另一个进程" for row in stored) == 100
    assert {row.id for row in stored if row.useful} >= set(ids)


def test_many_processes_and_threads_may_create_it(file: Path) -> None:
    others = [asking(file, 5) for _ in range(4)]
    opened: list[Records] = []
    threads = [threading.Thread(target=lambda: opened.append(Records(file))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.communicate()[0] for other in others] == ["5\n"] * 4
    assert len(opened) == 4 and all(records.asked(PLAIN, "") for records in opened)
    assert len(opened[0].rows()) == 24


def test_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "records.sqlite3", tmp_path, Path("/proc/none/records.sqlite3"), tmp_path / "a\0b"):
        with pytest.raises(RecordsError, match=r"打不开.*ASSISTANT_RECORDS"):
            Records(place)


def test_a_file_that_is_none_of_ours_stays_as_it_is(file: Path, tmp_path: Path) -> None:
    Records(file).close()
    for version, tables, message in ((2, "notes", "更新的版本"), (0, "notes", "别的数据库"), (1, "notes", "打不开")):
        foreign = tmp_path / f"{version}.sqlite3"
        with sqlite3.connect(foreign) as connection:
            connection.execute(f"CREATE TABLE {tables} (words TEXT)")
            connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        before = foreign.read_bytes(), foreign.stat().st_mode
        with pytest.raises(RecordsError, match=message):
            Records(foreign)
        assert (foreign.read_bytes(), foreign.stat().st_mode) == before
    foreign.write_text("我不是数据库" * 1000)
    with pytest.raises(RecordsError, match="打不开"):
        Records(foreign)


def test_a_damaged_file(records: Records, file: Path) -> None:
    records.asked(PLAIN, "")
    records.close()
    file.write_bytes(file.read_bytes()[:100] + b"\xa5" * 20000)
    with pytest.raises(RecordsError, match="打不开"):
        Records(file)


def test_a_file_that_is_damaged_in_use_costs_the_record_not_the_answer(records: Records, file: Path) -> None:
    key = records.asked(PLAIN, "")
    for name in file.parent.iterdir():
        name.write_bytes(b"\xa5" * 65536)  # not shorter than it was, SQLite has it mapped
    assert records.asked(PLAIN, "") == "" and not records.judged(key, True)
    with pytest.raises(RecordsError, match="读不了"):
        records.rows()


def test_a_deleted_or_replaced_file_is_made_anew(records: Records, file: Path) -> None:
    key = records.asked(PLAIN, "")
    for left in (file.parent.iterdir(), [file]):
        for name in left:
            name.unlink()
        assert not records.judged(key, True)
        assert records.asked(PLAIN, "") and len(records.rows()) == 1
        assert file.stat().st_mode & 0o777 == 0o600
    for name in file.parent.iterdir():
        name.unlink()
    file.parent.rmdir()
    file.parent.write_text("")
    assert records.asked(PLAIN, "") == "" and not records.judged(key, True)
    with pytest.raises(RecordsError, match="打不开"):
        records.rows()


def test_a_locked_file_costs_the_record_not_the_answer(records: Records, file: Path) -> None:
    key = records.asked(PLAIN, "")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert records.asked(PLAIN, "") == "" and not records.judged(key, True)
    assert len(records.rows()) == 1
    with pytest.raises(RecordsError, match="清不掉"):
        records.clear()
    other.close()
    assert records.asked(PLAIN, "") and records.judged(key, True)


def test_a_full_disk_costs_the_record_not_the_answer(file: Path) -> None:
    script = ASKER + (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"  # no file grows beyond this
        "ids = [records.asked(answer, 'p' * 200) for _ in range(500)]\n"
        "print(ids[0] != '', ids[-1] == '', records.judged(ids[0], True), len(records.rows()) >= ids.index(''))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(file), "0"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.split() == ["0", "True", "True", "False", "True"], done.stderr
    assert Records(file).asked(PLAIN, "")


def test_clearing_leaves_nothing_on_the_disk(records: Records, file: Path) -> None:
    ids = [records.asked(replace(PLAIN, question=f"问题甲乙丙{n}"), "") for n in range(200)]
    assert records.judged(ids[0], True) and records.clear() == 200
    assert records.rows() == [] and records.clear() == 0
    assert "甲乙丙".encode() not in b"".join(f.read_bytes() for f in file.parent.iterdir())
    assert records.asked(PLAIN, "")


def command(place: Path | str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ASSISTANT_RECORDS": str(place), "TZ": "UTC"}
    arguments = [sys.executable, "-m", "assistant", "records", *words]
    return subprocess.run(arguments, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, cwd=ROOT)


def test_records_are_read_from_the_command_line(records: Records, file: Path, assistant: Assistant) -> None:
    answered = records.asked(assistant.ask("怎么注销账户"), "chat")
    for question in ("分期利率\n多少", "天气\x1b[31m\x9b\u202e", "分期利率 多少"):
        records.asked(replace(PLAIN, question=question, standalone=question), "chat")
    records.judged(answered, False, "看不懂")
    lines = command(file, "list").stdout.splitlines()
    assert len(lines) == 4 and "\x1b" not in "".join(lines) and "\u202e" not in "".join(lines)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d [\d:]{8}  有相关条款  怎么注销账户  五、4.*  没用 \(看不懂\)", lines[-1])
    assert re.fullmatch(r".*  政策未涉及  分期利率 多少", lines[0])
    assert len(command(file, "list", "--refused", "--limit", "2").stdout.splitlines()) == 2
    (useless,) = json.loads(command(file, "list", "--useless", "--json").stdout)
    assert useless["id"] == answered and useless["clauses"][0] == "五、4" and useless["useful"] is False
    counted = command(file, "count").stdout
    assert "提问 4: 有相关条款 1 (25.0%)、部分涉及 0 (0.0%)、政策未涉及 3 (75.0%)" in counted
    assert "有用 0, 没用 1, 未评价 3\n原因: 看不懂 1\n" in counted and "最常见的未涉及问题:\n   2  分期利率 多少\n" in counted
    assert command(file, "list", "--limit", "0").returncode == 2


def test_records_are_cleared_from_the_command_line_when_confirmed(records: Records, file: Path) -> None:
    records.asked(PLAIN, "")
    asked = command(file, "clear")
    assert asked.returncode == 1 and "--yes" in asked.stderr and asked.stderr.count("\n") == 1 and len(records.rows()) == 1
    assert command(file, "clear", "--yes").stdout == "已删除 1 条提问记录。\n" and records.rows() == []


def test_the_command_line_without_records(tmp_path: Path) -> None:
    none = tmp_path / "none" / "records.sqlite3"
    assert command(none, "list").stdout == command(none, "count").stdout == "还没有提问记录。\n"
    assert command(none, "list", "--json").stdout == "[]\n" and command(none, "clear", "--yes").returncode == 0
    assert not none.parent.exists()
    (tmp_path / "text").write_text("我不是数据库" * 1000)
    for place, message in (("off", "已关闭"), (tmp_path / "text", "打不开")):
        done = command(place, "list")
        assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""
