"""The article of a web page among its menus: how many words of every element stand outside links.

The article is the element that the page names so (main, article, role=main), else the block that is left when one goes down
from the body for as long as a single child holds nearly all words outside links (text density against link density, after
Kohlschütter et al., Boilerplate detection using shallow text features, 2010).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from assistant.html_tables import is_layout

_INLINE_NAMES = (
    "a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark nobr q rb ruby s samp small span "
    "strike strong sub sup time tt u var wbr -text"
)
INLINE = frozenset(_INLINE_NAMES.split())
_NO_WORDS = {"script", "style", "head", "svg", "canvas", "object", "embed", "audio", "video", "map", "math", "-comment"}
_FRAMES = frozenset(("div", "section", "td", "table", "tbody", "tr", "form", "center", "article", "main"))
_ASIDE_ROLES = {"navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog", "complementary"}
_MENU_NAME = re.compile(r"nav|menu|crumb|foot|header|sidebar|toolbar|copyright|share|related|recommend", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CONTENT = frozenset(("p", "ul", "ol", "table", "tr", "td", "th"))
_LEAST_INLINE = 20
_LEAST = 200  # a block with fewer words of its own is no part of an article worth keeping a wider frame for


@dataclass(slots=True)
class Size:
    """How many characters an element holds, how many of them inside links, and inside links to the same page."""

    words: int = 0
    linked: int = 0
    inner: int = 0
    inner_links: int = 0

    @property
    def prose(self) -> int:
        """Characters outside links."""
        return self.words - self.linked


_NOTHING = Size()


class Sizes:
    """The size of every element of a page, counted in one pass."""

    def __init__(self, body: Any) -> None:
        self._sizes = _counted(body)

    def of(self, node: Any) -> Size:
        """Return the size of an element."""
        return self._sizes.get(node.mem_id, _NOTHING)

    def article(self, body: Any) -> Any:
        """Return the element that holds the article."""
        named = max(body.css("main, article, [role=main]"), key=lambda n: self.of(n).prose, default=None)
        if named is not None and self.of(named).prose >= self.of(body).prose * 0.5:
            return named
        node = body
        while True:
            children = sorted(node.iter(include_text=True), key=lambda n: self.of(n).prose, reverse=True)
            blocks = [c for c in children if self.of(c).prose]
            if not blocks or blocks[0].tag not in _FRAMES or (blocks[0].tag == "table" and not is_layout(blocks[0])):
                return node
            others = [c for c in blocks[1:] if not self.is_menu(c)]
            content = any(self.of(c).prose >= (_LEAST_INLINE if c.tag in INLINE else _LEAST) or c.tag in _CONTENT for c in others)
            if content or self.of(blocks[0]).prose < 0.75 * sum(self.of(c).prose for c in [blocks[0], *others]):
                return node
            node = blocks[0]

    def is_menu(self, node: Any) -> bool:
        """Whether an element leads elsewhere rather than says something."""
        if node.tag in ("nav", "footer") or (node.tag != "-text" and node.attributes.get("role") in _ASIDE_ROLES):
            return True
        if node.tag in INLINE or self.of(node).linked * 2 < self.of(node).words:
            return False
        names = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
        return node.tag in ("aside", "header") or bool(_MENU_NAME.search(names))

    def is_contents(self, node: Any) -> bool:
        """Whether an element is a list of links to places of the same page."""
        size = self.of(node)
        return node.tag not in INLINE and size.inner_links >= 3 and size.inner >= 0.8 * size.words


def _counted(body: Any) -> dict[int, Size]:
    """Count the words of every element in one pass; what is hidden or holds no words counts nothing."""
    sizes: dict[int, Size] = {}
    pending = [(body, False)]
    while pending:
        node, leaving = pending.pop()
        if not leaving:
            own = sizes[node.mem_id] = Size()
            if node.tag == "-text":
                own.words = len("".join(node.text_content.split()))
            elif not is_silent(node) and not is_hidden(node):
                pending.append((node, True))
                pending += [(child, False) for child in node.iter(include_text=True)]
            continue
        own = sizes[node.mem_id]
        for child in (sizes[c.mem_id] for c in node.iter(include_text=True)):
            own.words += child.words
            own.linked += child.linked
            own.inner += child.inner
            own.inner_links += child.inner_links
        if node.tag == "a" and (target := node.attributes.get("href")) is not None:
            own.linked = own.words
            if target.startswith("#"):
                own.inner, own.inner_links = own.words, 1
    return sizes


def is_silent(node: Any) -> bool:
    """Whether an element shows no words of its own."""
    return node.tag in _NO_WORDS


def is_hidden(node: Any) -> bool:
    """Whether an element is not shown."""
    if node.tag in ("template", "noscript"):
        return True
    own = node.attributes
    return "hidden" in own or own.get("aria-hidden") == "true" or bool(_HIDDEN_STYLE.search(own.get("style") or ""))
