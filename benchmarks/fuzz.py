"""Mutated documents against the parser: no crash, no hang, no lost character. Prints what broke, and a count.

python benchmarks/fuzz.py [--minutes 10] [--seed 0] [FOLDER ...]
Documents are those of corpus/ and tests/data/, and of the folders named; the same seed gives the same documents.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

from unlabelled import faults, texts

from assistant.clause import Source
from assistant.decoding import decode
from assistant.parse import parse

ROOT = Path(__file__).parents[1]
LONGEST = 30_000  # characters of one document
SLOW = 10.0  # seconds that a document of this length never takes
TOKENS = (
    "一、", "（一）", "1、", "1.", "1.1", "1.1.1", "(1)", "a.", "(a)", "第一条", "第十条之一", "第一章", "第二部分", "附件一",
    "目录", "前言", "本政策第八条", "2020年1月1日", "|", "||", "---|---", "^^", "**", "__", "#", "##", "- ", "• ", "==========",
    "：", "；", "。", "，", "（", "》", "“", "4\\.", "<!--x-->", "[a](b)",
    "<table>", "</table>", "<tr><td>", "<td rowspan=2>", "<th colspan=2>", "<br>", "𠮷", "é", "| a | b |",
    "\n", "\n\n", "  \n", "\u3000", "\xa0", "\u200b", "\u202e", "\x85", "\u2028",
)  # fmt: skip


def mutated(documents: list[str], dice: random.Random) -> str:
    """Return a stretch of a document with lines moved, broken, doubled, lost and mixed with those of another."""
    text = dice.choice(documents)
    begin = dice.randrange(max(1, len(text) - LONGEST))
    lines = text[begin : begin + dice.randrange(200, LONGEST)].split("\n")
    other = dice.choice(documents).split("\n")
    for _ in range(dice.randrange(1, 40)):
        at = dice.randrange(len(lines))
        line = lines[at]
        cut = dice.randrange(len(line) + 1)
        change = dice.randrange(7)
        if change == 0:
            lines[at] = line[:cut] + dice.choice(TOKENS) + line[cut:]
        elif change == 1:
            lines[at] = dice.choice(TOKENS) + line
        elif change == 2:
            lines[at : at + 1] = [line[:cut], line[cut:]]
        elif change == 3:
            lines[at : at + 2] = ["".join(lines[at : at + 2])]
        elif change == 4:
            lines[at : at + 1] = [line] * dice.randrange(4) or [""]
        elif change == 5:
            lines.insert(at, dice.choice(other))
        else:
            lines[at] = line[:cut] + line[cut + dice.randrange(1, 9) :]
    return "\n".join(lines)


def main() -> None:
    """Mutate until the time is over; the exit status is 1 if anything broke."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="*", type=Path)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=0)
    wanted = options.parse_args()
    dice, folders = random.Random(wanted.seed), (ROOT / "corpus", ROOT / "tests" / "data", *wanted.folders)
    documents = [decode(file.read_bytes(), str(file)) for folder in folders for file in texts(folder)]
    ending, count, broken = time.monotonic() + 60 * wanted.minutes, 0, 0
    while time.monotonic() < ending:
        text, name, began = mutated(documents, dice), dice.choice(("t.md", "t.txt")), time.monotonic()
        try:
            found = faults(parse(Source("t", "t", "1", "", name, "", text)))
            if found["wrong"] or found["long"] or found["accounted"] < found["characters"]:
                raise ValueError(dict(found))
        except Exception as error:
            broken += 1
            print(f"第 {count} 份 ({name}): {error!r}"[:300])
        if (took := time.monotonic() - began) > SLOW:
            broken += 1
            print(f"第 {count} 份 ({name}): {took:.1f} 秒")
        count += 1
    print(f"{len(documents)} 份文档变出 {count} 份, 出错 {broken}")
    sys.exit(int(broken > 0))


if __name__ == "__main__":
    main()
