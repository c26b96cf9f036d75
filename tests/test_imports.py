from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from samples import ROOT

HEAVY = {
    "torch",
    "sentence_transformers",
    "transformers",
    "gradio",
    "faiss",
    "bm25s",
    "jieba",
    "numpy",
    "pydantic",
    "opencc",
    "pypinyin",
    "fastapi",
    "jinja2",
    "uvicorn",
    "mcp",
    "docx",
    "openpyxl",
    "pdfplumber",
    "pdfminer",
    "selectolax",
    "lxml",
}
OWNER = {
    "sentence_transformers": {"embed"},
    "faiss": {"vectors"},
    "threadpoolctl": {"vectors"},
    "opencc": {"script"},
    "pypinyin": {"lexicon"},
    "bm25s": {"lexical"},
    "jieba": {"segment"},
    "gradio": {"chat", "api"},
    "fastapi": {"routes", "library", "documents", "downloads", "server", "chat"},
    "uvicorn": {"server"},
    "jinja2": {"page"},
    "mcp": {"mcp_server"},
    "docx": {"export", "docx_text"},
    "openpyxl": {"export"},
    "pdfplumber": {"pdf_text"},
    "pdfminer": {"pdf_text"},
    "selectolax": {"html_text"},
    "lxml": {"docx_text"},
    "safetensors": {"embed"},
}
MODULES = sorted((ROOT / "assistant").glob("*.py"))


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    return set(
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import assistant, assistant.cli") & HEAVY


def test_answering_loads_neither_torch_nor_gradio() -> None:
    code = "from assistant import Assistant\nAssistant.build('corpus').ask('怎么注销账户')"
    assert not loaded_by(code) & {"torch", "sentence_transformers", "transformers", "gradio"}


@pytest.mark.parametrize("module", MODULES, ids=lambda p: p.stem)
def test_each_heavy_library_has_one_owner(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        names = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for name in names:
            library = name.split(".")[0]
            assert module.stem in OWNER.get(library, {module.stem}), f"{module.name} imports {library}"


@pytest.mark.parametrize("module", MODULES, ids=lambda p: p.stem)
def test_modules_stay_small(module: Path) -> None:
    assert len(module.read_text("utf-8").splitlines()) <= 270
