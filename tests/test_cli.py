from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from samples import DATA, ROOT

from assistant import Assistant, Settings, __version__

COMMANDS = ["build", "ask", "batch", "search", "show", "serve", "evaluate", "doctor"]
CLAUSE = {"policy", "clause", "path", "kind", "text", "spans", "score", "anchor"}
ANSWER = {"id", "question", "standalone", "verdict", "confidence", "citations", "hits", "policy_version", "took_ms"}


@pytest.fixture(scope="module")
def environment(assistant: Assistant, settings: Settings) -> dict[str, str]:
    """An environment whose index is the one the fixture saved."""
    return os.environ | {"ASSISTANT_INDEX": str(settings.index), "ASSISTANT_CACHE": str(settings.cache), "COLUMNS": "200"}


def run(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, cwd=ROOT
    )


def test_help_names_every_command(environment: dict[str, str]) -> None:
    done = run(environment, "--help")
    assert done.returncode == 0 and all(re.search(rf"^  {c} +\S", done.stdout, re.M) for c in COMMANDS)
    assert run(environment, "--version").stdout.strip() == f"assistant {__version__}"


def test_wrong_usage_is_status_2(environment: dict[str, str]) -> None:
    assert run(environment, "ask").returncode == 2
    assert run(environment, "nonsense").returncode == 2
    assert run(environment, "serve", "--port", "99999").returncode == 2


def test_ask_as_json_keeps_the_contract(environment: dict[str, str]) -> None:
    answer = json.loads(run(environment, "ask", "怎么注销账户", "--json").stdout)
    assert set(answer) >= ANSWER
    assert answer["verdict"] == "answered" and answer["citations"][0]["clause"] == "五、4" and len(answer["hits"]) == 10
    raw = (ROOT / "corpus" / "即分期超G会员隐私政策.txt").read_text("utf-8")
    for clause in answer["hits"]:
        assert set(clause) >= CLAUSE
        assert all(raw[start:end] in clause["text"] for start, end in clause["spans"])


def test_ask_in_a_pipe_is_plain_text(environment: dict[str, str]) -> None:
    done = run(environment, "ask", "怎么注销账户")
    assert "《即分期超G会员隐私政策》五、4 注销" in done.stdout and "\x1b" not in done.stdout
    refused = run(environment, "ask", "你们分期的年化利率是多少")
    assert "这份政策没有写到这个问题" in refused.stdout and "客服电话 4000662850" in refused.stdout


def test_batch_answers_in_order_and_goes_on_after_bad_lines(environment: dict[str, str]) -> None:
    lines = ['{"id": "1", "question": "怎么注销账户", "extra": 1}', "{bad", "[]", '{"id": "4"}', '{"id": 5, "question": "", "history": null}',
             '{"id": "5b", "question": "怎么\\u0000\\ud800注销账户", "history": []}',
        '{"id": "6", "question": "那多久", "history": [{"role": "user", "content": "怎么注销"}]}']  # fmt: skip
    done = run(environment, "batch", stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [a.get("id") for a in answers] == ["1", None, None, "4", 5, "5b", "6"]
    assert ["error" in a for a in answers] == [False, True, True, True, True, False, False]


def test_batch_from_another_corpus(environment: dict[str, str]) -> None:
    done = run(
        environment, "batch", "--corpus", str(DATA / "statute.txt"), stdin='{"id": "1", "question": "闭园要提前几天公告"}\n'
    )
    assert json.loads(done.stdout)["hits"][0]["clause"] == "第三条"


def test_search_by_number_and_phrase(environment: dict[str, str]) -> None:
    assert [c["clause"] for c in json.loads(run(environment, "search", "第八条", "--json").stdout)] == ["八、1", "八、2"]
    assert "2 条" in run(environment, "search", '"用户画像"').stdout
    missing = run(environment, "search", "九、1")
    assert missing.returncode == 1 and missing.stderr.startswith("错误: 没有编号为「九、1」")


def test_show(environment: dict[str, str]) -> None:
    done = run(environment, "show", "四(一)3(3)").stdout
    assert "第 406 行" in done and "本政策第八条【如何联系我们】 → 八" in done and "上一条: 四(一)3(2)" in done


def test_build_reports_and_doctor_agrees(environment: dict[str, str], tmp_path: Path) -> None:
    own = environment | {"ASSISTANT_INDEX": str(tmp_path / "index")}
    assert run(own, "doctor").returncode == 1
    assert "共 218 条" in run(own, "build").stdout
    healthy = run(own, "doctor")
    assert healthy.returncode == 0 and "✓ 即分期超G会员隐私政策" in healthy.stdout


def test_ask_builds_a_missing_index_and_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    own = environment | {"ASSISTANT_INDEX": str(tmp_path / "index")}
    done = run(own, "ask", "怎么注销账户", "--json")
    assert "正在建立索引" in done.stderr and json.loads(done.stdout)["citations"]
    assert run(own, "ask", "怎么注销账户").stderr == ""


def test_evaluate(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"question": "怎么注销账户", "kind": "direct", "gold": [["直接申请注销账户"]]}\n', "utf-8")
    figures = json.loads(run(environment, "evaluate", str(file), "--json").stdout)
    assert figures["direct"]["hit@1"] == 1 and figures["wrong_spans"] == 0
    assert "hit@10" in run(environment, "evaluate", str(file)).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", "", "--json"], "问题是空的"), (["ask", "问", "--corpus", "none.txt"], "找不到政策文件"), (["ask", "问题", "--policy", "none"], "没有名为"),
        (["build", "--corpus", "none"], "找不到政策文件"), (["evaluate", "none.jsonl"], "题目文件读不了"), (["show", "九"], "没有编号为"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_one_line_and_status_1(environment: dict[str, str], arguments: list[str], message: str) -> None:
    done = run(environment, *arguments)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("错误: ") and message in done.stderr and done.stderr.count("\n") == 1


def test_a_damaged_index_and_a_missing_model_name_what_mends_them(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "manifest.json").write_text("nonsense")
    damaged = run(environment | {"ASSISTANT_INDEX": str(tmp_path / "index")}, "ask", "注销")
    assert damaged.returncode == 1 and "assistant build" in damaged.stderr
    modelless = run(environment | {"ASSISTANT_MODEL": "/nowhere/model"}, "ask", "注销")
    assert modelless.returncode == 1 and "ASSISTANT_MODEL" in modelless.stderr and "Traceback" not in modelless.stderr
