from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from samples import ROOT
from test_embed import character_model

from assistant import Assistant, Settings
from assistant.errors import IndexDamaged, IndexMissing, IndexStale
from assistant.settings import IndexFiles


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


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "assistant", "build", "--corpus", str(ROOT / "corpus"), "--index", str(tmp_path / seed)]
        subprocess.run(command, check=True, env=environment, capture_output=True)
    files = sorted(p.relative_to(tmp_path / "1") for p in (tmp_path / "1").rglob("*") if p.is_file())
    assert len(files) > 5
    for file in files:
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes(), file


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


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"format": 2}', "\x00"])
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
