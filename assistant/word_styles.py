"""The styles of Word: styles.xml -> what a paragraph inherits through basedOn: heading level, numbering, hidden or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assistant.word_numbers import LEVELS, Numbers, W, attribute, integer

_HEADING = re.compile(r"(?:heading|标题|標題)\s*([1-9])", re.IGNORECASE)
_TITLE = re.compile(r"title|标题|標題", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|目录|目錄)\s*(?:\d|heading|标题)", re.IGNORECASE)
_BODY_LEVEL = 9


class Styles:
    """The styles of one document by their ids."""

    def __init__(self, root: Any | None) -> None:
        """Read styles.xml; a document may have none."""
        found = [] if root is None else list(root.iterchildren(W + "style"))
        self._styles = {style.get(W + "styleId"): style for style in found}
        defaults = [s for s in found if s.get(W + "type") == "paragraph" and s.get(W + "default") in ("1", "true", "on")]
        self._default = defaults[0].get(W + "styleId") if defaults else None

    def links(self) -> dict[str, str]:
        """Return numbering style -> the numId that it stands for."""
        numbers = {i: s.find(f"{W}pPr/{W}numPr") for i, s in self._styles.items() if s.get(W + "type") == "numbering"}
        return {i: attribute(n, "numId", "") or "" for i, n in numbers.items() if n is not None}

    def chain(self, style: str | None) -> Iterator[Any]:
        """Yield a style and those it is based on, nearest first."""
        seen = set()
        style = style or self._default
        while style in self._styles and style not in seen:
            seen.add(style)
            yield self._styles[style]
            style = attribute(self._styles[style], "basedOn")

    def heading(self, properties: Any | None) -> int:
        """Return the heading level of a paragraph from 1, or 0: its own outline level, its style's, or its style's name."""
        own = attribute(properties, "outlineLvl")
        if own is not None:
            return _level(own)
        for style in self.chain(attribute(properties, "pStyle")):
            if (outline := attribute(style.find(W + "pPr"), "outlineLvl")) is not None:
                return _level(outline)
            name = attribute(style, "name", "") or ""
            if found := _HEADING.fullmatch(name.strip()):
                return int(found[1])
            if _TITLE.fullmatch(name.strip()):
                return 1
        return 0

    def is_contents(self, properties: Any | None) -> bool:
        """Whether a paragraph is a line of a table of contents."""
        names = (attribute(style, "name", "") or "" for style in self.chain(attribute(properties, "pStyle")))
        return any(_CONTENTS.match(name) for name in names)

    def numbering(self, properties: Any | None, numbers: Numbers) -> tuple[str, int] | None:
        """Return (numId, level) of a paragraph, its own or inherited; None if it has no number."""
        own = properties.find(W + "numPr") if properties is not None else None
        number, at = attribute(own, "numId"), attribute(own, "ilvl")
        passed = []
        for style in self.chain(attribute(properties, "pStyle")):
            if number is not None:
                break
            passed.append(style.get(W + "styleId"))
            inherited = style.find(f"{W}pPr/{W}numPr")
            number, at = attribute(inherited, "numId"), at or attribute(inherited, "ilvl")
        if not number or number == "0":
            return None
        level = integer(at) if at is not None else numbers.level_of_style(number, passed)
        return number, min(max(level, 0), LEVELS - 1)

    def hidden(self, properties: Any | None) -> bool:
        """Whether a run, or the mark of a paragraph, is hidden: by itself or by its character style."""
        for holder in (properties, *(s.find(W + "rPr") for s in self._run_styles(properties))):
            vanish = holder.find(W + "vanish") if holder is not None else None
            if vanish is not None:
                return vanish.get(W + "val") not in ("0", "false", "off")
        return False

    def _run_styles(self, properties: Any | None) -> Iterator[Any]:
        """Yield the character style of a run and those it is based on."""
        style = attribute(properties, "rStyle")
        return self.chain(style) if style else iter(())


def _level(outline: str) -> int:
    """Return the heading level of an outline level, 0 for body text."""
    value = integer(outline, _BODY_LEVEL)
    return value + 1 if 0 <= value < _BODY_LEVEL else 0
