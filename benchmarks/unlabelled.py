"""What can be measured without labels: the figures of a whole folder of texts, and the articles of laws found whole.

Part of structure.py. What holds for every text is that of tests/invariants.py, counted here instead of asserted.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant import numbering
from assistant.blocks import BLANK
from assistant.clause import Clause, Policy, Source
from assistant.cutting import LONGEST
from assistant.decoding import decode
from assistant.errors import CorpusError
from assistant.parse import parse

LAYOUT = re.compile(r"[\s|*_#>\\`]+")
MARKUP = "*_#>|`\\-+•●■▪◆○·" + BLANK
ENDS = "。！？!?；;：:.…”’\"'）)】》』」"
GOES_ON = "，,。；;、：:？?！!）)》】"
OPEN = "，,、（(“《"
LONG_LINE = 20
_VALUE = re.compile(r"[^，。；,;]{1,16}[:：]")
_ADDRESS = re.compile(r"://|@")
_LISTED = re.compile(r"[(（]\s*\w{1,3}\s*[)）]|[A-Za-z][.．、]")
_ARTICLE = re.compile(r"第[零〇一二两三四五六七八九十百千]+条(?:之[一二三四五六七八九十]+)?")


@dataclass(frozen=True, slots=True)
class Miss:
    """A disagreement of one kind about one line of a document."""

    kind: str
    document: str
    line: int
    words: str


def read(file: Path) -> Policy:
    """Parse one file as the corpus reader would, without a manifest."""
    return parse(source_of(file))


def source_of(file: Path) -> Source:
    """Decode one file; CorpusError if that fails."""
    data = file.read_bytes()
    return Source(file.stem, file.stem, "", "", file.name, hashlib.sha256(data).hexdigest(), decode(data, str(file)))


def own_words(policy: Policy, clause: Clause) -> str:
    """Return the words of a clause's first own part, without markup before them."""
    span = next(s for s, role in zip(clause.spans, clause.roles, strict=True) if role in ("body", "cell"))
    return policy.source.text[slice(*span)].lstrip(MARKUP)


def is_piece(policy: Policy, clause: Clause) -> bool:
    """Whether a clause begins within a line: a further piece of a paragraph that was too long."""
    raw, start = policy.source.text, clause.place[0]
    return bool(raw[raw.rfind("\n", 0, start) + 1 : start].strip(MARKUP)) and clause.kind != "table_row"


def in_mid_sentence(policy: Policy, clause: Clause, before: Clause | None) -> bool:
    """Whether a clause goes on with a sentence that began before it.

    Its own words begin with a mark that cannot begin a sentence. Or, right after another clause, a piece of a long paragraph
    follows no end of a sentence; or a line without a number, bullet, # or bold before it follows a line that is unfinished.
    """
    raw = policy.source.text
    if clause.kind == "table_row":
        return False
    words = own_words(policy, clause)
    if words[:1] and words[0] in GOES_ON:
        return True
    if before is None or before.kind == "table_row" or raw[before.place[1] : clause.place[0]].strip(MARKUP + "="):
        return False
    if is_piece(policy, clause):
        return raw[: clause.place[0]].rstrip(MARKUP)[-1] not in ENDS
    listed = raw[clause.place[0]] in MARKUP or numbering.match(words) or _LISTED.match(words)
    return not listed and unfinished(raw[: clause.place[0]], words)


def unfinished(text: str, words: str) -> bool:
    """Whether the last line of `text` goes on in `words`.

    It ends with a comma or an opening bracket; or `words` stand in the very next line and name no value (地址: …), and the
    line has 20 characters or more, no number or bullet before it, no address at its end, and no mark that ends a sentence.
    """
    line = text.rstrip(BLANK + "*_").rsplit("\n", 1)[-1].strip(BLANK)
    if line[-1:] in OPEN:
        return True
    if text.count("\n", len(text.rstrip(BLANK))) > 1 or len(line) < LONG_LINE or _VALUE.match(words):
        return False
    return line[0] not in MARKUP and not numbering.match(line) and line[-1] not in ENDS and not _ADDRESS.search(line)


def faults(policy: Policy) -> Counter[str]:
    """Count what tests/invariants.py asserts, and the rest of the whole-corpus figures, in one document."""
    raw, source, count = policy.source.text, policy.source, Counter[str]()
    owners = [0] * len(raw)
    places = [c.place for c in policy.clauses] + [h.span for h in policy.headings] + [f.span for f in policy.furniture]
    for start, end in places:
        for i in range(start, end):
            owners[i] += 1
    for character, owned in zip(raw, owners, strict=True):
        if character not in BLANK:
            count["characters"] += 1
            count["accounted"] += owned == 1

    def plain(words: str) -> str:
        return LAYOUT.sub("", words)

    before = None
    for clause in policy.clauses:
        shown = [source.words(s) + (":" if r == "column" else "") for s, r in zip(clause.spans, clause.roles, strict=True)]
        count["clauses"] += 1
        count["wrong"] += plain("".join(shown)) != plain(clause.text)
        count["long"] += len(clause.text) > LONGEST
        count["mid"] += in_mid_sentence(policy, clause, before)
        before = clause
    return count


def texts(folder: Path) -> Iterator[Path]:
    """Yield the text files below a folder."""
    yield from sorted(f for f in folder.rglob("*") if f.suffix.lower() in (".txt", ".md") and f.name != "README.md")


def over_all(folder: Path) -> None:
    """Print the figures of the whole folder, which need no labels."""
    total, seconds, size = Counter[str](), 0.0, 0
    for file in (file for name in ("policies", "laws") for file in texts(folder / name)):
        try:
            source = source_of(file)
        except CorpusError as error:
            print(f"读不了, 跳过: {error}")
            continue
        began = time.process_time()
        policy = parse(source)
        seconds += time.process_time() - began
        size += file.stat().st_size
        total += faults(policy)
        total["documents"] += 1
    if not size:
        return
    print("\n| 全部文件 | |\n|---|---|")
    print(f"| 文件 | {total['documents']} |\n| 条款 | {total['clauses']} |")
    print(f"| 归属明确的字符 | {100 * total['accounted'] / total['characters']:.4f} % |")
    print(f"| 位置错误的条款 | {total['wrong']} |\n| 超过 {LONGEST} 字的条款 | {total['long']} |")
    print(f"| 从句子中间开始的条款 | {100 * total['mid'] / total['clauses']:.2f} % ({total['mid']}) |")
    print(f"| 解析速度, 单核 | {size / seconds / 1e6:.2f} MB/s |")


def articles_of(policy: Policy) -> dict[str, str]:
    """Return the words of every article by its number, all its paragraphs and items together, without white space."""
    words: dict[str, str] = defaultdict(str)
    for clause in policy.clauses:
        if found := _ARTICLE.match(clause.clause):
            words[found[0]] += LAYOUT.sub("", policy.source.text[slice(*clause.place)])
    return words


def on_articles(folder: Path, file: Path) -> list[Miss]:
    """Print the share of articles found whole; return the others. Articles that the law in FOLDER does not hold are left out."""
    wanted: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    with lzma.open(file, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            book, _, _ = row["path"].partition("/")
            name = book if row["law"].endswith("民法典") else row["law"].removeprefix("中华人民共和国")
            wanted[name, row["date"] or ""].append(row)
    laws, asked, absent, misses = 0, 0, 0, list[Miss]()
    for law in sorted((folder / "laws").glob("*.md")):
        name, _, date = law.stem.partition("(")
        rows = wanted.get((name, date.rstrip(")")), [])
        if not rows:
            continue
        laws += 1
        policy = read(law)
        found, whole = articles_of(policy), LAYOUT.sub("", policy.source.text)
        for row in rows:
            text = LAYOUT.sub("", row["article"] + row["text"])
            if text not in whole:
                absent += 1
                continue
            asked += 1
            if found.get(row["article"]) != text:
                line = policy.source.text[: policy.source.text.find("\n" + row["article"]) + 1].count("\n") + 1
                misses.append(Miss("法条不完整", f"laws/{law.name}", line, text[:60]))
    print("\n| 法条 | |\n|---|---|")
    print(f"| 法律 | {laws} |\n| 法条 | {asked} (另有 {absent} 条与文件里的文字不同, 不计) |")
    if asked:
        print(f"| 编号和全文都找到 | {100 * (asked - len(misses)) / asked:.2f} % |")
    return misses
