from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from invariants import plain
from samples import DATA

import assistant as package
from assistant import Assistant, AssistantError, Settings
from assistant.retrieve import ranges_of
from assistant.search import Wanted
from assistant.signals import nearest_of


def test_exports() -> None:
    assert all(hasattr(package, name) for name in package.__all__)


def test_why_location(assistant: Assistant) -> None:
    answer = assistant.ask("为什么要收集我的位置")
    assert answer.verdict == "answered"
    assert any("位置信息" in hit.text for hit in answer.citations)


def test_how_to_close_the_account(assistant: Assistant) -> None:
    answer = assistant.ask("怎么注销账户")
    assert answer.verdict == "answered" and answer.citations[0].clause == "五、4"
    assert answer.citations[0].path == ("五、您如何管理您的个人信息", "4、注销")
    assert answer.hits[: len(answer.citations)] == answer.citations


@pytest.mark.parametrize("question", ["你们分期的年化利率是多少", "明天上海会不会下雨", "asdkjh qwe;;", "帮我写一首关于秋天的诗"])
def test_what_the_policy_does_not_cover(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.verdict == "not_covered" and not answer.citations
    assert answer.hits and {c.words for c in answer.contacts} == {"4000662850", "merchants_service@geexfinance.com"}


def test_every_shown_word_is_a_slice_of_the_source(assistant: Assistant) -> None:
    raw = assistant.policies[0].source.text
    for question in ("工作单位为什么要填", "怎么删除个人信息", "第八条", "SDK 收集什么", "<b>注销</b>"):
        for hit in assistant.ask(question).hits:
            assert plain(hit.text).replace(":", "") == plain("".join(raw[a:b] for a, b in hit.spans)).replace(":", "")


def test_a_clause_asked_for_by_number_comes_first(assistant: Assistant) -> None:
    answer = assistant.ask("五、4讲的是什么")
    assert [hit.clause for hit in answer.citations] == ["五、4"] and answer.confidence == 1


def test_answers_do_not_depend_on_what_was_asked_before(assistant: Assistant) -> None:
    first = assistant.ask("怎么注销账户")
    assistant.ask("为什么要收集我的位置")
    assert replace(assistant.ask("怎么注销账户"), took_ms=0) == replace(first, took_ms=0)


def test_one_policy_of_several(settings: Settings) -> None:
    both = Assistant.build(DATA, settings)
    assert {p.source.policy for p in both.policies} == {"service", "statute"}
    assert {hit.policy for hit in both.ask("会员费能退吗", policy="service").hits} == {"service"}
    assert both.ask("能不能携带犬只入园").hits[0].clause == "第四条(二)"
    with pytest.raises(AssistantError, match="service、statute"):
        both.ask("会员费能退吗", policy="nobody")


def test_another_corpus_is_built_once_and_then_read(settings: Settings, tmp_path: Path) -> None:
    other = replace(settings, cache=tmp_path)
    first = Assistant.cached(DATA / "statute.txt", other)
    (kept,) = tmp_path.iterdir()
    before = (kept / "manifest.json").stat().st_mtime_ns
    second = Assistant.cached(DATA / "statute.txt", other)
    assert (kept / "manifest.json").stat().st_mtime_ns == before
    assert replace(first.ask("几点开门"), took_ms=0) == replace(second.ask("几点开门"), took_ms=0)


def test_unknown_numbers_are_said_to_be_unknown(assistant: Assistant) -> None:
    for call in (assistant.search, assistant.show):
        with pytest.raises(AssistantError, match="没有编号为「九、1」"):
            call("九、1")


def test_a_text_without_clauses_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("隐私政策\n======\n", "utf-8")
    with pytest.raises(AssistantError, match=r"没有读出任何条款: a\.txt"):
        Assistant.build(tmp_path / "a.txt", settings)


def test_the_same_clause_in_two_policies_is_two_hits(settings: Settings, tmp_path: Path) -> None:
    for name in ("甲", "乙"):
        (tmp_path / f"{name}.txt").write_text(f"{name}政策\n一、注销\n您可以申请注销账户。\n", "utf-8")
    hits = Assistant.build(tmp_path, settings).ask("怎么注销账户").hits
    assert {hit.policy for hit in hits} == {"甲", "乙"}


def test_show_finds_numbers_and_anchors(assistant: Assistant) -> None:
    [(policy, by_number)] = assistant.show("五、4")
    assert assistant.show("c5-4") == [(policy, by_number)]
    assert policy.clauses[by_number[0]].clause == "五、4"


def test_a_removed_document_is_gone_and_a_changed_one_is_read_again(settings: Settings, tmp_path: Path) -> None:
    own = replace(settings, corpus=tmp_path / "corpus", index=tmp_path / "index")
    own.corpus.mkdir()
    for name, words in (("甲", "您可以申请注销账户。"), ("乙", "会员费在三日内退还。"), ("丙", "园区八点开门。")):
        (own.corpus / f"{name}.txt").write_text(f"{name}政策\n一、规定\n{words}\n", "utf-8")
    Assistant.build(own.corpus, own).save(own.index)
    (own.corpus / "乙.txt").unlink()
    (own.corpus / "丙.txt").write_text("丙政策\n一、规定\n园区九点开门。\n", "utf-8")
    again = Assistant.build(own.corpus, own)
    assert [clause.text for clause in again.index.clauses] == ["园区九点开门。", "您可以申请注销账户。"]
    assert again.ask("园区几点开门").hits[0].text == "园区九点开门。"
    assert not again.index.lexical(["会员"]).any() and "会员" not in again.index.bm25.vocab_dict
    with pytest.raises(AssistantError, match="没有名为「乙」的政策"):
        again.ask("会员费能退吗", policy="乙")


@pytest.mark.parametrize("stage", ["解析", "向量", "建立索引"])
def test_a_cancelled_build_leaves_the_index_as_it_was(settings: Settings, tmp_path: Path, stage: str) -> None:
    own = replace(settings, corpus=tmp_path / "corpus", index=tmp_path / "index")
    own.corpus.mkdir()
    (own.corpus / "甲.txt").write_text("甲政策\n一、注销\n您可以申请注销账户。\n", "utf-8")
    Assistant.build(own.corpus, own).save(own.index)
    serving = Assistant.load(own)
    (own.corpus / "乙.txt").write_text("乙政策\n一、退费\n会员费在三日内退还。\n", "utf-8")

    def cancel(now: str, done: int, total: int) -> None:
        if now == stage:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Assistant.build(own.corpus, own, cancel)
    (own.corpus / "乙.txt").unlink()
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["corpus", "index"]
    for still in (serving, Assistant.load(own)):
        assert still.ask("怎么注销账户").hits[0].policy == "甲"


def test_the_bank_of_one_policy_speaks_among_others(assistant: Assistant, settings: Settings, tmp_path: Path) -> None:
    """What is learned by the clauses of one policy stands beside what those of the others are."""
    for file in (*settings.corpus.iterdir(), DATA / "statute.txt", DATA / "service.md"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    many = Assistant.build(tmp_path, replace(settings, index=tmp_path / "index"))
    own = many.index.ranges["jifenqi"]
    assert many.index.taught.tolist() == list(own) and many.index.taught_vectors.ntotal == len(own)
    vector = many.encoder.encode(["怎么注销账户"], query=True)[0]
    everywhere, scores = many.index.nearest_taught(vector, 1000, range(len(many.index.clauses)))
    assert sorted(everywhere) == list(range(len(many.index.clauses))) and (np.diff(scores) <= 0).all()
    alone, expected = assistant.index.nearest_taught(vector, 1000, range(len(own)))
    mine = np.isin(everywhere, list(own))
    assert (everywhere[mine] - own.start).tolist() == alone.tolist() and scores[mine] == pytest.approx(expected, abs=1e-5)
    others, plain = many.index.nearest_clauses(vector, 1000, many.index.ranges["service"])
    assert dict(zip(everywhere.tolist(), scores, strict=True)).items() >= dict(zip(others.tolist(), plain, strict=True)).items()


# ---- the scope of a question ----


@pytest.fixture(scope="module")
def shelf(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """Five documents; those with the odd names stand between those with the even ones."""
    folder = tmp_path_factory.mktemp("shelf")
    for n, words in enumerate(("会员费", "停车费", "门票", "押金", "运费"), 1):
        body = "\n".join(f"第{i}条 {words}在{i}日内退还到您的账户。" for i in range(1, 30))
        (folder / f"d{n}.txt").write_text(f"{words}规则\n{body}\n", "utf-8")
    return Assistant.build(folder, settings)


ASKED = ("会员费多久退", "押金什么时候退还", "第三条", "门票 退还", "运费第五条")


@pytest.mark.parametrize("question", ASKED)
def test_one_policy_and_all_are_searched_as_before_however_they_are_named(shelf: Assistant, question: str) -> None:
    for one in (["d3"], ("d3",), "d3", "d3,", ["d3", "d3"]):
        assert replace(shelf.ask(question, policy=one), took_ms=0) == replace(shelf.ask(question, policy="d3"), took_ms=0)
    whole = replace(shelf.ask(question), took_ms=0)
    for every in ((), "", ["d1", "d2", "d3", "d4", "d5"], "d5,d4,d3,d2,d1"):
        assert replace(shelf.ask(question, policy=every), took_ms=0) == whole


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize("names", ["d1,d3", "d2,d3,d5", "d1,d5", "d4,d5"])
def test_several_policies_are_searched_exactly_as_if_there_were_no_others(
    shelf: Assistant, settings: Settings, tmp_path: Path, question: str, names: str
) -> None:
    for name in names.split(","):
        (tmp_path / f"{name}.txt").write_bytes((shelf.settings.corpus / f"{name}.txt").read_bytes())
    alone = Assistant.build(tmp_path, settings)
    mine, theirs = (a.retrievers.index for a in (shelf, alone))
    within = ranges_of(mine, names.split(","))
    vector = shelf.encoder.encode([question], query=True)[0]
    found = nearest_of(lambda part: mine.nearest_sentences(vector, 40, part), within, 40)
    expected = theirs.nearest_sentences(vector, 40, range(len(theirs.clauses)))
    assert np.allclose(found[1], expected[1], atol=1e-6), "the same sentences are nearest"
    assert {hit.policy for hit in shelf.ask(question, policy=names).hits} <= set(names.split(","))
    assert shelf.ask(question, policy=names).hits[0].text == alone.ask(question).hits[0].text


def test_a_number_is_looked_up_in_the_chosen_policies_only(shelf: Assistant) -> None:
    found = shelf.ask("第三条", policy="d2,d5")
    assert [(hit.policy, hit.clause) for hit in found.citations] == [("d2", "第3条"), ("d5", "第3条")]
    assert [hit.policy for hit in shelf.search("第三条", ["d5", "d4"])] == ["d4", "d5"]
    assert [policy.source.policy for policy, _ in shelf.show("第三条", ["d5", "d4"])] == ["d4", "d5"]


def test_words_and_phrases_are_searched_in_several_policies(shelf: Assistant) -> None:
    assert {hit.policy for hit in shelf.search('"日内退还" -门票', "d1,d3,d5")} == {"d1", "d5"}
    finding = shelf.find(Wanted("退还", ["d1", "d4"], by_place=True))
    order = [(hit.policy, hit.place) for hit in finding.hits]
    assert {policy for policy, _ in order} == {"d1", "d4"} and order == sorted(order)


def test_an_unknown_policy_among_several_is_named(shelf: Assistant) -> None:
    for call in (shelf.search, shelf.show):
        with pytest.raises(AssistantError, match="没有名为「d9」的政策。可选: d1、d2"):
            call("第三条", "d1,d9")
    with pytest.raises(AssistantError, match="没有名为「d9」"):
        shelf.ask("会员费多久退", policy=["d1", "d9"])
