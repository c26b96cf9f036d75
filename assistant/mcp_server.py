"""The assistant as an MCP server on standard input and output, so that other programs can quote a policy word for word.

MCP is the Model Context Protocol (https://modelcontextprotocol.io). Every tool only reads, and returns the frozen
dataclasses of clause.py as the JSON of `assistant … --json`, as structured content and as one line of text.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.resources import TextResource
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field, RootModel
from typing_extensions import TypedDict

from assistant import __version__
from assistant.assistant import Assistant, Chosen
from assistant.batch import to_line
from assistant.clause import Answer, Clause, Hit, Source
from assistant.errors import AssistantError

NAME = "policy-assistant"
INSTRUCTIONS = (
    "用政策原文回答问题。引用时逐字照抄 text, 注明 clause (条款编号), 不要改写; "
    "verdict 为 not_covered 时如实说政策没有写到, 不要自行补充。"
    "spans 是每段文字在原文中的 [起, 止) 字符位置, 原文见资源 policy://{id}。"
)
# what a client shows, and what its model reads before the English line, the docstring of the tool
DESCRIPTIONS = {
    "ask": (
        "回答问题",
        "回答一个关于政策的问题: 结论 verdict、把握 confidence、逐字引用的条款 citations (编号、原文、位置)、候选条款 hits。\n"
        "verdict: answered 已回答, partial 只写到一部分, not_covered 政策未涉及 (此时 citations 为空, 不要用 hits 硬答)。",
    ),
    "search": ("检索条款", "检索条款, 最相关的在前: 词语、原文短语或条款编号。"),
    "show": ("取出条款", "按编号取出条款原文; 编号指向一整节时取出其中每一条。"),
    "policies": ("列出政策", "列出可查的政策: id、标题、版本、生效日期、条款数。"),
}
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class Turn(TypedDict):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    content: str


class Hits(TypedDict):
    """What a search found, best first."""

    hits: list[Hit]


class Shown(TypedDict):
    """The clauses at one number, in reading order, and the id of the first one's policy: others may have it too."""

    policy: str
    clauses: list[Clause]


class Listed(TypedDict):
    """One policy of the index; `clauses` counts them, a version or date that the policy does not state is derived or ""."""

    id: str
    title: str
    version: str
    effective_date: str
    clauses: int


class Policies(TypedDict):
    """Every policy of the index."""

    policies: list[Listed]


PolicyIds = Annotated[str | list[str] | None, Field(description="只查这份或这几份政策: policies 给出的 id; 不给则查全部")]
Question = Annotated[str, Field(description="要问的问题, 中文, 最多 2000 字; 可以一次问几件事")]
History = Annotated[list[Turn] | None, Field(description="之前的对话, 由旧到新; 追问 (「那多久」) 靠它理解")]
Words = Annotated[str, Field(description='词语、"原文短语" (引号里的必须原样出现) 或条款编号 (五、4 · 第八条 · 5.4)')]
Number = Annotated[str, Field(description="条款编号或锚点, 如 五、4")]


class Tools:
    """What a client can call; every tool gives a reply, also for a mistake."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant

    def ask(
        self, question: Question, policy: PolicyIds = None, history: History = None
    ) -> Annotated[CallToolResult, RootModel[Answer]]:
        """Answer a question from the policies with the exact clauses."""
        return _reply(lambda: self.assistant.ask(question, history or (), policy=policy))

    def search(self, words: Words, policy: PolicyIds = None) -> Annotated[CallToolResult, Hits]:
        """Search the clauses by words, exact phrase or clause number."""
        return _reply(lambda: {"hits": self.assistant.search(words, policy=policy)})

    def show(self, clause: Number, policy: PolicyIds = None) -> Annotated[CallToolResult, Shown]:
        """Return the clauses at a clause number, word for word."""
        return _reply(lambda: self._shown(clause, policy))

    def policies(self) -> Annotated[CallToolResult, Policies]:
        """List the policies; the full text of each is the resource policy://{id}."""
        return _reply(lambda: {"policies": [_listed(p.source, len(p.clauses)) for p in self.assistant.policies]})

    def _shown(self, number: str, policy: Chosen) -> Shown:
        """Look a clause number up."""
        shown = self.assistant.show(number, policy)
        clauses = [found.clauses[position] for found, positions in shown for position in positions]
        return {"policy": clauses[0].policy, "clauses": clauses}


def build_server(assistant: Assistant) -> MCPServer[Any]:
    """Return the server with its tools, and the text of every policy as a resource."""
    # what goes wrong on purpose is told to the client; the log on stderr is for what does not
    server = MCPServer[Any](NAME, title="政策问答", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    tools = Tools(assistant)
    for name, (title, description) in DESCRIPTIONS.items():
        tool = getattr(tools, name)
        described = f"{description}\n{tool.__doc__}"
        server.add_tool(tool, title=title, description=described, annotations=READS, structured_output=True)
    for policy in assistant.policies:
        server.add_resource(_resource(policy.source))
    return server


def run(assistant: Assistant) -> None:
    """Serve until standard input is closed, the client is gone, or Ctrl+C is pressed."""
    # the SDK waits for input in a thread that an exception does not reach; nothing is lost by ending at once
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        build_server(assistant).run("stdio")
    except* BrokenPipeError:
        pass


def _resource(source: Source) -> TextResource:
    """Return the untouched text of a policy as a resource; spans count its characters."""
    uri = f"policy://{quote(source.policy, safe='')}"
    return TextResource(uri=uri, name=source.policy, title=source.title, description=f"《{source.title}》全文", text=source.text)


def _listed(source: Source, clauses: int) -> Listed:
    """Return what a client needs to choose a policy."""
    return {
        "id": source.policy,
        "title": source.title,
        "version": source.version,
        "effective_date": source.effective_date,
        "clauses": clauses,
    }


def _reply(compute: Callable[[], Any]) -> CallToolResult:
    """Return the outcome as JSON, or an error made on purpose as its one line.

    The SDK would put English words before the message of a raised error, and indent the text for nobody.
    """
    try:
        line = to_line(compute())
    except AssistantError as error:
        return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
    return CallToolResult(content=[TextContent(text=line)], structured_content=json.loads(line))
