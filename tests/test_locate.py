"""Clause numbers and names of documents among several documents whose numbers overlap, through every way of asking."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from samples import DATA, ROOT

from assistant import Assistant, Settings
from assistant.errors import ClauseNotFound
from assistant.search import Wanted
from assistant.server import build_site

SEVERAL = DATA / "several"
FOUND = [
    ("民法典第一千二百六十条", "附则", ["第一千二百六十条"]),
    ("民法典1260条", "附则", ["第一千二百六十条"]),
    ("第1260条", "附则", ["第一千二百六十条"]),
    ("合同编第四百六十四条", "合同编", ["第四百六十四条"]),
    ("民法典合同编第465条第2款", "合同编", ["第四百六十五条 第2款"]),
    ("《个人信息保护法》第四条第二款", "个人信息保护法", ["第四条 第2款"]),
    ("个保法4条第2款", "个人信息保护法", ["第四条 第2款"]),
    ("个保法第4条第1款第(三)项", "个人信息保护法", ["第四条(三)"]),
    ("个保法 第三条", "个人信息保护法", ["第三条 第1款", "第三条 第2款"]),
    ("个保法第四条之一", "个人信息保护法", ["第四条之一"]),
    ("中华人民共和国个人信息保护法第五条", "个人信息保护法", ["第五条"]),
    ("公司法(2023)第二条", "公司法(2023)", ["第二条"]),
    ("《公司法》（2018）第２条", "公司法(2018)", ["第二条"]),
    ("隐私政策二、4", "privacy", ["二、4"]),
    ("云杉笔记隐私政策二4", "privacy", ["二、4"]),
    ("二、4", "privacy", ["二、4"]),
    ("2.4", "privacy", ["二、4"]),
    ("privacy 二、4", "privacy", ["二、4"]),
    ("松果用户协议二、3", "agreement", ["二、3"]),
    ("《用户协议》第3.2条", "terms", ["3.2"]),
    ("《云杉笔记用户协议》1.2", "terms", ["1.2"]),
    ("个保法第二章第三条第二款", "个人信息保护法", ["第三条 第2款"]),
]
MANY = [("一、2", ["agreement", "privacy", "terms"]), ("公司法第二条", ["公司法(2018)", "公司法(2023)"])]
MISSING = [
    ("个保法第九十九条", ["没有编号为「个保法第九十九条」", "《中华人民共和国个人信息保护法》有第一条～第五条"]),
    ("云杉笔记隐私政策三、1", ["没有编号为「云杉笔记隐私政策三、1」", "有一～二"]),
    ("第九千条", ["没有编号为「第九千条」", "8 份文档都没有"]),
    ("《票据法》第三条", ["没有《票据法》"]),
    ("公司法(2013)第二条", ["没有《公司法(2013)》"]),
]


@pytest.fixture(scope="module")
def several(settings: Settings) -> Assistant:
    return Assistant.cached(SEVERAL, settings)


@pytest.fixture(scope="module")
def site(several: Assistant) -> TestClient:
    async def built() -> FastAPI:
        return build_site(several, None)

    with ThreadPoolExecutor() as threads:  # Gradio leaves loops open that it makes itself
        return TestClient(threads.submit(asyncio.run, built()).result(), raise_server_exceptions=False)


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ASSISTANT_CACHE": str(settings.cache), "COLUMNS": "200"}
    command = [sys.executable, "-m", "assistant", *arguments, "--corpus", str(SEVERAL)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, cwd=ROOT)


@pytest.mark.parametrize(("typed", "policy", "numbers"), FOUND)
def test_a_number_leads_to_its_clauses_however_it_is_asked_for(
    several: Assistant, typed: str, policy: str, numbers: list[str]
) -> None:
    [(shown, positions)] = several.show(typed)
    assert (shown.source.policy, [shown.clauses[p].clause for p in positions]) == (policy, numbers)
    hits = several.find(Wanted(typed)).hits
    answer = several.ask(typed)
    for found in (hits, answer.citations):
        assert [(hit.policy, hit.clause) for hit in found] == [(policy, number) for number in numbers]
    assert (answer.verdict, answer.confidence, answer.note) == ("answered", 1, "")


@pytest.mark.parametrize(("typed", "policies"), MANY)
def test_a_number_in_several_documents_lists_them_all(several: Assistant, typed: str, policies: list[str]) -> None:
    assert [policy.source.policy for policy, _ in several.show(typed)] == policies
    assert [hit.policy for hit in several.search(typed)] == policies
    answer = several.ask(typed)
    assert [hit.policy for hit in answer.citations] == policies
    assert answer.note.startswith(f"有 {len(policies)} 份文档都有这个编号, 可写上")


def test_where_there_are_too_many_each_document_is_heard(several: Assistant) -> None:
    answer = several.ask("第二章")
    assert {hit.policy for hit in answer.citations} == {"agreement", "privacy", "个人信息保护法"} and len(answer.citations) == 10
    assert "这个编号下共有 16 条, 这里列出 10 条。" in answer.note


@pytest.mark.parametrize(("typed", "words"), MISSING)
def test_a_number_that_is_not_there_says_what_is(several: Assistant, typed: str, words: list[str]) -> None:
    for call in (several.show, several.search):
        with pytest.raises(ClauseNotFound) as raised:
            call(typed)
        assert all(word in str(raised.value) for word in words)
    answer = several.ask(typed)
    assert answer.verdict == "not_covered" and not answer.citations and all(word in answer.note for word in words)


def test_a_chosen_policy_is_the_only_one_searched(several: Assistant) -> None:
    assert [hit.policy for hit in several.ask("一、2", policy="terms").citations] == ["terms"]
    assert "没有《个人信息保护法》" in several.ask("《个人信息保护法》第二条", policy="terms").note
    with pytest.raises(ClauseNotFound, match="没有《个人信息保护法》"):
        several.show("个保法第二条", "terms")


def test_a_named_document_narrows_the_whole_question(several: Assistant) -> None:
    assert {hit.policy for hit in several.ask("个保法对自动化决策怎么规定").hits} == {"个人信息保护法"}
    assert {hit.policy for hit in several.ask("民法典对合同怎么规定").hits} == {"合同编", "附则"}
    assert {hit.policy for hit in several.search("《云杉笔记隐私政策》 注销")} == {"privacy"}
    assert len({hit.policy for hit in several.ask("隐私政策怎么注销").hits}) > 1, "a common word names no document"


def test_a_document_that_is_not_there_is_mentioned_and_all_are_searched(several: Assistant) -> None:
    answer = several.ask("《票据法》里怎么退货")
    assert answer.note.endswith("所查的文档里没有《票据法》。") and len({hit.policy for hit in answer.hits}) > 1


def test_a_follow_up_stays_with_the_document(several: Assistant) -> None:
    history = [{"role": "user", "content": "个保法对自动化决策怎么规定"}, {"role": "assistant", "content": "应当保证结果公平。"}]
    assert {(hit.policy, hit.clause) for hit in several.ask("那第二条呢", history).citations} == {("个人信息保护法", "第二条")}


def test_two_numbers_of_two_documents_are_both_cited(several: Assistant) -> None:
    answer = several.ask("个保法第二条和民法典第1260条有什么不同")
    assert [(h.policy, h.clause) for h in answer.citations] == [("个人信息保护法", "第二条"), ("附则", "第一千二百六十条")]


def test_other_words_choose_among_documents_with_the_same_number(several: Assistant) -> None:
    assert several.ask("第二条和公司的住所有什么关系").hits[0].policy.startswith("公司法")


def test_the_command_line_tells_the_three_outcomes(several: Assistant, settings: Settings) -> None:
    found = run(settings, "show", "个保法4条第2款").stdout
    assert "《中华人民共和国个人信息保护法》第四条 第2款" in found and "份文档" not in found
    shown = run(settings, "show", "一、2").stdout
    assert shown.startswith("有 3 份文档都有这个编号:\n")
    assert all(f"《{title}》" in shown for title in ("松果商城用户协议", "云杉笔记隐私政策", "云杉笔记用户协议"))
    missing = run(settings, "show", "个保法第九十九条")
    assert missing.returncode == 1 and missing.stdout == ""
    assert missing.stderr == (
        "错误: 没有编号为「个保法第九十九条」的条款。《中华人民共和国个人信息保护法》有第一条～第五条。请核对编号, 或按文字搜索。\n"
    )
    asked = run(settings, "ask", "一、2").stdout
    assert "有 3 份文档都有这个编号, 可写上文档名。" in asked and asked.count("》一、2") == 2 and "》1.2" in asked
    hits = json.loads(run(settings, "search", "民法典1260条", "--json").stdout)
    assert [(hit["policy"], hit["clause"]) for hit in hits] == [("附则", "第一千二百六十条")]


def test_the_pages_tell_the_three_outcomes(site: TestClient) -> None:
    listed = site.get("/library", params={"clause": "一、2"}).text
    assert all(f"《{title}》" in listed for title in ("松果商城用户协议", "云杉笔记隐私政策", "云杉笔记用户协议"))
    assert "《中华人民共和国个人信息保护法》第四条 第2款" in site.get("/library", params={"q": "个保法4条第2款"}).text
    assert "有第一条～第五条" in site.get("/library", params={"q": "个保法第九十九条"}).text
    desk = site.get("/desk/hits", params={"q": "一、2"}).text
    assert "有 3 份文档都有这个编号, 可写上文档名。" in desk and desk.count('class="hit cited"') == 3
    assert "3 documents have this number" in site.get("/desk/hits", params={"q": "一、2", "lang": "en"}).text
