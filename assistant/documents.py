"""The page of the documents: what is held, adding and removing in the background, and what was read.

Everything works without a script: forms are posted, and the page looks for news by itself while a change is under way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from assistant import holdings, page
from assistant.assistant import Assistant
from assistant.building import Progress
from assistant.corpus import SUFFIXES
from assistant.errors import AssistantError, HoldingsError, reason
from assistant.holdings import LARGEST, MOST_FILES, Holding, held
from assistant.reading import reading
from assistant.routes import HEADERS, Edition, Pages, as_html
from assistant.wording import Translate, language_of, translator

LOCAL = ("127.0.0.1", "localhost", "::1")
FIRST_SHOWN = 10  # doubts of a report that are seen without unfolding
LAST_WORK = 30.0  # seconds that an unfinished change may take to end when the app stops
POST_OVERHEAD = 1_000_000  # bytes that a form needs beside its files
ADDED, REMOVED, CANCELLED = "已导入 {} 份文档。", "已移除《{}》。", "已取消, 什么也没有改变。"
BROKEN = "出错了, 什么也没有改变。请重试; 仍然不行, 请用命令行导入, 看它怎么说。"


class Cancelled(Exception):
    """Raised in the middle of a change that is no longer wanted."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a change is, or how the last one ended.

    :param done, total: how much of `stage` is done
    :param about: what is put into `message`
    :param added: ids of the documents that were read
    """

    running: bool = False
    stage: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    about: str = ""
    error: str = ""
    added: tuple[str, ...] = ()

    def told(self, t: Translate) -> dict[str, Any]:
        """Return what a browser needs of it."""
        shown = {name: value for name, value in asdict(self).items() if name in ("running", "done", "total")}
        return {**shown, "stage": t(self.stage), "message": t(self.message, self.about), "error": t(self.error)}


class Change:
    """One change of the holdings at a time, in the background; the pages switch when it is complete."""

    def __init__(self, pages: Pages) -> None:
        self.pages, self.state = pages, State()
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, act: Callable[[Progress], tuple[Assistant, State]]) -> None:
        """Start a change.

        :param act: does it, and says how it ended
        :raises HoldingsError: if another one is under way
        """
        with self._lock:
            if self.state.running:
                raise HoldingsError("正在导入或移除另一份文档, 同时只能进行一个。请等它完成, 或先取消它。")
            self._wanted.set()
            self.state = State(running=True, stage="读取")
        self._thread = threading.Thread(target=self._carry_out, args=[act], daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Let go of the change that is under way."""
        with self._lock:
            self._wanted.clear()
            if self.state.running:
                self.state = replace(self.state, stage="正在取消", done=0, total=0)

    def stop(self) -> None:
        """Let go of the change that is under way and wait until what it has begun is cleared away."""
        self.cancel()
        if self._thread:
            self._thread.join(timeout=LAST_WORK)

    def _progress(self, stage: str, done: int, total: int) -> None:
        with self._lock:
            if not self._wanted.is_set():
                raise Cancelled
            self.state = replace(self.state, stage=stage, done=done, total=total)

    def _carry_out(self, act: Callable[[Progress], tuple[Assistant, State]]) -> None:
        ended = State(error=BROKEN)
        try:
            assistant, ended = act(self._progress)
            self.pages.switch(assistant)
        except Cancelled:
            ended = State(message=CANCELLED)
        except AssistantError as error:
            ended = State(error=str(error))
        finally:
            with self._lock:
                self.state = ended


def _held(edition: Edition) -> list[Holding]:
    """Return what is held, in the order of the index."""
    return held(edition.assistant.policies, edition.assistant.settings.corpus)


def add_documents(app: FastAPI, pages: Pages) -> Change:
    """Add the page of the documents and what its forms are posted to; return what has to be stopped with the app."""
    change = Change(pages)

    @app.get("/documents")
    def documents(request: Request, report: str = "") -> HTMLResponse:
        return _page(request, pages, pages.edition, change.state, report)

    @app.get("/documents/progress")
    def progress(lang: str = "") -> JSONResponse:
        return JSONResponse(change.state.told(translator(language_of(lang))), headers={"Cache-Control": "no-store", **HEADERS})

    @app.post("/documents")
    async def act(request: Request) -> Response:
        language = language_of(request.query_params.get("lang"))
        scripted = "application/json" in request.headers.get("accept", "")
        try:
            _check_sender(request, pages)
            await _begun(request, pages.edition, change)
        except AssistantError as error:
            if scripted:
                return JSONResponse({"error": translator(language)(str(error))}, 400, HEADERS)
            return _page(request, pages, pages.edition, replace(change.state, error=str(error)), status=400)
        if scripted:
            return JSONResponse(change.state.told(translator(language)), 202, HEADERS)
        return RedirectResponse("documents" + ("?lang=en" if language == "en" else ""), 303)

    return change


async def _begun(request: Request, edition: Edition, change: Change) -> None:
    """Begin what a form asks for: to let go of a change, to remove a document, or to add files."""
    settings = edition.assistant.settings
    form = await _form(request)
    try:
        files = await _files(form)
    finally:
        await form.close()
    if "cancel" in form:
        change.cancel()
        return
    if "remove" in form:
        name = str(form["remove"])
        title = edition.policy(name).source.title
        change.begin(lambda progress: (holdings.remove(name, edition.assistant, progress), State(message=REMOVED, about=title)))
        return

    def added(progress: Progress) -> tuple[Assistant, State]:
        assistant, names = holdings.add(files, settings, progress)
        return assistant, State(message=ADDED, about=str(len(names)), added=tuple(names))

    change.begin(added)


def _page(request: Request, pages: Pages, edition: Edition, state: State, wanted: str = "", status: int = 200) -> HTMLResponse:
    """Return the page as things stand."""
    language = language_of(request.query_params.get("lang"))
    names = [wanted] if wanted else [name for name in state.added if name in edition.policies]
    values = {
        "rows": edition.once(_held),
        "state": state,
        "told": state.told(translator(language)),
        "readings": [reading(edition.policy(name)) for name in names],
        "uploads": pages.uploads,
        "suffixes": SUFFIXES,
        "largest": LARGEST,
        "most": MOST_FILES,
        "first": FIRST_SHOWN,
    }
    return as_html(page.render("documents.html", language, **values, **pages.frame(request, "documents", edition)), status)


def _check_sender(request: Request, pages: Pages) -> None:
    """Refuse what another page makes a reader's browser send, and all of it where documents cannot be changed here."""
    if not pages.uploads:
        raise HoldingsError("这里不能导入或移除文档。请在运行服务的电脑上用 assistant import 和 assistant remove。")
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    # a name that another site has pointed at this machine is that site's name
    foreign = pages.edition.assistant.settings.uploads is None and urlsplit(f"//{host}").hostname not in LOCAL
    if foreign or (origin is not None and urlsplit(origin).netloc != host):
        raise HoldingsError("这个请求来自别的网站, 没有执行。请在文档页上操作。")


async def _form(request: Request) -> FormData:
    """Read what a form holds; large files go to the disk, all together no more than LARGEST_TOTAL."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise HoldingsError("上传的内容太大, 或没有说明有多大。请在文档页上操作。")
    holdings.check_total(int(length) - POST_OVERHEAD)
    try:
        return await request.form(max_files=MOST_FILES + 1, max_fields=10)
    except (HTTPException, UnicodeDecodeError) as error:
        raise HoldingsError("上传的内容读不懂, 或文件太多。请刷新页面后再试。") from error
    except ClientDisconnect as error:
        raise HoldingsError("上传到一半断开了, 什么也没有改变。请重新上传。") from error
    except OSError as error:
        raise HoldingsError(f"上传的文件存不下 ({reason(error)})。请检查磁盘空间。") from error


async def _files(form: FormData) -> list[tuple[str, bytes]]:
    """Return the files of a form; names and sizes are checked before the bytes are read."""
    files = [file for file in form.getlist("files") if isinstance(file, UploadFile) and (file.filename or file.size)]
    for file in files:
        holdings.check_size(holdings.file_name(file.filename or ""), file.size or 0)
    return [(file.filename or "", await file.read()) for file in files]
