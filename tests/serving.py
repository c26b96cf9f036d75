"""The web app for tests that speak HTTP, and what its replies hold."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from io import BytesIO

from docx import Document
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from openpyxl import load_workbook

from assistant import Assistant
from assistant.records import Records
from assistant.server import Site, build_site, launch


class Tags(HTMLParser):
    """Gathers the elements and the attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def started(assistant: Assistant, port: int) -> Site:
    """The web app on a port; Gradio leaves event loops open unless there is one already."""

    async def launched() -> Site:
        return launch(assistant, port=port)

    with ThreadPoolExecutor() as threads:
        return threads.submit(asyncio.run, launched()).result()


def served(assistant: Assistant, records: Records | None, uploads: bool = False) -> TestClient:
    """The whole web app; an exception becomes the page that a reader would see."""

    async def built() -> FastAPI:
        return build_site(assistant, records, uploads)

    with ThreadPoolExecutor() as threads:  # Gradio leaves loops open that it makes itself
        return TestClient(threads.submit(asyncio.run, built()).result(), raise_server_exceptions=False)


def words_of(reply: Response, form: str) -> str:
    """All words of an export."""
    if form == "docx":
        document = Document(BytesIO(reply.content))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    if form == "xlsx":
        sheets = load_workbook(BytesIO(reply.content)).worksheets
        return "\n".join(str(value) for sheet in sheets for row in sheet.iter_rows(values_only=True) for value in row)
    return reply.text.replace("\\", "")
