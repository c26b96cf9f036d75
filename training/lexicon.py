"""Count the words of everyday questions and of policies: what mended questions are measured against.

    python training/lexicon.py --data DATA_FOLDER --out assistant/lexicon.tsv

Writes word, count and toneless pinyin, most frequent first, and beside it pairs.tsv: for every character those that were
seen right after it, in general Chinese as well. Counts are those of the questions written for this project,
plus a quarter of those of the policies, scaled to the same total; held-out documents are left out, as in training. With
--shapes FONT it writes, for every character of the lexicon, those that look like it: glyphs drawn 32 points high, blurred a
little, and compared by the cosine of their ink.
"""

from __future__ import annotations

import argparse
import collections
from pathlib import Path

import numpy as np
from data import general_sentences, held_out_documents, rows
from pypinyin import lazy_pinyin

from assistant.lexicon import LATIN_ONLY, SHORTEST_LATIN
from assistant.segment import HAN_ONLY, identifiers, ngrams, plain_words

RAREST, RAREST_LATIN, RAREST_GENERAL, POLICY_SHARE = 2.0, 10, 10, 0.25
ALIKE, MOST_ALIKE, SIZE = 0.86, 8, 32


def counted(data: Path) -> tuple[dict[str, float], dict[str, str], dict[str, int]]:
    """Return how often each word occurs, and which characters follow which, in how many clauses each Latin word is."""
    held_out = held_out_documents(data)
    asked: collections.Counter[str] = collections.Counter()
    written: collections.Counter[str] = collections.Counter()
    pairs: collections.Counter[str] = collections.Counter()
    latin: collections.Counter[str] = collections.Counter()
    for row in rows(data, "clause_questions"):
        if row["document"] not in held_out:
            for question in filter(None, row["questions"].values()):
                asked.update(w for w in plain_words(question) if HAN_ONLY.fullmatch(w))
                pairs.update(gram for gram in ngrams(question) if len(gram) == 2)
            written.update(w for w in plain_words(row["clause"][:600]) if HAN_ONLY.fullmatch(w))
            latin.update({w for w in identifiers(row["clause"]) if LATIN_ONLY.fullmatch(w) and len(w) >= SHORTEST_LATIN})
            pairs.update(gram for gram in set(ngrams(row["clause"])) if len(gram) == 2)
    general = collections.Counter(gram for s in general_sentences(data) for gram in set(ngrams(s)) if len(gram) == 2)
    pairs.update({pair: int(RAREST) for pair, count in general.items() if count >= RAREST_GENERAL})
    scale = POLICY_SHARE * asked.total() / written.total()
    followers: dict[str, str] = collections.defaultdict(str)
    for pair in sorted(pair for pair, count in pairs.items() if count >= RAREST):
        followers[pair[0]] += pair[1]
    return {word: asked[word] + scale * written[word] for word in set(asked) | set(written)}, followers, latin


def shapes(characters: list[str], font: str) -> dict[str, str]:
    """Return the characters that look like each character, the most similar first."""
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    face = ImageFont.truetype(font, SIZE - 2)
    drawn = []
    for character in characters:
        image = Image.new("L", (SIZE, SIZE))
        ImageDraw.Draw(image).text((1, -6), character, font=face, fill=255)
        drawn.append(np.asarray(image.filter(ImageFilter.GaussianBlur(1.2)), dtype=np.float32).ravel())
    ink = np.array(drawn)
    ink /= np.linalg.norm(ink, axis=1, keepdims=True)
    found = {}
    for character, near in zip(characters, ink @ ink.T, strict=True):
        order = [i for i in np.argsort(-near)[1 : MOST_ALIKE + 1] if near[i] >= ALIKE]
        if order:
            found[character] = "".join(characters[i] for i in order)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("assistant/lexicon.tsv"))
    parser.add_argument("--shapes", help="a font file with Chinese glyphs; writes shapes.tsv beside the lexicon")
    args = parser.parse_args()
    found, followers, latin = counted(args.data)
    counts = {word: count for word, count in found.items() if count >= RAREST or len(word) == 1}
    ordered = sorted(counts, key=lambda word: (-counts[word], word))
    lines = [f"{w}\t{counts[w]:.0f}\t{' '.join(lazy_pinyin(w))}" for w in ordered]
    lines += [f"{w}\t{n}\t" for w, n in sorted(latin.items()) if n >= RAREST_LATIN]
    args.out.write_text("\n".join(lines) + "\n", "utf8")
    args.out.with_name("pairs.tsv").write_text("".join(f"{c}\t{others}\n" for c, others in followers.items()), "utf8")
    print(f"{len(ordered)} words, {sum(map(len, followers.values()))} pairs")
    if args.shapes:
        alike = shapes(sorted({c for word in ordered for c in word}), args.shapes)
        args.out.with_name("shapes.tsv").write_text("".join(f"{c}\t{others}\n" for c, others in alike.items()), "utf8")
        print(f"{len(alike)} characters with others that look like them")


if __name__ == "__main__":
    main()
