"""The chat's API as programs see it: a real server, gradio_client, and plain HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from pydantic_core import to_jsonable_python

from assistant import Assistant
from assistant.records import Records
from assistant.server import Site, launch

ANSWER = {
    *("id", "question", "standalone", "verdict", "confidence", "citations", "hits"),
    *("policy_version", "took_ms", "note", "contacts", "parts"),
}
CLAUSE = {"policy", "clause", "path", "kind", "text", "spans", "anchor", "roles", "place", "line", "references"}
HIT = CLAUSE | {"score", "marked", "evidence", "also"}


@pytest.fixture(scope="module")
def address(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web app, served on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def launched() -> Site:
        return launch(assistant, port=port)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor() as threads:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        site = threads.submit(asyncio.run, launched()).result()  # Gradio leaves loops open that it makes itself
        yield f"http://127.0.0.1:{port}/"
        site.close()


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    opened = Client(address, verbose=False, analytics_enabled=False, download_files=str(tmp_path_factory.mktemp("files")))
    yield opened
    opened.close()


def called(address: str, name: str, *data: Any) -> tuple[str, Any]:
    """Ask as curl would -> (event, data) of the last event of the stream."""
    call = f"{address}gradio_api/call/{name}"
    posted = httpx.post(call, json={"data": data})
    assert posted.status_code == 200
    stream = httpx.get(f"{call}/{posted.json()['event_id']}", timeout=30)
    assert stream.headers["content-type"].startswith("text/event-stream")
    event, told = re.findall(r"event: (\w+)\ndata: (.*)\n", stream.text)[-1]
    return event, json.loads(told)


def test_the_api_lists_exactly_ask_search_and_show(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)
    listed = {name: [p["parameter_name"] for p in end["parameters"]] for name, end in api["named_endpoints"].items()}
    assert listed == {"/ask": ["question", "policy", "history"], "/search": ["words", "policy"], "/show": ["clause", "policy"]}
    assert api["unnamed_endpoints"] == {}


def test_only_the_question_is_required(client: Client) -> None:
    api = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    for endpoint in api.values():
        first, *rest = endpoint["parameters"]
        assert not first["parameter_has_default"] and all(each["parameter_has_default"] for each in rest)
        assert endpoint["description"]


def test_an_answer_is_that_of_the_library(client: Client, assistant: Assistant) -> None:
    told, own = client.predict("怎么注销账户", api_name="/ask"), to_jsonable_python(assistant.ask("怎么注销账户"))
    assert set(told) == ANSWER and set(told["citations"][0]) == HIT
    assert {**told, "took_ms": 0} == {**own, "took_ms": 0}
    assert told["citations"][0]["clause"] == "五、4" and told["verdict"] == "answered" and told["took_ms"] > 0


def test_the_words_of_an_answer_are_those_at_its_spans(client: Client, assistant: Assistant) -> None:
    raw = assistant.policies[0].source.text
    for hit in client.predict("为什么要收集我的位置", api_name="/ask")["hits"]:
        at = 0
        for start, end in hit["spans"]:
            at = hit["text"].index(raw[start:end], at)


def test_what_is_not_covered_comes_with_contacts_and_without_citations(client: Client) -> None:
    told = client.predict("你们分期的年化利率是多少", "jifenqi", api_name="/ask")
    assert told["verdict"] == "not_covered" and told["citations"] == [] and told["note"] == "这份政策没有写到这个问题。"
    assert {contact["words"] for contact in told["contacts"]} == {"4000662850", "merchants_service@geexfinance.com"}
    assert len(told["hits"]) == 10


def test_a_follow_up_is_understood_with_its_history(client: Client) -> None:
    history = [{"role": "user", "content": "怎么注销账户"}, {"role": "assistant", "content": "五、4"}]
    assert client.predict("之后会怎么处理信息", "", history, api_name="/ask")["standalone"] == "怎么注销账户, 之后会怎么处理信息"
    assert client.predict("之后会怎么处理信息", api_name="/ask")["standalone"] == "之后会怎么处理信息"


def test_a_search_is_that_of_the_library(client: Client, assistant: Assistant) -> None:
    words = '"用户画像" -营销'
    told = client.predict(words, api_name="/search")
    assert told and told == to_jsonable_python(assistant.search(words)) and set(told[0]) == HIT
    assert all("用户画像" in hit["text"] and "营销" not in hit["text"] for hit in told)


def test_a_search_that_finds_nothing_is_an_empty_list(client: Client) -> None:
    assert client.predict('"没有这样的话"', "jifenqi", api_name="/search") == []


@pytest.mark.parametrize("name", ["五、4", "c5-4", "第五条第4款", "5.4"])
def test_a_clause_is_shown_by_number_or_permalink(client: Client, clauses: dict[str, Any], name: str) -> None:
    told = client.predict(name, api_name="/show")
    assert told == [to_jsonable_python(clauses["五、4"])] and set(told[0]) == CLAUSE


def test_a_chapter_is_shown_in_reading_order(client: Client) -> None:
    told = client.predict("六", "jifenqi", api_name="/show")
    assert [clause["clause"] for clause in told][:2] == ["六、1", "六、2"] and [clause["line"] for clause in told] == sorted(
        clause["line"] for clause in told
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("ask", [""], "问题是空的"),
        ("ask", ["  \u200b "], "问题是空的"),
        ("ask", ["问" * 3000], "问题太长: 3000 字, 最多 2000 字"),
        ("ask", ["怎么注销账户", "nowhere"], "没有名为「nowhere」的政策。可选: jifenqi。"),
        ("search", [""], "问题是空的"),
        ("search", ["九、9"], "没有编号为「九、9」的条款"),
        ("search", ["注销", "nowhere"], "没有名为「nowhere」的政策"),
        ("show", ["九、9"], "没有编号为「九、9」的条款"),
        ("show", [""], "没有编号为「」的条款"),
        ("show", ["五、4", "<b>"], "没有名为「<b>」的政策"),
    ],
)
def test_what_is_wrong_is_said_in_chinese(client: Client, name: str, data: list[str], message: str) -> None:
    with pytest.raises(AppError, match=re.escape(message)):
        client.predict(*data, api_name=f"/{name}")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ask", [5, "", []]),
        ("ask", [None, "", []]),
        ("ask", [["怎么注销账户"], "", []]),
        ("ask", ["怎么注销账户", 5, []]),
        ("ask", ["怎么注销账户", "", "history"]),
        ("ask", ["怎么注销账户", "", ["turn"]]),
        ("search", [5, ""]),
        ("show", [{}, ""]),
    ],
)
def test_values_of_another_type_are_refused_in_chinese(address: str, name: str, data: list[Any]) -> None:
    event, told = called(address, name, *data)
    assert event == "error" and re.search("[一-鿿]", told["error"]) and "object" not in told["error"], told


@pytest.mark.parametrize("content", [None, [{"type": "text", "text": "怎么注销账户"}], {"text": "怎么注销账户"}])
def test_no_python_of_a_history_gets_into_the_question(address: str, content: Any) -> None:
    event, told = called(address, "ask", "那多久", "", [{"role": "user", "content": content}])
    assert event == "error" or not re.search(r"None|[\[{]", told[0]["standalone"]), told


def test_plain_http_gives_the_same_answer(address: str, client: Client) -> None:
    event, [told] = called(address, "ask", "怎么注销账户", "", [])
    assert event == "complete" and {**told, "took_ms": 0} == {**client.predict("怎么注销账户", api_name="/ask"), "took_ms": 0}


def test_plain_http_gives_search_and_show(address: str) -> None:
    event, [found] = called(address, "search", "用户画像", "")
    assert event == "complete" and all(set(hit) == HIT for hit in found)
    event, [shown] = called(address, "show", "五、4", "")
    assert event == "complete" and [clause["anchor"] for clause in shown] == ["c5-4"]


def test_plain_http_tells_what_is_wrong_in_chinese(address: str) -> None:
    event, told = called(address, "ask", "", "", [])
    assert event == "error" and told["error"] == "问题是空的。请输入要问的内容, 例如: 怎么注销账户。"
    event, told = called(address, "show", "九、9", "")
    assert event == "error" and told["error"].startswith("没有编号为「九、9」的条款")


def test_hostile_words_come_back_as_data(address: str) -> None:
    words = "<script>alert(1)</script> \u202e[链接](javascript:alert(1)) \x00\" '怎么注销账户"
    event, [told] = called(address, "ask", words, "", [])
    assert event == "complete" and told["question"] == words


def test_questions_of_programs_are_not_kept(address: str, client: Client, assistant: Assistant) -> None:
    with_records = Records(assistant.settings.records)
    before = len(with_records.rows())
    told = client.predict("怎么注销账户", api_name="/ask")
    assert told["id"] is None and len(with_records.rows()) == before
    with_records.close()
