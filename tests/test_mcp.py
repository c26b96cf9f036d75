from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from samples import CORPUS, ROOT

from assistant import Assistant, Settings, __version__
from assistant.batch import to_line

ARGUMENTS = {
    "ask": ["question", "policy", "history"],
    "search": ["words", "policy"],
    "show": ["clause", "policy"],
    "policies": [],
}
ANSWERS = {"ask": {"verdict", "confidence", "citations", "hits"}, "search": {"hits"}, "show": {"policy", "clauses"}, "policies": {"policies"}}  # fmt: skip
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture(scope="module")
def environment(assistant: Assistant, settings: Settings) -> dict[str, str]:
    return {"ASSISTANT_INDEX": str(settings.index), "ASSISTANT_CACHE": str(settings.cache)}


class Line:
    """The SDK's client in a thread of its own, for the browser tests keep an event loop running in this one."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal, self.client = portal, client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *given: self._portal.call(getattr(self.client, name), *given)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = self.call_tool(tool, arguments)
        assert not result.is_error and result.structured_content == json.loads(result.content[0].text)
        return result.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        result = self.call_tool(tool, arguments)
        assert result.is_error and result.structured_content is None
        return result.content[0].text


@pytest.fixture(scope="module")
def line(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A client with `assistant mcp` at the other end; the server has nothing to complain about."""
    complaints = tmp_path_factory.mktemp("mcp") / "stderr"
    command = StdioServerParameters(command=sys.executable, args=["-m", "assistant", "mcp"], env=environment, cwd=ROOT)
    with complaints.open("w") as log, start_blocking_portal() as portal:
        client = portal.call(partial(Client, stdio_client(command, errlog=log)))
        with portal.wrap_async_context_manager(client) as connected:
            yield Line(portal, connected)
    assert complaints.read_text() == ""


def test_the_server_says_what_it_offers(line: Line) -> None:
    assert (line.client.server_info.name, line.client.server_info.version) == ("policy-assistant", __version__)
    assert "逐字" in line.client.instructions
    tools = {tool.name: tool for tool in (line.list_tools()).tools}
    assert {name: list(tool.input_schema["properties"]) for name, tool in tools.items()} == ARGUMENTS
    assert tools["ask"].input_schema["required"] == ["question"]
    for name, tool in tools.items():
        assert tool.annotations.read_only_hint and tool.annotations.idempotent_hint and tool.title
        assert tool.description[0] >= "一" and tool.description.splitlines()[-1].isascii()
        assert all(field["description"] for field in tool.input_schema["properties"].values())
        assert set(tool.output_schema["properties"]) >= ANSWERS[name]


def test_an_answer_is_that_of_the_command_line(line: Line, assistant: Assistant) -> None:
    answer = line.call("ask", question="怎么注销账户")
    assert answer["verdict"] == "answered" and answer["citations"][0]["clause"] == "五、4" and len(answer["hits"]) == 10
    raw = CORPUS.read_text("utf-8")
    assert all(raw[start:end] in hit["text"] for hit in answer["hits"] for start, end in hit["spans"])
    expected = json.loads(to_line(assistant.ask("怎么注销账户")))
    assert answer | {"took_ms": 0} == expected | {"took_ms": 0}


def test_a_follow_up_is_understood_by_its_history(line: Line) -> None:
    history = [{"role": "user", "content": "怎么注销账户"}, {"role": "assistant", "content": "您可以直接申请注销账户"}]
    answer = line.call("ask", question="那多久能办完?", policy="jifenqi", history=history)
    assert answer["standalone"] == "怎么注销账户, 那多久能办完?"
    assert (line.call("ask", question="那多久能办完?", history=None))["standalone"] == "那多久能办完?"


def test_what_the_policy_does_not_say_is_not_cited(line: Line) -> None:
    answer = line.call("ask", question="你们分期的年化利率是多少")
    assert answer["verdict"] == "not_covered" and answer["citations"] == []
    assert {contact["words"] for contact in answer["contacts"]} >= {"4000662850"}


def test_search_show_and_policies(line: Line) -> None:
    hits = (line.call("search", words='"用户画像"'))["hits"]
    assert len(hits) == 2 and all("用户画像" in hit["text"] for hit in hits)
    shown = line.call("show", clause="五、4", policy="jifenqi")
    assert shown["policy"] == "jifenqi" and [clause["clause"] for clause in shown["clauses"]] == ["五、4"]
    assert [clause["clause"] for clause in (line.call("show", clause="第八条"))["clauses"]] == ["八、1", "八、2"]
    [listed] = (line.call("policies"))["policies"]
    assert listed | {"version": ""} == {
        "id": "jifenqi", "title": "即分期超G会员隐私政策", "version": "", "effective_date": "", "clauses": 218
    }  # fmt: skip


def test_mistakes_are_told_in_one_line_and_the_server_goes_on(line: Line) -> None:
    assert (line.refused("show", clause="九")).startswith("没有编号为「九」的条款。")
    assert (line.refused("search", words="九、1")).startswith("没有编号为「九、1」的条款。")
    assert line.refused("ask", question="怎么注销账户", policy="none") == "没有名为「none」的政策。可选: jifenqi。"
    assert (line.refused("ask", question=" ")).startswith("问题是空的。")
    assert (line.refused("ask", question="问" * 2001)).startswith("问题太长")
    assert "question" in line.refused("ask")
    assert "role" in line.refused("ask", question="那多久", history=[{"role": "nobody", "content": ""}])
    assert (line.call("ask", question="怎么注销账户"))["citations"]


def test_the_text_of_a_policy_is_a_resource(line: Line) -> None:
    [listed] = (line.list_resources()).resources
    assert (listed.uri, listed.title, listed.mime_type) == ("policy://jifenqi", "即分期超G会员隐私政策", "text/plain")
    [text] = (line.read_resource(listed.uri)).contents
    assert text.text == CORPUS.read_bytes().decode("utf-8")
    with pytest.raises(MCPError, match="policy://none"):
        line.read_resource("policy://none")


def test_questions_at_the_same_time_get_their_own_answers(line: Line, assistant: Assistant) -> None:
    expected = {
        question: assistant.ask(question).hits[0].clause for question in ("怎么注销账户", "客服电话是多少", "怎么更正信息")
    }
    with ThreadPoolExecutor(len(expected)) as pool:
        answers = list(pool.map(lambda question: line.call("ask", question=question), expected))
    clauses = {question: answer["hits"][0]["clause"] for question, answer in zip(expected, answers, strict=True)}
    assert clauses == expected and len(set(clauses.values())) == 3


def test_an_older_client_ends_it_by_closing_stdin_and_sees_nothing_but_protocol(environment: dict[str, str]) -> None:
    ask = {"name": "ask", "arguments": {"question": "怎么注销账户"}}
    with start(environment) as server:
        replies = [exchange(server, 1, "initialize", HELLO), exchange(server, 2, "tools/call", ask)]
        rest, complaints = server.communicate(timeout=20)
    assert replies[0]["result"]["protocolVersion"] == "2025-06-18"
    assert replies[1]["result"]["structuredContent"]["citations"][0]["clause"] == "五、4"
    assert (server.returncode, rest, complaints) == (0, "", "")


def test_a_client_that_is_gone_ends_it_quietly(environment: dict[str, str]) -> None:
    with start(environment) as server:
        exchange(server, 1, "initialize", HELLO)
        server.stdout.close()
        send(server, 2, "tools/list", {})
        server.stdin.close()
        assert server.wait(20) == 0 and server.stderr.read() == ""


def test_a_damaged_index_is_one_line_before_it_serves(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "manifest.json").write_text("nonsense")
    with start(environment | {"ASSISTANT_INDEX": str(tmp_path / "index")}) as server:
        reply, complaint = server.communicate(timeout=20)
    assert (server.returncode, reply) == (1, "") and complaint.startswith("错误: ") and complaint.count("\n") == 1


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    command, pipe = [sys.executable, "-m", "assistant", "mcp"], subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8", env=os.environ | environment, cwd=ROOT
    )


def send(server: subprocess.Popen[str], number: int, method: str, params: dict[str, Any]) -> None:
    server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n")
    server.stdin.flush()


def exchange(server: subprocess.Popen[str], number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Send a request; the very next line is its reply, for nothing else is written there."""
    send(server, number, method, params)
    reply = json.loads(server.stdout.readline())
    assert reply["id"] == number
    return reply
