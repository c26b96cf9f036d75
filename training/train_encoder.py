"""Train the default encoder: a bag of jieba words, characters and bigrams with learned vectors and weights.

    python training/train_encoder.py --data DATA_FOLDER --out assistant/model

The loss is the symmetric cross-entropy over in-batch negatives that sentence-transformers calls
MultipleNegativesSymmetricRankingLoss (Henderson et al. 2017), with rows of one group masked; here in plain torch because
term ids are computed once for all epochs. A batch holds one source only, and clause questions come document by
document, so that the negatives of a question are the other clauses of its own policy: hard ones. Vectors start from latent
semantic analysis of all texts (Deerwester et al. 1990), so that words with few questions still begin near their kin; the
loss also holds for the first quarter of the dimensions (Matryoshka, Kusupati et al. 2022). Term weights start at idf and
are folded into the vectors at the end, which leaves an ordinary sentence-transformers StaticEmbedding folder.

--without STEP leaves one step out, for the table of gains in MODEL_CARD.md.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from data import Pair, PairSet, general_sentences, held_out_documents, load, passage, rows
from torch.nn import functional

from assistant.segment import segment

VOCABULARY, DIMENSIONS, PREFIX = 60_000, 256, 64
STEPS = ("lsa", "matryoshka", "documents", "general", "question_pairs")
RARE = 3
BATCH, EPOCHS, SCALE = 1024, 2, 20.0
VECTOR_RATE, WEIGHT_RATE = 3e-3, 5e-3
DROPOUT = 0.4


def vocabulary_of(terms: dict[str, list[str]]) -> tuple[dict[str, int], np.ndarray]:
    """Return term -> id for the most frequent terms, and the idf of each."""
    frequency = collections.Counter(term for found in terms.values() for term in set(found))
    ordered = sorted(frequency, key=lambda term: (-frequency[term], term))
    kept = [term for term in ordered[:VOCABULARY] if frequency[term] >= RARE]
    idf = np.array([math.log(1 + len(terms) / frequency[term]) for term in kept], dtype=np.float32)
    return {term: i for i, term in enumerate(kept)}, idf


class Bag(torch.nn.Module):
    """Weighted sum of term vectors."""

    def __init__(self, idf: np.ndarray, start: np.ndarray | None) -> None:
        super().__init__()
        self.vectors = torch.nn.Embedding(len(idf), DIMENSIONS)
        noise = 1.0 if start is None else 0.3
        torch.nn.init.normal_(self.vectors.weight, std=noise / math.sqrt(DIMENSIONS))
        if start is not None:
            self.vectors.weight.data += torch.from_numpy(start)
        self.log_weight = torch.nn.Parameter(torch.from_numpy(np.log(idf)))

    def forward(self, texts: list[np.ndarray]) -> torch.Tensor:
        """Embed texts given as arrays of term ids -> float32 [len(texts), DIMENSIONS], not of unit length."""
        lengths = torch.tensor([len(ids) for ids in texts])
        ids = torch.from_numpy(np.concatenate(texts))
        weights = self.log_weight[ids].exp()
        if self.training:
            weights = weights * (torch.rand_like(weights) > DROPOUT)
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)[:-1]])
        summed = functional.embedding_bag(ids, self.vectors.weight, offsets, mode="sum", per_sample_weights=weights)
        return summed

    def folded(self) -> np.ndarray:
        """Return the vectors with their weights multiplied in, float32 [terms, DIMENSIONS]."""
        with torch.no_grad():
            return (self.vectors.weight * self.log_weight.exp()[:, None]).numpy()


def batches(source: PairSet, pick: random.Random, together: bool) -> Iterator[list[Pair]]:
    """Yield the batches of one pass; if `together`, rows with a document stay together with their document."""
    by_document: dict[str, list[Pair]] = collections.defaultdict(list)
    for row, pair in enumerate(source.pairs):
        by_document[pair.document if together and pair.document else str(row)].append(pair)
    documents = list(by_document.values())
    pick.shuffle(documents)
    ordered = [pair for document in documents for pair in document]
    for start in range(0, len(ordered), BATCH):
        if len(batch := ordered[start : start + BATCH]) > 1:
            yield batch


def loss_of(model: Bag, batch: list[Pair], ids: dict[str, np.ndarray], sizes: tuple[int, ...]) -> torch.Tensor:
    """Symmetric in-batch cross-entropy, in which rows of one group are not each other's negatives; mean over the sizes."""
    numbers = {group: i for i, group in enumerate({p.group for p in batch})}
    groups = torch.tensor([numbers[p.group] for p in batch])
    same = (groups[:, None] == groups[None, :]) & ~torch.eye(len(batch), dtype=torch.bool)
    target = torch.arange(len(batch))
    queries, positives = model([ids[p.query] for p in batch]), model([ids[p.positive] for p in batch])
    losses = []
    for size in sizes:
        near = functional.normalize(queries[:, :size], dim=1) @ functional.normalize(positives[:, :size], dim=1).T
        scores = (SCALE * near).masked_fill(same, -1e4)
        losses.append((functional.cross_entropy(scores, target) + functional.cross_entropy(scores.T, target)) / 2)
    return torch.stack(losses).mean()


def validate(model: Bag, data: Path, held_out: set[str], ids: dict[str, np.ndarray], size: int) -> dict[str, float]:
    """Hit rates of dense search among the clauses of each held-out document, with the first `size` dimensions."""
    documents = collections.defaultdict(list)
    for row in rows(data, "clause_questions"):
        if row["document"] in held_out:
            documents[row["document"]].append(row)
    ranks = []
    model.eval()
    with torch.no_grad():
        for clauses in documents.values():
            vectors = functional.normalize(model([ids[passage(c["clause"], c["path"])] for c in clauses])[:, :size], dim=1)
            for i, clause in enumerate(clauses):
                questions = model([ids[q] for q in clause["questions"].values() if q])[:, :size]
                scores = questions @ vectors.T
                ranks += (scores > scores[:, i : i + 1]).sum(1).tolist()
    model.train()
    return {f"hit@{k}": float(np.mean([rank < k for rank in ranks])) for k in (1, 3, 10)}


def term_ids(texts: set[str]) -> tuple[dict[str, list[str]], dict[str, np.ndarray], dict[str, int], np.ndarray]:
    """Segment every text once -> its terms, its term ids, the vocabulary and the idf."""
    terms = {text: segment(text) for text in sorted(texts)}
    vocabulary, idf = vocabulary_of(terms)
    ids = {t: np.array([vocabulary[x] for x in found if x in vocabulary] or [0]) for t, found in terms.items()}
    return terms, ids, vocabulary, idf


def latent(documents: list[list[str]], vocabulary: dict[str, int]) -> np.ndarray:
    """Latent semantic analysis: unit term vectors, float32 [terms, DIMENSIONS], from which texts the terms share."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.utils.extmath import randomized_svd

    weigher = TfidfVectorizer(analyzer=lambda terms: terms, vocabulary=vocabulary, sublinear_tf=True, dtype=np.float32)
    _, strength, right = randomized_svd(weigher.fit_transform(documents), DIMENSIONS, n_iter=2, random_state=1)
    vectors = (right.T * np.sqrt(strength)).astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def train(model: Bag, sources: list[PairSet], ids: dict[str, np.ndarray], seed: int, without: str) -> None:
    """Run all epochs with linearly decaying rates; print the loss of each source now and then."""
    pick = random.Random(seed)
    optimizer = torch.optim.Adam(
        [{"params": [model.vectors.weight], "lr": VECTOR_RATE}, {"params": [model.log_weight], "lr": WEIGHT_RATE}],
        fused=True,
    )
    together, sizes = without != "documents", (DIMENSIONS,) if without == "matryoshka" else (DIMENSIONS, PREFIX)
    plan = [(s, batch) for _ in range(EPOCHS) for s in sources for _ in range(s.repeats) for batch in batches(s, pick, together)]
    pick.shuffle(plan)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=len(plan))
    losses, began = collections.defaultdict(list), time.perf_counter()
    for step, (source, batch) in enumerate(plan, 1):
        loss = loss_of(model, batch, ids, sizes)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        decay.step()
        losses[source.name].append(loss.item())
        if step % 200 == 0 or step == len(plan):
            recent = {name: round(float(np.mean(values[-20:])), 2) for name, values in losses.items()}
            print(f"{step}/{len(plan)} {time.perf_counter() - began:.0f} s {recent}", flush=True)


def save(model: Bag, vocabulary: dict[str, int], out: Path) -> None:
    """Write a sentence-transformers folder (float16) that expects segmented text, and says so in its config."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    unknown = {"[UNK]": 0} | {term: i + 1 for term, i in vocabulary.items()}
    tokenizer = Tokenizer(WordLevel(unknown, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    vectors = model.folded()
    vectors = vectors / np.abs(vectors).mean() * 0.1
    weights = np.concatenate([np.zeros((1, DIMENSIONS), np.float32), vectors]).astype(np.float16)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)]).save(str(out))
    config = out / "config_sentence_transformers.json"
    settings = json.loads(config.read_text("utf8")) | {"assistant_input": "segmented"}
    config.write_text(json.dumps(settings, indent=2) + "\n", "utf8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training files")
    parser.add_argument("--out", type=Path, default=Path("assistant/model"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", choices=STEPS, default="", help="leave one step out; nothing is written")
    args = parser.parse_args()
    held_out = held_out_documents(args.data)
    sources = load(args.data, held_out)
    if args.without == "general":
        sources = [s for s in sources if s.name in ("clause_questions", "question_pairs")]
    sources = [s for s in sources if s.name != args.without]
    texts = {text for s in sources for p in s.pairs for text in (p.query, p.positive)}
    for row in rows(args.data, "clause_questions"):
        if row["document"] in held_out:
            texts |= {passage(row["clause"], row["path"]), *filter(None, row["questions"].values())}
    terms, ids, vocabulary, idf = term_ids(texts)
    print(f"{len(texts)} texts, {len(vocabulary)} terms, {sum(len(s.pairs) for s in sources)} pairs", flush=True)
    torch.manual_seed(args.seed)
    start = None
    if args.without != "lsa":
        start = latent([*terms.values(), *map(segment, general_sentences(args.data))], vocabulary)
    model = Bag(idf, start)
    train(model, sources, ids, args.seed, args.without)
    for size in (DIMENSIONS, DIMENSIONS // 2, PREFIX):
        print("validation", args.without and f"without {args.without}", size, validate(model, args.data, held_out, ids, size))
    if not args.without:
        save(model, vocabulary, args.out)


if __name__ == "__main__":
    main()
