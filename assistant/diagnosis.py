"""`assistant doctor`: what is installed, what is in use, and whether it all belongs together."""

from __future__ import annotations

import platform
from importlib import metadata

from assistant import __version__
from assistant.corpus import fingerprints, read_corpus
from assistant.embed import fingerprint, load_encoder
from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.store import check, load_index, located, read_manifest, root_of
from assistant.swap import undisturbed

_LIBRARIES = ("jieba", "faiss-cpu", "bm25s", "sentence-transformers", "torch", "gradio", "numpy", "pydantic")


def diagnose(settings: Settings) -> tuple[list[str], bool]:
    """Return lines to print and whether everything is in order."""
    lines = [f"assistant {__version__} · Python {platform.python_version()} · {platform.system()} {platform.machine()}"]
    lines.append("依赖: " + " · ".join(f"{name} {_version(name)}" for name in _LIBRARIES))
    settings, healthy = located(settings), True
    try:
        encoder = fingerprint(settings.model)
        dimensions = load_encoder(settings.model).encode(["隐私政策"]).shape[1]
        lines.append(f"模型: {settings.model} · {dimensions} 维 · {encoder}")
        sources = read_corpus(settings.corpus)
        lines.append(f"语料: {settings.corpus} · {len(sources)} 份")
        with undisturbed(settings.index):
            manifest = read_manifest(settings.index)
            for source in sources:
                same = manifest.sources.get(root_of(source)) == source.file_id
                lines.append(f"  {'✓' if same else '✗'} {source.title} · 版本 {source.version} · sha256 {source.sha256[:12]}")
                healthy &= same
            check(manifest, settings.index, encoder, settings, fingerprints(settings.corpus))
            index = load_index(settings.index, manifest)
            lines.append(f"索引: {settings.index} · {len(index.clauses)} 条 · {len(index.sentences)} 句 · 完好")
    except AssistantError as error:
        lines.append(f"✗ {error}")
        healthy = False
    return lines, healthy


def _version(package: str) -> str:
    """Return the installed version of a package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "未安装"
