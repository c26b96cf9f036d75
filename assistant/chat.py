"""The chat page: composes Gradio components around one assistant; HTML comes from page, looks from web/."""

from __future__ import annotations

import html
import os
import socket
from collections.abc import Sequence
from typing import Any

from assistant.assistant import Assistant
from assistant.clause import Policy
from assistant.errors import AssistantError, PortInUse
from assistant.page import answer_html, error_html, policy_html, title_html
from assistant.settings import PACKAGE

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before the import: no request leaves the machine

import gradio as gr

WEB = PACKAGE / "web"
FONTS = ["system-ui", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "sans-serif"]
STARTERS = (
    "为什么要收集我的位置",
    "怎么注销账户",
    "会把我的信息给别人吗",
    "我的信息存在哪儿、存多久",
    "怎么关掉推送短信",
    "权限关了还能用吗",
)
PARALLEL = 8
ANSWERED = "(anchor) => window.policyAssistant?.answered(anchor)"

Message = dict[str, Any]


def build_app(assistant: Assistant) -> gr.Blocks:
    """Return the page: the chat at the left, the full text at the right."""
    names = [(policy.source.title, policy.source.policy) for policy in assistant.policies]
    first = assistant.policies[0]

    def ask(question: str, messages: list[Message], turns: list[dict[str, str]], policy: str) -> tuple[Any, ...]:
        return respond(assistant, question, messages, turns, policy)

    def open_policy(name: str) -> tuple[str, str]:
        policy = next(p for p in assistant.policies if p.source.policy == name)
        return title_html(policy.source), policy_html(policy)

    with gr.Blocks(title="政策问答", fill_width=True, analytics_enabled=False) as demo:
        turns = gr.State([])
        with gr.Row(elem_id="workplace", equal_height=False):
            with gr.Column(scale=5, min_width=320, elem_id="asking"):
                gr.HTML(f"<h1>{_title(assistant.policies)}</h1><p>用原文条款回答, 逐字引用, 注明编号。</p>", elem_id="masthead")
                scope = gr.Dropdown(names, value=names[0][1], label="正在查询", visible=len(names) > 1, elem_id="scope")
                chat = _chatbot()
                with gr.Row(elem_id="composer"):
                    hint = "例如: 不用了怎么销户"
                    box = gr.Textbox(label="您的问题", placeholder=hint, max_lines=6, autofocus=True, elem_id="question", scale=8)
                    send = gr.Button("提问", variant="primary", scale=1, min_width=72, elem_id="send")
            with gr.Column(scale=4, min_width=320, elem_id="reading"):
                title = gr.HTML(title_html(first.source), elem_id="policy-title")
                text = gr.HTML(policy_html(first), elem_id="policy", elem_classes="policy")
        shown = gr.Textbox(visible="hidden", elem_id="shown")
        answering: dict[str, Any] = {
            "fn": ask,
            "inputs": [box, chat, turns, scope],
            "outputs": [box, chat, turns, shown],
            "concurrency_limit": PARALLEL,
            "api_visibility": "private",
        }
        gr.on([send.click, box.submit], **answering).then(None, shown, None, js=ANSWERED)
        starter = chat.example_select(_starter, None, box, api_visibility="private")
        starter.then(**answering).then(None, shown, None, js=ANSWERED)
        chat.clear(list, None, turns, api_visibility="private")
        scope.change(open_policy, scope, [title, text], api_visibility="private")
    return demo


def _chatbot() -> gr.Chatbot:
    """Return the conversation; messages come as finished HTML, so nothing in them is read as Markdown."""
    return gr.Chatbot(
        label="问答",
        elem_id="chat",
        show_label=False,
        render_markdown=False,
        height="auto",
        buttons=[],
        feedback_options=None,
        layout="panel",
        autoscroll=False,
        examples=[{"text": starter} for starter in STARTERS],
        placeholder="",
    )


def respond(
    assistant: Assistant, question: str, messages: list[Message], turns: list[dict[str, str]], policy: str
) -> tuple[str, list[Message], list[dict[str, str]], str]:
    """Answer one question -> (what stays in the box, messages, turns, anchor of the clause to open).

    A question that cannot be answered as it is stays in the box, so that nothing typed is lost.
    """
    try:
        answer = assistant.ask(question, turns, policy=policy)
    except AssistantError as error:
        refusal = {"role": "assistant", "content": gr.HTML(error_html(str(error)))}
        return question, [*messages, refusal], turns, ""
    sources = {p.source.policy: p.source for p in assistant.policies}
    reply = gr.HTML(answer_html(answer, sources))
    messages = [*messages, {"role": "user", "content": html.escape(question)}, {"role": "assistant", "content": reply}]
    said = answer.citations[0].text if answer.citations else answer.note
    turns = [*turns, {"role": "user", "content": question}, {"role": "assistant", "content": said}]
    return "", messages, turns, answer.citations[0].anchor if answer.citations else ""


def launch(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860) -> gr.Blocks:
    """Serve the page in the background.

    :raises PortInUse: if another program has the port, or this machine has no such address
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = f"端口被占用时用 --port 换一个, 例如 --port {port + 1}; 地址不对时改 --host。"
            raise PortInUse(f"{host}:{port} 打不开 ({error.strerror})。{hint}") from error
    assistant.lexicon.settle()  # pinyin starts now, not at the first question with a slip
    demo = build_app(assistant)
    demo.queue(default_concurrency_limit=PARALLEL)
    demo.launch(server_name=host, server_port=port, prevent_thread_lock=True, quiet=True, **look())
    return demo


def look() -> dict[str, Any]:
    """Return what launch needs so that the page looks and behaves the same wherever it is started."""
    theme = gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=FONTS, font_mono=["ui-monospace", "monospace"])
    return {
        "theme": theme,
        "css_paths": [WEB / "chat.css"],
        "head": f"<script>{(WEB / 'chat.js').read_text('utf-8')}</script>",
        "footer_links": [],
        "ssr_mode": False,
        "show_error": True,
        "run_history": False,
    }


def _starter(event: gr.SelectData) -> str:
    """Return the text of a chosen starter question."""
    return str(event.value["text"])


def _title(policies: Sequence[Policy]) -> str:
    """Return the name of the page."""
    return html.escape(policies[0].source.title) if len(policies) == 1 else f"{len(policies)} 份政策"
