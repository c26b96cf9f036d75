"""The web app: the Gradio chat at /, and beside it the desk and the library, one retrieval behind all three."""

from __future__ import annotations

import json
import socket
import sys
import threading
from typing import Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.assistant import Assistant
from assistant.documents import LOCAL, Change, add_documents
from assistant.downloads import add_exports
from assistant.errors import AssistantError, PortInUse, RecordsError
from assistant.library import add_library
from assistant.page import WEB
from assistant.records import Records
from assistant.routes import Pages, add_apologies, add_desk, add_judgements, apology

SHUT = ("/gradio_api/upload", "/gradio_api/file", "/gradio_api/proxy", "/gradio_api/stream")
LARGEST = 1_000_000  # bytes of a payload; a conversation of thirty turns has a tenth of that


def build_site(assistant: Assistant, records: Records | None, uploads: bool = False) -> FastAPI:
    """Return the whole web app; with `uploads`, documents can be added and removed on its page."""
    from assistant.chat import mount_chat

    app = FastAPI(title="policy-assistant", docs_url=None, redoc_url=None, openapi_url=None)
    pages = Pages(assistant, records, uploads)
    app.mount("/web", StaticFiles(directory=WEB / "static"))
    add_desk(app, pages)
    add_library(app, pages)
    add_exports(app, pages)
    add_judgements(app, pages)
    app.state.change = add_documents(app, pages)
    add_apologies(app, pages)
    app.add_middleware(_Doorkeeper, pages=pages)
    mount_chat(app, pages)
    chat = next(route.app for route in app.routes if isinstance(route, Mount) and not route.path)
    assert isinstance(chat, FastAPI)
    add_apologies(chat, pages)  # addresses that nobody knows end up there
    return app


class _Doorkeeper:
    """Stands before everything: links into the chat are checked, and Gradio's doors for files are shut, none is needed.

    A file that a message names would be read or fetched by Gradio itself, so a payload that holds one does not get there.
    """

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, send it to the right address, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith(SHUT):
            await Response(status_code=403)(scope, receive, send)
        elif scope["path"] == "/" and scope["query_string"]:
            answer = await run_in_threadpool(self._checked, Request(scope))
            await (answer or self.app)(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"].startswith("/gradio_api/"):
            await self._checked_payload(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _checked(self, request: Request) -> Response | None:
        """Return what a link into the chat gets instead of the page: the same with the clause's own address, or an apology."""
        query = dict(request.query_params)
        try:
            edition = self.pages.edition
            chosen = edition.chosen(request.query_params.getlist("policy"))
            policy, clause = edition.clause(chosen[0] if chosen else "", query.get("clause", ""))
        except AssistantError as error:
            return apology(self.pages, request, str(error), 404)
        place = {"policy": policy.source.policy, "clause": clause.anchor} if clause else {}
        return RedirectResponse(f"?{urlencode(query | place)}") if place.items() - query.items() else None

    async def _checked_payload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read a payload and hand it on if it is small and holds no file."""
        request = Request(scope, receive)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                break
        try:
            refused = len(body) > LARGEST or _holds_file(json.loads(body or b"null"))
        except (ValueError, RecursionError):
            refused = True
        if refused:
            await Response(status_code=413 if len(body) > LARGEST else 400)(scope, receive, send)
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> Message:
            return next(messages, None) or await receive()

        await self.app(scope, again, send)


def _holds_file(value: Any) -> bool:
    """Whether a payload holds what Gradio takes for a file."""
    if isinstance(value, dict):
        return "meta" in value or any(_holds_file(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_file(inner) for inner in value)


class Site:
    """The web app while it runs."""

    def __init__(self, server: uvicorn.Server, records: Records | None, change: Change) -> None:
        self.server, self.records, self.change = server, records, change
        self.thread = threading.Thread(target=server.run, daemon=True)
        self.thread.start()

    def wait(self) -> None:
        """Block until the app ends."""
        self.thread.join()

    def close(self) -> None:
        """Stop serving; a change of the documents that is under way is let go of."""
        self.server.should_exit = True
        self.thread.join(timeout=10)
        self.change.stop()
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
    uploads = assistant.settings.uploads
    app = build_site(assistant, records, host in LOCAL if uploads is None else uploads)
    config = uvicorn.Config(app, host, port, log_level="warning", timeout_graceful_shutdown=2, ws="none")
    site = Site(uvicorn.Server(config), records, app.state.change)
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
