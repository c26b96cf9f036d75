"""What each signal is worth: hit rates of every retriever alone, of weighted and of rank fusion.

    python benchmarks/retrieval.py [QUESTIONS.jsonl] [--corpus PATH]

Prints a Markdown table. Without arguments it uses the two question files beside it, written for the policy in corpus/ and
kept out of its question bank. Follow-ups are left out, and every message is searched as one question.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import bm25s
import numpy as np

from assistant import Assistant, Settings
from assistant.entry import searched_text
from assistant.evaluate import Question, holds, read_questions
from assistant.segment import identifiers, ngrams, segment, words
from assistant.settings import WEIGHTS
from assistant.signals import Signals, fuse, gather
from assistant.spelling import mend

HERE = Path(__file__).parent
NAMES = {
    "clause": "向量, 整条",
    "sentence": "向量, 最佳句",
    "term": "逐词最近 (late interaction)",
    "known": "已知问题 (pivot)",
    "taught": "题库所学",
    "asked": "题库邻近",
}
Scorer = Callable[[str, Signals], np.ndarray]


def lexical(assistant: Assistant, terms_of: Callable[[str], list[str]]) -> Scorer:
    """Return BM25 over another choice of terms, over all clauses."""
    vocabulary: dict[str, int] = {}
    texts = [terms_of(searched_text(clause, headings=2)) for clause in assistant.index.clauses]
    ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in terms] for terms in texts]
    index = bm25s.BM25(k1=assistant.settings.k1, b=assistant.settings.b, method="lucene")
    index.index((ids, vocabulary), show_progress=False)

    def score(question: str, signals: Signals) -> np.ndarray:
        known = [term for term in terms_of(question) if term in vocabulary]
        return index.get_scores(known)[signals.candidates] if known else np.zeros(len(signals.candidates))

    return score


def weighted(*names: str) -> Scorer:
    """Return the shipped fusion with some of its signals only."""
    weights = {name: weight for name, weight in WEIGHTS.items() if name in names}
    return lambda _, signals: fuse(signals, weights)


def reciprocal(_: str, signals: Signals) -> np.ndarray:
    """Reciprocal rank fusion of all signals with the usual 60 (Cormack et al. 2009)."""
    ranks = [np.argsort(np.argsort(-scores, kind="stable")) + 1 for scores in signals.scores.values()]
    return np.sum([1 / (60 + rank) for rank in ranks], axis=0)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, nargs="*", default=[HERE / "questions.jsonl", HERE / "hard.jsonl"])
    parser.add_argument("--corpus", type=Path)
    args = parser.parse_args()
    settings = Settings.from_environment()
    assistant = Assistant.build(args.corpus or settings.corpus, settings)
    questions = [q for file in args.questions for q in read_questions(file) if q.gold and not q.history]
    everything = [range(len(assistant.index.clauses))]
    signals = [gather(mend(q.question, assistant.lexicon), assistant.retrievers, settings, everything) for q in questions]
    own = ("clause", "sentence", "bm25")
    scorers: dict[str, Scorer] = {
        "BM25, jieba 词": lexical(assistant, lambda t: words(t) + identifiers(t)),
        "BM25, 字 + 二元组": lexical(assistant, lambda t: ngrams(t) + identifiers(t)),
        "BM25, 词 + 字 + 二元组": lexical(assistant, segment),
        **{NAMES[name]: weighted(name) for name in WEIGHTS if name != "bm25"},
        "整条 + 最佳句": weighted("clause", "sentence"),
        "… + BM25": weighted(*own),
        "… + 逐词": weighted(*own, "term"),
        "… + 已知问题": weighted(*own, "term", "known"),
        "… + 题库所学": weighted(*own, "term", "known", "taught"),
        "… + 题库邻近 = 实际使用": weighted(*WEIGHTS),
        "全部, 名次融合 (RRF)": reciprocal,
    }
    print(f"{len(questions)} 题, {len(assistant.index.clauses)} 条\n\n| 方法 | hit@1 | hit@3 | hit@10 |\n|---|---|---|---|")
    for name, scorer in scorers.items():
        ranks = [_rank(assistant, q, s, scorer(q.question, s)) for q, s in zip(questions, signals, strict=True)]
        print(f"| {name} | " + " | ".join(f"{np.mean([0 < r <= k for r in ranks]):.3f}" for k in (1, 3, 10)) + " |")


def _rank(assistant: Assistant, question: Question, signals: Signals, scores: np.ndarray) -> int:
    """Return the rank of the first clause that answers, 0 if none of the first ten does."""
    best = np.argsort(-scores, kind="stable")[:10]
    clauses = [assistant.index.clauses[signals.candidates[i]] for i in best]
    return next((n for n, c in enumerate(clauses, 1) if any(holds(c, group) for group in question.gold)), 0)


if __name__ == "__main__":
    main()
