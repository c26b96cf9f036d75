"""The chat page: composes Gradio components around one assistant; HTML comes from page, looks from web/static."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from assistant import page
from assistant.answer import clean_question
from assistant.errors import AssistantError
from assistant.related import related, starters
from assistant.routes import Edition, Pages
from assistant.wording import Language, language_of, translator

if TYPE_CHECKING:
    from fastapi import FastAPI

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before the import: no request leaves the machine

import gradio as gr

from assistant.api import add_api

FONTS = ["system-ui", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "sans-serif"]
PARALLEL = 8
MOST_TURNS, LONGEST_SAID = 30, 300
ALL = ""

Message = dict[str, Any]


class Turn(BaseModel, frozen=True):
    """One turn as the browser's tab keeps it: enough to show it again after a reload, or a restart of the server."""

    question: Annotated[str, Field(max_length=2000)]
    policy: str = ""
    said: Annotated[str, Field(max_length=LONGEST_SAID)] = ""
    id: Annotated[str, Field(max_length=40)] = ""


class Opening(BaseModel):
    """What the address of the page asks for."""

    lang: str = ""
    policy: str = ""


_TURNS = TypeAdapter(list[Turn])


def mount_chat(app: FastAPI, pages: Pages) -> FastAPI:
    """Mount the chat at the root of the web app; routes that are there already come first."""
    demo = build_chat(pages)
    demo.queue(default_concurrency_limit=PARALLEL)
    demo.has_launched = True  # only then does Gradio refuse paths of files that nobody has uploaded
    theme = gr.themes.Default(primary_hue="teal", neutral_hue="slate", font=FONTS, font_mono=["ui-monospace", "monospace"])
    head = page.render("chat_head.html")
    look: dict[str, Any] = {
        "theme": theme,
        "head": head,
        "footer_links": [],
        "max_file_size": "1mb",
        "favicon_path": page.WEB / "static" / "icon.svg",
    }
    mounted: FastAPI = gr.mount_gradio_app(app, demo, path="/", ssr_mode=False, run_history=False, show_error=True, **look)
    return mounted


def build_chat(pages: Pages) -> gr.Blocks:
    """Return the page: the chat at the left, the full text at the right."""
    chat = Chat(pages)
    t = translator("zh")

    with gr.Blocks(title=t("政策问答"), fill_width=True, analytics_enabled=False) as demo:
        head = _html(top(pages.edition, "zh"), elem_id="top")
        with gr.Row(elem_id="workplace", equal_height=False):
            with gr.Column(scale=5, min_width=320, elem_id="asking"):
                welcome = _html(welcoming(pages.edition, "zh", ALL), elem_id="welcome")
                messages = _chatbot()
                with gr.Row(elem_id="tools"):
                    fresh = gr.Button(t("新对话"), size="sm", elem_id="fresh")
                    exports = _html(page.render("chat_exports.html"))
                picker = _html(scoping(pages.edition, "zh", ALL), elem_id="scoping")
                with gr.Row(elem_id="composer"):
                    box = gr.Textbox(
                        label=t("您的问题"), placeholder=HINT, max_lines=6, autofocus=True, elem_id="question", scale=8
                    )
                    send = gr.Button(t("提问"), variant="primary", scale=1, min_width=72, elem_id="send")
                foot = _html(chat.foot("zh"), elem_id="foot")
            with gr.Column(scale=4, min_width=320, elem_id="reading-column"):
                _html(page.render("chat_reading.html", policy=next(iter(pages.edition.sources))))
        saved = gr.Textbox("[]", visible="hidden", elem_id="saved")
        address = gr.Textbox("{}", visible="hidden", elem_id="address")
        scope = gr.Textbox(ALL, visible="hidden", elem_id="scope-asked")
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": PARALLEL}
        question = [box, saved, scope, address]
        shown = {**private, "show_progress": "minimal", "show_progress_on": messages}
        asked = gr.on([send.click, box.submit], chat.reply, question, [messages, saved], **shown)
        asked.then(None, saved, None, js="(saved) => window.policyChat.answered(saved)")
        emptied = fresh.click(lambda: ([], "[]"), None, [messages, saved], cancels=[asked], **private)
        emptied.then(None, saved, None, js="(saved) => window.policyChat.answered(saved)")
        chosen = scope.change(chat.welcome_to, [address, scope], welcome, **private)
        chosen.then(None, scope, None, js="(policy) => window.policyChat.show(policy)")
        opened = [address, head, welcome, exports, foot, picker, scope, box, send, fresh, messages, saved]
        loaded = demo.load(chat.open, [saved, address], opened, js="() => window.policyChat.opening()", **private)
        loaded.then(None, None, None, js="() => window.policyChat.opened()")
        add_api(pages, PARALLEL)
    return demo


HINT = "例如: 不用了怎么销户"


def _html(content: str, **place: Any) -> gr.HTML:
    """Return finished HTML, without Gradio's own look for prose."""
    return gr.HTML(content, apply_default_css=False, padding=False, **place)


def _chatbot() -> gr.Chatbot:
    """Return the conversation; messages come as finished HTML, so nothing in them is read as Markdown."""
    look: dict[str, Any] = {"show_label": False, "height": "auto", "buttons": [], "layout": "panel", "placeholder": ""}
    return gr.Chatbot(label="问答", elem_id="chat", render_markdown=False, feedback_options=None, autoscroll=False, **look)


def top(edition: Edition, language: Language) -> str:
    """Return the head of the page."""
    titles = [source.title for source in edition.sources.values()]
    title = titles[0] if len(titles) == 1 else translator(language)("{} 份政策", len(titles))
    return page.render("chat_top.html", language, title=title)


def known(edition: Edition, policies: str) -> str:
    """Return those of some policies, "a,b", that are there; ALL if none is."""
    return ",".join(name for name in policies.split(",") if name in edition.sources)


def scoping(edition: Edition, language: Language, policies: str) -> str:
    """Return the list of policies to choose from, with those that are asked, "a,b"."""
    return page.render("chat_scope.html", language, policies=list(edition.sources.values()), chosen=policies.split(","))


def welcoming(edition: Edition, language: Language, policy: str) -> str:
    """Return the questions to start with."""
    return page.render("welcome.html", language, starters=edition.once(_starters, known(edition, policy)))


def _starters(edition: Edition, policy: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the questions to start with by topic."""
    return starters(edition.assistant, policy or None)


class Chat:
    """What the events of the page call; it keeps nothing between calls, the browser's tab does."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    def welcome_to(self, address: str, policy: str) -> str:
        """Return the questions to start with when another policy is chosen."""
        return welcoming(self.pages.edition, language_of(_opening(address).lang), policy)

    def foot(self, language: Language) -> str:
        """Return what is below the question box: what is kept, and the exports."""
        return page.render("chat_foot.html", language, kept=page.kept(self.pages.records is not None, language))

    def open(self, saved: str, address: str) -> tuple[Any, ...]:
        """Dress the page in the language of its address and show the conversation of this tab again."""
        edition, opening, turns = self.pages.edition, _opening(address), _turns(saved)
        language = language_of(opening.lang)
        t = translator(language)
        policy = known(edition, opening.policy)
        asked = policy or next((known(edition, turn.policy) for turn in turns[-1:]), ALL)
        return (
            address,
            top(edition, language),
            welcoming(edition, language, asked),
            page.render("chat_exports.html", language),
            self.foot(language),
            scoping(edition, language, policy),
            policy,
            gr.update(label=t("您的问题"), placeholder=t(HINT)),
            t("提问"),
            t("新对话"),
            _conversation(edition, turns, language),
            saved if turns else "[]",
        )

    def reply(self, question: str, saved: str, policy: str, address: str) -> tuple[list[Message], str]:
        """Answer one question -> (messages, the turns to keep).

        The page empties the box when the question has become a turn; one that cannot be answered as it is stays in it.
        """
        edition, language, turns = self.pages.edition, language_of(_opening(address).lang), _turns(saved)
        try:
            asked = clean_question(question, edition.assistant.settings.longest_question)
            answer = edition.assistant.ask(asked, _history(turns), policy=policy or None)
        except AssistantError as error:
            return [*_conversation(edition, turns, language), _shown(page.error_html(str(error), language))], saved
        said = answer.citations[0].text if answer.citations else answer.note
        kept = self.pages.records.asked(answer, "chat") if self.pages.records else ""
        turns = [*turns, Turn(question=asked, policy=policy, said=said[:LONGEST_SAID], id=kept)][-MOST_TURNS:]
        return _conversation(edition, turns, language), _TURNS.dump_json(turns).decode()


def _conversation(edition: Edition, turns: Sequence[Turn], language: Language) -> list[Message]:
    """Return turns as messages: the page is drawn from what the tab keeps and from nothing else that a browser sends."""
    drawn = (edition.once(_drawn, tuple(turns[: n + 1]), language) for n in range(len(turns)))
    return [m for turn, answer in zip(turns, drawn, strict=True) for m in _said(turn.question, answer)]


def _drawn(edition: Edition, turns: tuple[Turn, ...], language: Language) -> str:
    """Return the answer to the last of some turns as HTML."""
    *before, last = turns
    try:
        answer = edition.assistant.ask(last.question, _history(before), policy=last.policy or None)
    except AssistantError as error:  # the policy that it was asked of may be gone
        return page.error_html(str(error), language)
    beside = related(edition.assistant, answer)
    return page.answer_html(answer, edition.sources, language, last.id, beside, edition.pointers)


def _said(question: str, answer: str) -> list[Message]:
    """Return a question and its answer as messages."""
    return [{"role": "user", "content": html.escape(question)}, _shown(answer)]


def _shown(answer: str) -> Message:
    """Return an answer as a message."""
    return {"role": "assistant", "content": _html(answer)}


def _history(turns: Sequence[Turn]) -> list[Mapping[str, str]]:
    """Return turns as the history of a question."""
    return [
        {"role": role, "content": words} for turn in turns for role, words in (("user", turn.question), ("assistant", turn.said))
    ]


def _turns(saved: str) -> list[Turn]:
    """Read the turns that a tab has kept; what is none of ours counts as nothing."""
    try:
        return _TURNS.validate_json(saved or "[]")[-MOST_TURNS:]
    except ValidationError:
        return []


def _opening(address: str) -> Opening:
    """Read what the address of the page asks for; what is none of ours counts as nothing."""
    try:
        return Opening.model_validate_json(address or "{}")
    except ValidationError:
        return Opening()
