from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from samples import DATA, ROOT
from test_embed import character_model

from assistant import Assistant, Settings
from assistant.diagnosis import diagnose
from assistant.errors import IndexDamaged, IndexMissing, IndexStale
from assistant.settings import IndexFiles
from assistant.store import FORMAT


@pytest.fixture
def copy(assistant: Assistant, settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose corpus and index are copies, to be spoilt."""
    shutil.copytree(settings.corpus, tmp_path / "corpus")
    shutil.copytree(settings.index, tmp_path / "index")
    return replace(settings, corpus=tmp_path / "corpus", index=tmp_path / "index")


def test_a_saved_index_answers_as_the_built_one(assistant: Assistant, copy: Settings) -> None:
    loaded = Assistant.load(copy)
    for question in ("怎么注销账户", "为什么要收集我的位置", "第八条"):
        assert replace(loaded.ask(question), took_ms=0) == replace(assistant.ask(question), took_ms=0)


def files_of(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "assistant", "build", "--corpus", str(ROOT / "corpus"), "--index", str(tmp_path / seed)]
        subprocess.run(command, check=True, env=environment, capture_output=True)
    first, second = files_of(tmp_path / "1"), files_of(tmp_path / "2")
    assert len(first) > 5 and first.keys() == second.keys()
    assert not [name for name in first if first[name] != second[name]]


def test_an_index_built_on_the_old_one_has_the_bytes_of_one_built_from_scratch(copy: Settings, tmp_path: Path) -> None:
    for name in ("service.md", "statute.txt"):
        shutil.copy(DATA / name, copy.corpus)
    (copy.corpus / "b.txt").write_text("乙政策\n一、退款\n您可以在七日内申请退款。\n二、配送\n免费配送。\n", "utf-8")
    Assistant.build(copy.corpus, copy).save(copy.index)
    (copy.corpus / "statute.txt").unlink()
    (copy.corpus / "a.txt").write_text("甲政策\n一、注销\n您可以申请注销账户, 也可以申请退款。\n", "utf-8")
    (copy.corpus / "b.txt").write_text("乙政策\n一、退款\n您可以在三十日内申请退款, 逾期不予受理。\n", "utf-8")
    read: list[tuple[str, int, int]] = []
    Assistant.build(copy.corpus, copy, lambda *step: read.append(step)).save(tmp_path / "taken")
    Assistant.build(copy.corpus, replace(copy, index=tmp_path / "nowhere")).save(tmp_path / "fresh")
    assert [step for step in read if step[0] == "向量"] == [("向量", 1, 2), ("向量", 2, 2)]
    taken, fresh = files_of(tmp_path / "taken"), files_of(tmp_path / "fresh")
    assert taken.keys() == fresh.keys() and not [name for name in fresh if taken[name] != fresh[name]]


def test_an_index_of_another_encoder_or_recipe_or_a_damaged_one_is_not_built_on(copy: Settings, tmp_path: Path) -> None:
    shutil.copy(DATA / "statute.txt", copy.corpus)

    def newly_read(settings: Settings) -> int:
        read = {"向量": 0}
        Assistant.build(settings.corpus, settings, lambda stage, done, total: read.update({stage: total}))
        return read["向量"]

    added = newly_read(copy)
    everything = newly_read(replace(copy, index=tmp_path / "nowhere"))
    assert 0 < added < everything
    assert newly_read(replace(copy, model=character_model(tmp_path / "model"))) == everything
    manifest = IndexFiles(copy.index).manifest
    kept = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(kept) | {"recipe": "other"}))
    assert newly_read(copy) == everything
    manifest.write_text(kept)
    (copy.index / "clauses.faiss").write_bytes(b"")
    assert newly_read(copy) == everything


def test_nothing_there(copy: Settings, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="assistant build"):
        Assistant.load(replace(copy, index=tmp_path / "nowhere"))


def test_changed_corpus_is_not_answered_from_an_old_index(copy: Settings) -> None:
    (copy.corpus / "sources.json").unlink()
    file = next(copy.corpus.glob("*.txt"))
    file.write_text(file.read_text("utf-8") + "\n九、新增\n新增一条。", "utf-8")
    with pytest.raises(IndexStale, match="语料已变更"):
        Assistant.load(copy)


def test_another_encoder_is_not_mixed_with_an_old_index(copy: Settings, tmp_path: Path) -> None:
    other = replace(copy, model=character_model(tmp_path / "model"))
    with pytest.raises(IndexStale, match="模型已更换"):
        Assistant.load(other)
    rebuilt = Assistant.build(other.corpus, other)
    rebuilt.save(other.index)
    assert Assistant.load(other).ask("注销账户").hits


@pytest.mark.parametrize("name", ["policies.jsonl", "clauses.faiss", "bm25/vocab.index.json"])
def test_damaged_files_are_noticed(copy: Settings, name: str) -> None:
    file = copy.index / name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(IndexDamaged, match="已损坏"):
        Assistant.load(copy)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", f'{{"format": {FORMAT}}}', "\x00"])
def test_damaged_manifest(copy: Settings, manifest: str) -> None:
    IndexFiles(copy.index).manifest.write_text(manifest)
    with pytest.raises(IndexDamaged, match="assistant build"):
        Assistant.load(copy)


@pytest.mark.parametrize("name", ["manifest.json", "policies.jsonl"])
def test_building_mends_a_damaged_index_as_the_message_says(assistant: Assistant, copy: Settings, name: str) -> None:
    (copy.index / name).write_text("{")
    with pytest.raises(IndexDamaged, match="assistant build"):
        Assistant.load(copy)
    Assistant.build(copy.corpus, copy).save(copy.index)
    assert Assistant.load(copy).ask("怎么注销账户").citations


def test_another_format_is_stale(copy: Settings) -> None:
    file = IndexFiles(copy.index).manifest
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 99}))
    with pytest.raises(IndexStale, match="第 99 版"):
        Assistant.load(copy)


def test_other_peoples_folders_are_not_overwritten(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(IndexDamaged, match="不会覆盖"):
        assistant.save(tmp_path)
    with pytest.raises(IndexDamaged, match="是一个文件"):
        assistant.save(tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_manifest_of_something_else_protects_its_folder(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"manifest_version": 3}')
    (tmp_path / "background.js").write_text("mine")
    with pytest.raises(IndexDamaged, match="不会覆盖"):
        assistant.save(tmp_path)
    assert (tmp_path / "background.js").read_text() == "mine"


def test_a_changed_title_or_recipe_is_not_answered_from_an_old_index(copy: Settings) -> None:
    manifest = IndexFiles(copy.index).manifest
    kept = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(kept) | {"recipe": "other"}))
    with pytest.raises(IndexStale, match="程序或设置已更新"):
        Assistant.load(copy)
    manifest.write_text(kept)
    sources = copy.corpus / "sources.json"
    sources.write_text(sources.read_text("utf-8").replace('"version": ""', '"version": "2.0"'), "utf-8")
    with pytest.raises(IndexStale, match="语料已变更"):
        Assistant.load(copy)


def test_an_index_is_used_with_the_corpus_it_was_built_from(copy: Settings) -> None:
    unnamed = replace(copy, corpus=ROOT / "tests" / "data", corpus_named=False)
    assert Assistant.load(unnamed).policies[0].source.policy == "jifenqi"


def test_saving_again_replaces_the_folder_and_leaves_nothing_beside_it(assistant: Assistant, copy: Settings) -> None:
    assistant.save(copy.index)
    assert sorted(p.name for p in copy.index.parent.iterdir()) == ["corpus", "index"]
    Assistant.load(copy)


def build(settings: Settings, **options: object) -> subprocess.Popen[str]:
    environment = os.environ | {"ASSISTANT_CORPUS": str(settings.corpus), "ASSISTANT_INDEX": str(settings.index)}
    command = [sys.executable, "-m", "assistant", "build"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **pipes, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("most", [500, 20_000, 150_000], ids=["policies", "numpy", "faiss"])
def test_a_full_disk_is_one_message_and_leaves_the_old_index(copy: Settings, most: int) -> None:
    shutil.copytree(copy.corpus, copy.corpus.with_name("before"))
    shutil.copy(DATA / "statute.txt", copy.corpus)
    # a file over the limit fails while it is written, as on a full disk
    building = build(copy, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    _, said = building.communicate()
    assert building.returncode == 1 and "索引写不进去" in said and "Traceback" not in said
    assert sorted(p.name for p in copy.index.parent.iterdir()) == ["before", "corpus", "index"]
    assert Assistant.load(replace(copy, corpus=copy.corpus.with_name("before"))).ask("怎么注销账户").citations


def test_two_builders_at_once_both_succeed(copy: Settings) -> None:
    shutil.copy(DATA / "statute.txt", copy.corpus)
    builders = [build(copy), build(copy)]
    said = [builder.communicate() for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0], said
    assert sorted(p.name for p in copy.index.parent.iterdir()) == ["corpus", "index"]
    assert len(Assistant.load(copy).policies) == 2


def test_an_index_is_replaced_while_others_read_it(assistant: Assistant, copy: Settings) -> None:
    done = threading.Event()

    def keep_saving() -> None:
        while not done.is_set():
            assistant.save(copy.index)

    saving = threading.Thread(target=keep_saving)
    saving.start()
    try:
        for _ in range(5):
            assert Assistant.load(copy).policies[0].source.policy == "jifenqi"
    finally:
        done.set()
        saving.join()


@pytest.mark.parametrize("then", ["load", "save", "doctor"])
def test_what_a_killed_builder_has_set_aside_is_put_back(assistant: Assistant, copy: Settings, then: str) -> None:
    half = copy.index.with_name(".index-abcd_123")
    half.mkdir()
    (half / "policies.jsonl").write_text("{")
    other = copy.index.with_name(".index-2-abcd_123")
    other.mkdir()
    copy.index.rename(half.with_name(half.name + "-old"))
    if then == "save":
        assistant.save(copy.index)
        assert sorted(p.name for p in copy.index.parent.iterdir()) == [other.name, "corpus", "index"]
    if then == "doctor":
        assert diagnose(copy)[1]
    assert Assistant.load(copy).ask("怎么注销账户").citations
