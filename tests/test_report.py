from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from samples import CORPUS, DATA, ROOT

from assistant.clause import Policy
from assistant.report import details, report_on, summary


def test_the_summary_counts_and_names_doubts(policy: Policy) -> None:
    text = "\n".join(summary(report_on(policy)))
    assert "共 218 条: 条款 139、表格行 76、引言段落 3; 标题 35 行; 表格 4 张" in text
    assert "目录行 9" in text and "第 325 行" in text and "详见附表" in text


def test_the_details_name_every_line_that_is_no_clause(policy: Policy) -> None:
    report = report_on(policy)
    lines = policy.source.text.split("\n")
    assert len(report.skipped) == len(policy.furniture) and len(report.outline) == len(policy.headings)
    assert all(item.words[:4] in " ".join(lines[item.line - 1].split()) for item in report.skipped)
    text = "\n".join(details(report))
    assert "本政策将帮助您了解以下内容" in text and "五、您如何管理您的个人信息 (第" in text


def test_every_character_is_in_a_clause_a_heading_or_skipped(any_policy: Policy) -> None:
    report, raw = report_on(any_policy), any_policy.source.text
    places = [*(c.place for c in any_policy.clauses), *(h.span for h in report.outline), *(f.span for f in any_policy.furniture)]
    assert report.characters == sum(not c.isspace() for start, end in places for c in raw[start:end])


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False)


def test_the_command_reads_without_indexing() -> None:
    told = run(str(CORPUS))
    assert told.returncode == 0 and "共 218 条" in told.stdout and "不作条款的行:" in told.stdout
    rows = [json.loads(line) for line in run(str(DATA), "--json").stdout.splitlines()]
    assert {row["policy"] for row in rows} >= {"service", "statute"}
    assert all(row["characters"] > 0 and sum(row["clauses"].values()) > 0 and row["outline"] for row in rows)


def test_the_command_says_what_it_cannot_read() -> None:
    told = run("nowhere.txt")
    assert told.returncode == 1 and told.stderr.startswith("错误: 找不到政策文件") and told.stderr.count("\n") == 1


def test_a_bad_file_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    good, title = tmp_path / "好.txt", tmp_path / "只有标题.txt"
    good.write_text("示例政策\n一、收集\n我们收集手机号。\n", "utf-8")
    title.write_text("示例政策\n", "utf-8")
    told = run(str(tmp_path / "无.txt"), str(title), str(good))
    assert told.returncode == 1 and "找不到" in told.stderr and told.stderr.count("\n") == 1
    assert "没有读出任何条款, 不能导入" in told.stdout and "共 1 条" in told.stdout


def test_names_that_steer_a_terminal_are_shown_harmless(tmp_path: Path) -> None:
    file = tmp_path / "\x1b[31m红\u202e\n.txt"
    file.write_text("示例\u3000政策\n一、收集\n我们收集手机号。\n", "utf-8")
    told = run(str(file)).stdout
    assert told.splitlines()[0] == "示例 政策 (?[31m红? .txt)"
