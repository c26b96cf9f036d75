"""The labels of benchmarks/structure.jsonl are well-formed, and the benchmark runs on a folder that lacks the documents."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from samples import ROOT

ENTRIES = [json.loads(line) for line in (ROOT / "benchmarks" / "structure.jsonl").read_text("utf-8").splitlines()]
KINDS = {"title", "contents", "heading", "clause", "row", "continuation", "furniture"}


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry["document"] for entry in ENTRIES])
def test_labels_are_well_formed_and_hold_no_words(entry: dict) -> None:
    lines = entry["lines"]
    assert entry["document"].startswith(("policies/", "laws/")) and len(entry["sha256"]) == 16
    assert [line[0] for line in lines] == sorted({line[0] for line in lines})
    assert not entry["until"] or lines[-1][0] <= entry["until"]
    for _, level, kind, number in lines:
        assert kind in KINDS
        assert (level == 0) == (kind in ("title", "furniture"))
        assert len(number) <= 12 and (not number or kind in ("heading", "clause", "contents"))


def test_a_level_is_never_more_than_one_below_what_stands_above() -> None:
    for entry in ENTRIES:
        above = 0
        for number, level, kind, _ in entry["lines"]:
            if kind in ("heading", "clause", "row"):
                assert level <= above + 1 or entry["document"].endswith("0688.md"), (entry["document"], number)
                above = level


def test_benchmark_says_what_it_skips_and_measures_the_rest(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "laws").mkdir()
    shutil.copy(ROOT / "corpus" / "即分期超G会员隐私政策.txt", tmp_path / "policies")
    changed = tmp_path / ENTRIES[0]["document"]
    changed.parent.mkdir(parents=True)
    changed.write_text("一、范围\n1、适用于全部用户。\n", "utf-8")
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "structure.py", tmp_path],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.stdout.count("没有这个文件, 跳过") == len(ENTRIES) - 1
    assert done.stdout.count("内容与标注时不同, 跳过") == 1
    assert "| 文件 | 2 |" in done.stdout and "| 归属明确的字符 | 100.0000 % |" in done.stdout
