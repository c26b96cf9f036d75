"""Reading a PDF in a process of its own, so that what a hostile one costs is limited and ends with that process.

A few kilobytes of PDF can ask for hours of work or all memory of a machine; and while a large one is read, the web app of the
same process goes on answering. `python -m assistant.confined SECONDS` reads the name, as a line of JSON, and the bytes from
its input and writes JSON.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from dataclasses import asdict

from assistant.clause import Doubt, Extracted
from assistant.errors import CorpusError
from assistant.settings import PACKAGE

MOST_MEMORY = 1_500_000_000  # bytes of addresses
_LEAST_TIME, _PER_MEGABYTE, _MOST_TIME = 30, 200, 600  # seconds of one processor; a page takes a tenth of one and 1 KB
_SPLIT = "请在阅读器里重新打印成 PDF, 或拆分后再导入。"


def extract(data: bytes, name: str) -> Extracted:
    """Return the text of a PDF, as pdf_text.extract does.

    :raises CorpusError: as that does, and if the PDF takes too much time or memory
    """
    limit = min(_LEAST_TIME + _PER_MEGABYTE * len(data) // 1_000_000, _MOST_TIME)
    command = [sys.executable, "-m", "assistant.confined", str(limit)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(name).encode() + b"\n" + data,
            capture_output=True,
            check=False,
            cwd=PACKAGE.parent,
            timeout=4 * limit,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise CorpusError(f"PDF 太复杂: {name} 读了 {limit} 秒还没有读完, 已停止。{_SPLIT}")
    if done.returncode:
        raise CorpusError(f"PDF 没有读完: {name} 需要的内存太多, 或读到一半被中断。{_SPLIT}")
    told = json.loads(done.stdout)
    if "error" in told:
        raise CorpusError(told["error"])
    return Extracted(told["text"], tuple(Doubt(**note) for note in told["notes"]))


def _confine(seconds: int) -> None:
    """Limit what this process may use."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _told(data: bytes, name: str) -> str:
    """Return what was read, or what is wrong, as JSON."""
    from assistant import pdf_text

    try:
        return json.dumps(asdict(pdf_text.extract(data, name)))
    except CorpusError as error:
        return json.dumps({"error": str(error)})


if __name__ == "__main__":
    _confine(int(sys.argv[1]))
    name = json.loads(sys.stdin.buffer.readline())
    sys.stdout.write(_told(sys.stdin.buffer.read(), name))
