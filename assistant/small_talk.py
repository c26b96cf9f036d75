"""Greetings, thanks, orders to the assistant, scolding, keyboard noise: answered with a friendly sentence, never a clause.

Recognised by likeness to the examples in `small_talk.tsv` (kind, example), which anybody can add to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import resources

import numpy as np

from assistant.answer import NO_WORDS
from assistant.embed import Encoder
from assistant.signals import Signals

REPLIES = {
    "greeting": "您好! 请直接说出想问的事, 例如: 怎么注销账户、为什么要收集我的位置。",
    "thanks": "不客气。还有别的问题, 请直接问。",
    "identity": "我是政策条款助手: 您问, 我从政策原文里找出对应的条款, 逐字引用并注明编号; 政策没写到的, 我会直说。",
    "order": "这件事我帮不上: 我只从政策原文里找条款来回答。请问一个和政策有关的问题。",
    "scolding": "让您不愉快了, 很抱歉。请告诉我遇到的是什么事, 我来找政策里对应的条款。",
    "noise": NO_WORDS,
}
ALIKE = 0.7
_MARKS = re.compile(r"[,，.。!！?？;；、~～\s]+")


class SmallTalk:
    """The examples as vectors, by kind."""

    def __init__(self, encoder: Encoder) -> None:
        examples: dict[str, list[str]] = defaultdict(list)
        for line in (resources.files("assistant") / "small_talk.tsv").read_text("utf-8").splitlines():
            kind, _, example = line.partition("\t")
            examples[kind].append(example)
        self.encoder = encoder
        self.vectors = {kind: encoder.encode(texts, query=True) for kind, texts in examples.items()}

    def reply(self, question: str, signals: Signals) -> str | None:
        """Return a friendly sentence if all of a message is small talk, rather than like a clause or a bank question."""
        vectors = self.encoder.encode([piece for piece in _MARKS.split(question) if piece.strip()] or [question], query=True)
        vectors = vectors[vectors.any(axis=1)]
        if not len(vectors):
            return REPLIES["noise"]
        kinds = list(self.vectors)
        alike = np.array([(self.vectors[kind] @ vectors.T).max(axis=0) for kind in kinds])
        nearest = max(float(np.max(signals.scores["clause"], initial=0.0)), signals.answered)
        return REPLIES[kinds[int(alike[:, 0].argmax())]] if alike.max(axis=0).min() >= max(ALIKE, nearest) else None
