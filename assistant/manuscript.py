r"""Paragraphs, headings and tables -> Extracted: the one way in which text taken out of a file is written down.

One paragraph a line; a heading begins with # to ######; a table is a table of GitHub Flavored Markdown with outer bars,
where ^^ stands for a cell merged with the one above, a cell merged with the one at its left is empty, and \| is a bar among
the words. tables.py reads it back cell by cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.clause import Doubt, Extracted
from assistant.errors import CorpusError
from assistant.tables import MERGED

LARGEST_TEXT = 20_000_000
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NO_WORDS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff\ue000-\uf8ff]")
_SPACES = re.compile(r"[ \t]+")


class Manuscript:
    """Takes what an extractor finds, in reading order, and keeps count of what it leaves out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lines: list[str] = []
        self._size = 0
        self._counts: dict[str, tuple[int, int]] = {}

    def paragraph(self, text: str) -> None:
        """Add a paragraph; a line break in it begins a new line."""
        for line in clean(text).split("\n"):
            if line.strip():
                self._add(line.strip(" "))

    def heading(self, level: int, text: str) -> None:
        """Add a heading of level 1 to 6."""
        if words := _flat(text):
            self._add(f"{'#' * min(max(level, 1), 6)} {words}")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Add a table whose first row names the columns; a table that is only layout becomes paragraphs."""
        grid = [[cell if cell == MERGED else _flat(cell) for cell in row] for row in rows]
        grid = [row for row in grid if any(cell and cell != MERGED for cell in row)]
        width = max((len(row) for row in grid), default=0)
        while grid and width > 1 and not any(grid[0][1:]):  # a caption over the whole width names no column
            self.paragraph(grid.pop(0)[0])
        if width < 2 or len(grid) < 2:
            for cell in (cell for row in grid for cell in row if cell != MERGED):
                self.paragraph(cell)
            return
        self._add("")
        for position, row in enumerate(grid):
            cells = [cell.replace("|", "\\|") for cell in row] + [""] * (width - len(row))
            self._add(f"| {' | '.join(cells)} |")
            if not position:
                self._add(f"| {' | '.join(['---'] * width)} |")
        self._add("")

    def count(self, message: str, number: int = 1) -> None:
        """Note something at the present place; {} in the message becomes how often it was noted."""
        if not number:
            return
        line, before = self._counts.get(message, (len(self._lines) + 1, 0))
        self._counts[message] = line, before + number

    def finish(self) -> Extracted:
        """Return the text and the notes in the order of their lines."""
        text = "\n".join(self._lines).strip("\n") + "\n"
        last = text.count("\n")
        notes = [Doubt(min(line, last), message.replace("{}", str(n))) for message, (line, n) in self._counts.items()]
        return Extracted(text, tuple(sorted(notes, key=lambda note: note.line)))

    def _add(self, line: str) -> None:
        """Add one line.

        :raises CorpusError: if the text grows over LARGEST_TEXT characters
        """
        self._size += len(line) + 1
        if self._size > LARGEST_TEXT:
            raise CorpusError(f"文字太多: {self.name} 超过 {LARGEST_TEXT // 1_000_000} MB。请拆分后再导入。")
        if line or (self._lines and self._lines[-1]):
            self._lines.append(line)


class Pieces(Manuscript):
    """Collects the words of a cell or a footnote; what is left out of it is noted on the page around it."""

    def __init__(self, page: Manuscript) -> None:
        super().__init__(page.name)
        self._page, self._found = page, list[str]()

    @property
    def words(self) -> str:
        """All that was found, on one line."""
        return " ".join(self._found)

    def paragraph(self, text: str) -> None:
        """Add the words of a paragraph."""
        self._found += [words] if (words := _flat(text)) else []

    def heading(self, level: int, text: str) -> None:
        """Add the words of a heading."""
        self.paragraph(text)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Add the words of a table inside a cell."""
        self.count("表格里的表格 {} 个, 按文字读入")
        self.paragraph(" ".join(cell for row in rows for cell in row if cell and cell != MERGED))

    def count(self, message: str, number: int = 1) -> None:
        """Note something on the page around."""
        self._page.count(message, number)


def clean(text: str) -> str:
    """Return text without characters that are no words; tabs are spaces, every kind of line break is a newline."""
    return _SPACES.sub(" ", _NO_WORDS.sub("", _BREAKS.sub("\n", text)))


def _flat(text: str) -> str:
    """Return text on one line."""
    return " ".join(line.strip() for line in clean(text).split("\n") if line.strip())


def join_words(left: str, right: str) -> str:
    """Join two pieces of a broken line: with a space between words of letters, without one beside Chinese."""
    left, right = left.rstrip(), right.lstrip()
    spaced = left and right and left[-1] != "-" and not _is_wide(left[-1]) and not _is_wide(right[0])
    return f"{left} {right}" if spaced else left + right


def _is_wide(character: str) -> bool:
    """Whether a character is written without spaces around it: Han, kana, and their punctuation."""
    return character >= "\u2e80" or character in "“”‘’—…·"
