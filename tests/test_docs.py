from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from samples import ROOT

from assistant import Assistant, Settings, __version__
from assistant.cli import app

README = (ROOT / "README.md").read_text("utf-8")
ENGLISH = (ROOT / "README.en.md").read_text("utf-8")


def without_time(text: str) -> str:
    return re.sub(r", \d+ 毫秒", "", text).strip()


@pytest.mark.parametrize("readme", [README, ENGLISH], ids=["zh", "en"])
def test_every_command_and_setting_is_described(readme: str) -> None:
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        assert f"assistant {name}" in readme, name
    for variable in ("ASSISTANT_CORPUS", "ASSISTANT_INDEX", "ASSISTANT_CACHE", "ASSISTANT_MODEL"):
        assert variable in readme
    assert "make serve" in readme and "make test" in readme


@pytest.mark.parametrize("readme", [README, ENGLISH], ids=["zh", "en"])
def test_shown_answers_are_the_real_ones(readme: str, assistant: Assistant, settings: Settings) -> None:
    shown = re.findall(r"\$ assistant ask (\S+|\"[^\"]+\")\n(.*?)```", readme, re.S)
    assert shown
    for question, output in shown:
        done = subprocess.run(
            [sys.executable, "-m", "assistant", "ask", question.strip("\"")], capture_output=True, text=True, check=True, cwd=ROOT,
            env={"PATH": "", "HOME": str(settings.cache), "ASSISTANT_INDEX": str(settings.index), "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert without_time(done.stdout) == without_time(output)


def test_the_answer_stands_in_the_first_thirty_lines() -> None:
    assert "五、4 注销" in "\n".join(README.splitlines()[:30])


def test_the_changelog_starts_with_this_version() -> None:
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M).group(1) == __version__


def test_named_files_exist() -> None:
    for document in ("README.md", "README.en.md", "CONTRIBUTING.md", "MODEL_CARD.md", "tests/README.md"):
        text = (ROOT / document).read_text("utf-8")
        for path in re.findall(r"`((?:assistant|tests|benchmarks|training|corpus)/[\w./]+\.\w+)`", text):
            assert (ROOT / path).exists(), f"{document} names {path}"


def test_benchmark_questions_quote_the_policy(assistant: Assistant) -> None:
    raw = assistant.policies[0].source.text
    lines = (ROOT / "benchmarks" / "questions.jsonl").read_text("utf-8").splitlines()
    assert len(lines) >= 100
    for line in lines:
        row = json.loads(line)
        assert all(snippet in raw for group in row["gold"] for snippet in group), row["id"]
