"""The web app: the Gradio chat at /, and beside it the desk and the library, one retrieval behind all three."""

from __future__ import annotations

import socket
import sys
import threading
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.errors import AssistantError, PortInUse, RecordsError
from assistant.page import WEB
from assistant.records import Records
from assistant.routes import Pages, add_apologies, add_desk, add_exports, add_judgements, add_library, apology


def build_site(assistant: Assistant, records: Records | None) -> FastAPI:
    """Return the whole web app."""
    from assistant.chat import mount_chat

    app = FastAPI(title="policy-assistant", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(assistant, records)
    app.mount("/web", StaticFiles(directory=WEB / "static"))
    add_desk(app, pages)
    add_library(app, pages)
    add_exports(app, pages)
    add_judgements(app, pages)
    add_apologies(app, pages)
    app.add_middleware(_CheckedLinks, pages=pages)
    return mount_chat(app, assistant, records)


class _CheckedLinks:
    """Answers links into the chat that name an unknown policy or clause; everything else goes on to the app."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the query of the chat page."""
        if scope["type"] == "http" and scope["path"] == "/" and scope["query_string"]:
            query = parse_qs(scope["query_string"].decode("utf-8", "replace"))
            try:
                self.pages.clause(query.get("policy", [""])[0], query.get("clause", [""])[0])
            except AssistantError as error:
                await apology(self.pages, Request(scope), str(error), 404)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Site:
    """The web app while it runs."""

    def __init__(self, server: uvicorn.Server, records: Records | None) -> None:
        self.server, self.records = server, records
        self.thread = threading.Thread(target=server.run, daemon=True)
        self.thread.start()

    def wait(self) -> None:
        """Block until the app ends."""
        self.thread.join()

    def close(self) -> None:
        """Stop serving."""
        self.server.should_exit = True
        self.thread.join(timeout=10)
        if self.records:
            self.records.close()


def launch(assistant: Assistant, host: str = "127.0.0.1", port: int = 7860) -> Site:
    """Serve the web app in the background; returns when it answers.

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
    records = open_records(assistant)
    config = uvicorn.Config(
        build_site(assistant, records), host, port, log_level="warning", timeout_graceful_shutdown=2, ws="none"
    )
    site = Site(uvicorn.Server(config), records)
    while not site.server.started and site.thread.is_alive():
        site.thread.join(0.05)
    return site


def open_records(assistant: Assistant) -> Records | None:
    """Open the records; where that fails, say so and go on without them."""
    if assistant.settings.records is None:
        return None
    try:
        return Records(assistant.settings.records)
    except RecordsError as error:
        sys.stderr.write(f"提问不会保存: {error}\n")
        return None
