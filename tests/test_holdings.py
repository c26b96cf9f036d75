from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from samples import DATA, ROOT

from assistant import Assistant, Settings
from assistant.errors import AssistantError, HoldingsError
from assistant.holdings import LARGEST, MOST_FILES, add, check_size, file_name, held, remove
from assistant.statements import effective_date_of, kind_of, stated_date_of, version_of

SERVICE, STATUTE = ((DATA / name).read_bytes() for name in ("service.md", "statute.txt"))
SHORT = "园区须知\n一、开放\n园区每天八点开门。\n二、宠物\n导盲犬可以入园。\n".encode()


def quiet(stage: str, done: int, total: int) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """A corpus of its own with one short document, and its index."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "甲.txt").write_text("甲隐私政策\n一、注销\n您可以申请注销账户。\n", "utf-8")
    mine = replace(settings, corpus=corpus, index=tmp_path / "index")
    Assistant.build(corpus, mine).save(mine.index)
    return mine


def files_of(*folders: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}


def manifest_of(settings: Settings) -> dict[str, dict[str, str]]:
    return json.loads((settings.corpus / "sources.json").read_text("utf-8"))["policies"]


def test_a_document_is_added_answers_and_is_still_there_after_a_restart(own: Settings) -> None:
    built, added = add([("service.md", SERVICE), ("statute.txt", STATUTE)], own, quiet)
    assert added == ["service", "statute"] and (own.corpus / "service.md").read_bytes() == SERVICE
    for assistant in (built, Assistant.load(own)):
        assert {p.source.policy for p in assistant.policies} == {"甲", "service", "statute"}
        assert assistant.ask("会员费能退吗", policy="service").citations[0].clause == "二(二)"
        assert assistant.settings.corpus == own.corpus
    assert [p.name for p in own.corpus.iterdir() if p.name.startswith(".")] == []


def test_the_manifest_says_what_the_text_states(own: Settings) -> None:
    assistant, _ = add([("service.md", SERVICE)], own, quiet)
    source = next(p.source for p in assistant.policies if p.source.policy == "service")
    entry = manifest_of(own)["service.md"]
    assert entry == {
        **{"id": "service", "title": "云杉笔记服务协议", "kind": "协议", "version": "", "effective_date": "2026年3月1日"},
        "sha256": source.sha256,
    }
    assert source.effective_date == "2026年3月1日" and "甲.txt" not in manifest_of(own)


def test_the_same_name_is_a_new_version_and_what_people_wrote_stays(own: Settings) -> None:
    add([("service.md", SERVICE)], own, quiet)
    file = own.corpus / "sources.json"
    record = json.loads(file.read_text("utf-8"))
    record["policies"]["service.md"] |= {"id": "yunshan", "source": "官网", "kind": "规则"}
    file.write_text(json.dumps(record | {"note": "手写"}, ensure_ascii=False), "utf-8")
    newer = SERVICE.replace("七天内".encode(), "九天内".encode()).replace("2026年3月1日".encode(), "2026年5月1日".encode())
    assistant, added = add([("service.md", newer)], own, quiet)
    assert added == ["yunshan"] and len(assistant.policies) == 2
    assert "九天内" in assistant.ask("会员费能退吗", policy="yunshan").citations[0].text
    entry = manifest_of(own)["service.md"]
    assert (entry["id"], entry["source"], entry["kind"], entry["effective_date"]) == ("yunshan", "官网", "规则", "2026年5月1日")
    assert json.loads(file.read_text("utf-8"))["note"] == "手写"
    assert next(p.source for p in Assistant.load(own).policies if p.source.policy == "yunshan").sha256 == entry["sha256"]


def test_a_new_version_may_have_a_new_title(own: Settings) -> None:
    add([("service.md", SERVICE)], own, quiet)
    add([("service.md", SERVICE.replace("云杉笔记服务协议".encode(), "云杉笔记用户协议".encode()))], own, quiet)
    assert manifest_of(own)["service.md"]["title"] == "云杉笔记用户协议"


def test_a_document_is_removed_with_its_entry(own: Settings) -> None:
    assistant, _ = add([("service.md", SERVICE), ("statute.txt", STATUTE)], own, quiet)
    left = remove("service", assistant, quiet)
    assert (
        {p.source.policy for p in left.policies} == {p.source.policy for p in Assistant.load(own).policies} == {"甲", "statute"}
    )
    assert not (own.corpus / "service.md").exists() and list(manifest_of(own)) == ["statute.txt"]
    with pytest.raises(AssistantError, match="没有名为「service」"):
        left.ask("会员费能退吗", policy="service")


def test_the_last_document_and_an_unknown_one_are_not_removed(own: Settings) -> None:
    before = files_of(own.corpus, own.index)
    with pytest.raises(HoldingsError, match="最后一份"):
        remove("甲", Assistant.load(own), quiet)
    with pytest.raises(HoldingsError, match="没有编号为「nowhere」"):
        remove("nowhere", Assistant.load(own), quiet)
    assert files_of(own.corpus, own.index) == before


BAD = {
    "empty": ([("a.txt", b"")], "空的: a.txt"),
    "binary": ([("a.txt", bytes(range(256)) * 20)], "编码无法识别: a.txt"),
    "no clauses": ([("a.txt", "隐私政策\n======\n".encode())], "没有读出任何条款: a.txt"),
    "one bad of two": ([("b.txt", SHORT), ("a.txt", b"")], "空的: a.txt"),
    "same id": ([("甲.md", SHORT)], "标题或编号相同:「甲」"),
    "same title": ([("乙.txt", "甲隐私政策\n一、注销\n您可以在设置里注销账户。\n".encode())], "标题或编号相同:「甲隐私政策」"),
    "same title twice": ([("乙.txt", SHORT), ("丙.txt", SHORT)], "标题或编号相同:「园区须知」"),
    "same name twice": ([("乙.txt", SHORT), ("x/乙.txt", SHORT)], "都叫「乙.txt」"),
    "another kind": ([("a.exe", b"MZ")], "不认识「a.exe」"),
    "manifest": ([("sources.json", b"{}")], "不认识「sources.json」"),
    "bank": ([("甲.questions.jsonl", b"{}")], "不认识"),
    "nothing": ([], "没有选中文件"),
    "too many": ([(f"{n}.txt", SHORT) for n in range(MOST_FILES + 1)], "最多导入"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_added_changes_nothing(own: Settings, name: str) -> None:
    files, message = BAD[name]
    before = files_of(own.corpus, own.index)
    with pytest.raises(HoldingsError, match=message) as told:
        add(files, own, quiet)
    assert files_of(own.corpus, own.index) == before and str(own.corpus.parent) not in str(told.value)
    assert Assistant.load(own).ask("怎么注销账户").citations


@pytest.mark.parametrize("stage", ["读取", "解析", "建立索引", "写入"])
def test_a_change_is_cancelled_at_any_stage_and_nothing_has_changed(own: Settings, stage: str) -> None:
    assistant, _ = add([("service.md", SERVICE)], own, quiet)
    before = files_of(own.corpus, own.index)

    def cancel(now: str, done: int, total: int) -> None:
        if now == stage:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        add([("service.md", SERVICE + b"\n\xe5\xae\x8c"), ("statute.txt", STATUTE)], own, cancel)
    if stage != "读取":
        with pytest.raises(InterruptedError):
            remove("service", assistant, cancel)
    assert files_of(own.corpus, own.index) == before


def test_an_index_that_cannot_be_written_puts_the_files_back(own: Settings, tmp_path: Path) -> None:
    assistant, _ = add([("service.md", SERVICE)], own, quiet)
    (tmp_path / "taken").write_text("x")
    broken = replace(own, index=tmp_path / "taken")
    before = files_of(own.corpus, own.index)
    with pytest.raises(AssistantError, match="不会覆盖"):
        add([("service.md", SERVICE + b"\n"), ("statute.txt", STATUTE)], broken, quiet)
    assistant.settings = broken
    with pytest.raises(AssistantError, match="不会覆盖"):
        remove("service", assistant, quiet)
    assert files_of(own.corpus, own.index) == before
    assert Assistant.load(own).ask("会员费能退吗").citations


def test_only_one_change_at_a_time_also_of_another_process(own: Settings) -> None:
    asked: list[str] = []

    def meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "解析" and not asked:
            done_there = subprocess.run(
                [sys.executable, "-m", "assistant", "import", str(DATA / "statute.txt")],
                capture_output=True, text=True, check=False, cwd=ROOT,
                env=os.environ | {"ASSISTANT_CORPUS": str(own.corpus), "ASSISTANT_INDEX": str(own.index)},
            )  # fmt: skip
            asked.append(done_there.stderr)

    add([("service.md", SERVICE)], own, meanwhile)
    assert "同时只能进行一个" in asked[0]
    assert not (own.corpus / "statute.txt").exists()
    add([("statute.txt", STATUTE)], own, quiet)


def test_what_a_killed_change_left_is_cleared_away(own: Settings) -> None:
    (own.corpus / ".import-dead").mkdir()
    (own.corpus / ".import-dead" / "service.md").write_bytes(SERVICE)
    assert len(Assistant.load(own).policies) == 1
    add([("statute.txt", STATUTE)], own, quiet)
    assert not (own.corpus / ".import-dead").exists()


def test_the_bank_of_a_document_serves_its_copy(settings: Settings, own: Settings) -> None:
    file = ROOT / "corpus" / "即分期超G会员隐私政策.txt"
    assistant, _ = add([("jifenqi.txt", file.read_bytes())], own, quiet)
    assert len(assistant.index.questions) > 1000
    Assistant.load(own)


def test_a_corpus_of_one_file_is_not_changed(own: Settings) -> None:
    alone = replace(own, corpus=own.corpus / "甲.txt")
    with pytest.raises(HoldingsError, match="单个文件"):
        add([("service.md", SERVICE)], alone, quiet)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/隐私.txt", "隐私.txt"),
        ("C:\\用户\\隐私.md", "隐私.md"),
        ("a\u0301.txt", "á.txt"),
        (" 有空格 的.TXT ", "有空格 的.TXT"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
    ],
)
def test_a_file_is_kept_under_its_base_name(name: str, kept: str) -> None:
    assert file_name(name) == kept


@pytest.mark.parametrize(
    "name", ["", ".txt", "..", "/", "a/", ".hidden.txt", "a\x00.txt", "a\n.txt", "a\u202etxt.md", "~$a.txt", "长" * 121 + ".txt", "\ud800.txt"]
)  # fmt: skip
def test_names_that_mean_harm_are_refused(name: str) -> None:
    with pytest.raises(HoldingsError) as told:
        file_name(name)
    assert str(told.value).isprintable()


def test_a_hostile_name_makes_an_id_that_addresses_can_hold(own: Settings) -> None:
    _, added = add([("a, b#c 丁.txt", SHORT)], own, quiet)
    assert added == ["a-b-c-丁"] and Assistant.load(own).ask("几点开门", policy="a-b-c-丁").hits


def test_a_file_over_the_limit_is_refused_by_its_size() -> None:
    check_size("a.txt", LARGEST)
    with pytest.raises(HoldingsError, match="超过 50 MB"):
        check_size("a.txt", LARGEST + 1)


def test_what_is_held_is_listed(own: Settings) -> None:
    assistant, _ = add([("service.md", SERVICE)], own, quiet)
    rows = {row.id: row for row in held(assistant.policies, own.corpus)}
    assert (rows["service"].kind, rows["service"].date, rows["service"].clauses) == ("协议", "2026年3月1日", 13)
    assert (rows["甲"].kind, rows["甲"].date, rows["甲"].doubts) == ("隐私政策", "", 0)


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("即分期超G会员隐私政策", "隐私政策"),
        ("儿童个人信息保护规则", "隐私政策"),
        ("云杉笔记服务协议", "协议"),
        ("中华人民共和国个人信息保护法", "法律"),
        ("中华人民共和国个人信息保护法(2021年8月20日)", "法律"),
        ("城市公园管理条例", "法规规章"),
        ("互联网信息服务算法推荐管理规定", "法规规章"),
        ("社区公约", "规则"),
        ("说明", "其他"),
    ],
)
def test_the_kind_is_guessed_from_the_title(title: str, kind: str) -> None:
    assert kind_of(title) == kind


def test_dates_and_versions_are_only_what_the_text_states() -> None:
    assert effective_date_of("隐私政策\n生效日期：2021年8月20日\n更新日期：2021年8月1日") == "2021年8月20日"
    assert effective_date_of("第九条 本法自2021年11月1日起施行。") == "2021年11月1日"
    assert effective_date_of("隐私政策\n更新日期：2021年8月1日\n") == "" and effective_date_of("我们自2020年1月1日起经营。") == ""
    assert stated_date_of("隐私政策\n更新日期：2021 年8月1日\n") == "更新日期：2021 年8月1日"
    assert stated_date_of("隐私政策") == version_of("隐私政策 版本很多") == "" and version_of("版本号：V2.3.1\n") == "V2.3.1"
    assert version_of("版本：2021年8月20日") == ""


def test_the_commands_import_list_and_remove(own: Settings) -> None:
    environment = os.environ | {"ASSISTANT_CORPUS": str(own.corpus), "ASSISTANT_INDEX": str(own.index)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "assistant", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)

    done = run("import", str(DATA / "service.md"))
    assert done.returncode == 0 and "第 22 行: " in done.stdout and "已导入 1 份, 共 2 份" in done.stdout
    rows = json.loads(run("list", "--json").stdout)
    assert [(row["id"], row["kind"], row["clauses"]) for row in rows] == [("service", "协议", 13), ("甲", "隐私政策", 1)]
    assert "《云杉笔记服务协议》" in run("list").stdout
    assert "已移除《云杉笔记服务协议》" in run("remove", "service").stdout and not (own.corpus / "service.md").exists()
    for wrong in (("remove", "nowhere"), ("import", "/nowhere.txt"), ("import", sys.executable)):
        failed = run(*wrong)
        assert failed.returncode == 1 and failed.stderr.startswith("错误: ") and failed.stderr.count("\n") == 1


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_stopped_leaves_nothing_behind(own: Settings, tmp_path: Path, stop: signal.Signals) -> None:
    before = files_of(own.corpus, own.index)
    large = tmp_path / "大.txt"
    large.write_text("大政策\n" + "".join(f"第{i}条 园区第{i}区开放。\n" for i in range(1, 9_000)), "utf-8")
    command = [sys.executable, "-m", "assistant", "import", str(large)]
    environment = os.environ | {"ASSISTANT_CORPUS": str(own.corpus), "ASSISTANT_INDEX": str(own.index)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as running:
        while running.poll() is None and not list(own.corpus.glob(".import-*")):
            time.sleep(0.02)
        running.send_signal(stop)
        assert running.communicate()[1] == "已中断, 没有做完的都不算数。\n" and running.returncode == 130
    assert files_of(own.corpus, own.index) == before and [p.name for p in own.corpus.iterdir()] == ["甲.txt"]


def test_a_full_disk_changes_nothing(own: Settings) -> None:
    environment = os.environ | {"ASSISTANT_CORPUS": str(own.corpus), "ASSISTANT_INDEX": str(own.index)}
    before = files_of(own.corpus, own.index)
    command = f"ulimit -f 16; exec {sys.executable} -m assistant import {DATA / 'service.md'}"
    failed = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert failed.returncode == 1 and "写不进去" in failed.stderr and "faiss" not in failed.stderr
    assert files_of(own.corpus, own.index) == before and Assistant.load(own).ask("怎么注销账户").citations


def test_a_folder_and_a_link_to_nowhere_in_the_corpus(own: Settings) -> None:
    (own.corpus / "旧.txt").mkdir()
    add([("service.md", SERVICE)], own, quiet)
    (own.corpus / "链接.txt").symlink_to("/nowhere")
    before = files_of(own.corpus, own.index)
    with pytest.raises(HoldingsError, match="不见了") as told:
        add([("statute.txt", STATUTE)], own, quiet)
    assert ".import-" not in str(told.value) and files_of(own.corpus, own.index) == before


def test_two_files_of_one_stem_in_a_zip_are_named(own: Settings) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("a.md", SERVICE)
        packed.writestr("a.txt", STATUTE)
    with pytest.raises(HoldingsError, match=r"^包.zip 里有几份文档的编号相同: a \(包.zip/a.md、包.zip/a.txt\)"):
        add([("包.zip", data.getvalue())], own, quiet)
