"""Train the term vectors of the late interaction, on top of a trained encoder.

    python training/train_terms.py --data DATA_FOLDER --model assistant/model

A question scores a clause by the weighted mean, over its terms, of the cosine to the nearest term of the clause (ColBERT's
MaxSim, Khattab and Zaharia 2020, with static vectors). Cross-entropy against the other clauses of the same policy. Vectors
start at the first dimensions of the encoder, which its Matryoshka loss has made meaningful, weights at its term lengths.
Writes float16 [terms, 64], the length of a row being the weight of the term.
"""

from __future__ import annotations

import argparse
import collections
import random
import time
from pathlib import Path

import numpy as np
import torch
from data import Pair, clause_pairs, held_out_documents, passage, rows
from torch.nn import functional

from assistant.embed import TERMS, StaticEncoder
from assistant.ragged import Ragged
from assistant.segment import segment
from assistant.terms import Terms, numbered

DIMENSIONS, BATCH, EPOCHS, SCALE, DROPOUT = 64, 48, 2, 20.0, 0.3
VECTOR_RATE, WEIGHT_RATE = 2e-3, 5e-3
QUESTION_TERMS, CLAUSE_TERMS = 40, 260


class LateInteraction(torch.nn.Module):
    """Term vectors and weights."""

    def __init__(self, encoder: np.ndarray) -> None:
        super().__init__()
        self.vectors = torch.nn.Embedding.from_pretrained(torch.from_numpy(encoder[:, :DIMENSIONS].copy()), freeze=False)
        lengths = np.linalg.norm(encoder, axis=1)
        self.log_weight = torch.nn.Parameter(torch.from_numpy(np.log(np.maximum(lengths, lengths[lengths > 0].min()))))

    def forward(self, questions: list[np.ndarray], clauses: list[np.ndarray]) -> torch.Tensor:
        """Return float32 [questions, clauses]; texts are arrays of term ids."""
        asked, said = _padded(questions), _padded(clauses)
        weights = self.log_weight[asked.clamp(min=0)].exp() * (asked >= 0)
        kept = said >= 0
        if self.training:
            weights = weights * (torch.rand_like(weights) > DROPOUT)
            kept = kept & (torch.rand(kept.shape) > DROPOUT)
        one = functional.normalize(self.vectors(asked.clamp(min=0)), dim=-1)
        other = functional.normalize(self.vectors(said.clamp(min=0)), dim=-1)
        alike = (one.flatten(0, 1) @ other.flatten(0, 1).T).view(*asked.shape, *said.shape)
        nearest = alike.masked_fill(~kept, -1.0).amax(-1)
        return (nearest * weights[:, :, None]).sum(1) / weights.sum(1, keepdim=True).clamp(min=1e-6)

    def table(self) -> np.ndarray:
        """Return the vectors with their weights as lengths."""
        with torch.no_grad():
            return (functional.normalize(self.vectors.weight, dim=1) * self.log_weight.exp()[:, None]).numpy()


def _padded(texts: list[np.ndarray]) -> torch.Tensor:
    """Return term ids in one table, -1 where a text is shorter."""
    out = torch.full((len(texts), max(map(len, texts))), -1)
    for row, ids in enumerate(texts):
        out[row, : len(ids)] = torch.from_numpy(ids)
    return out


def batches(pairs: list[Pair], pick: random.Random) -> list[list[Pair]]:
    """Return batches in which the pairs of a document stand together."""
    by_document = collections.defaultdict(list)
    for pair in pairs:
        by_document[pair.document].append(pair)
    documents = list(by_document.values())
    pick.shuffle(documents)
    for document in documents:
        pick.shuffle(document)
    ordered = [pair for document in documents for pair in document]
    found = [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]
    pick.shuffle(found)
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("assistant/model"))
    args = parser.parse_args()
    torch.manual_seed(1)
    pick, held_out = random.Random(1), held_out_documents(args.data)
    encoder = StaticEncoder.load(args.model)

    def ids(text: str, most: int) -> np.ndarray:
        known = [encoder.vocabulary[term] for term in segment(text) if term in encoder.vocabulary]
        return np.array(list(dict.fromkeys(known))[:most] or [0])

    pairs = clause_pairs(args.data, held_out)[0].pairs
    questions = {p.query: ids(p.query, QUESTION_TERMS) for p in pairs}
    clauses = {p.positive: ids(p.positive, CLAUSE_TERMS) for p in pairs}
    model = LateInteraction(encoder.vectors.astype(np.float32))
    optimizer = torch.optim.Adam(
        [{"params": [model.vectors.weight], "lr": VECTOR_RATE}, {"params": [model.log_weight], "lr": WEIGHT_RATE}], fused=True
    )
    plan = [batch for _ in range(EPOCHS) for batch in batches(pairs, pick)]
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=len(plan))
    losses, began = [], time.perf_counter()
    for step, batch in enumerate(plan, 1):
        columns = {text: n for n, text in enumerate(dict.fromkeys(p.positive for p in batch))}
        scores = SCALE * model([questions[p.query] for p in batch], [clauses[text] for text in columns])
        loss = functional.cross_entropy(scores, torch.tensor([columns[p.positive] for p in batch]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        decay.step()
        losses.append(loss.item())
        if step % 200 == 0 or step == len(plan):
            print(f"{step}/{len(plan)} {time.perf_counter() - began:.0f} s {np.mean(losses[-200:]):.3f}", flush=True)
    table = model.table()
    table = (table / np.linalg.norm(table, axis=1).mean()).astype(np.float16)
    print("validation", validate(table, encoder.vocabulary, args.data, held_out))
    np.save(args.model / TERMS, table)


def validate(table: np.ndarray, vocabulary: dict[str, int], data: Path, held_out: set[str]) -> dict[str, float]:
    """Hit rates of the late interaction alone among the clauses of each held-out document."""
    documents = collections.defaultdict(list)
    for row in rows(data, "clause_questions"):
        if row["document"] in held_out:
            documents[row["document"]].append(row)
    ranks = []
    for clauses in documents.values():
        texts = [segment(passage(c["clause"], c["path"])) for c in clauses]
        terms = Terms(vocabulary, table, Ragged.of([numbered(text, vocabulary) for text in texts]))
        for i, clause in enumerate(clauses):
            for question in filter(None, clause["questions"].values()):
                scores = terms.scores(segment(question), np.arange(len(clauses)))
                ranks.append(int((scores > scores[i]).sum()))
    return {f"hit@{k}": float(np.mean([rank < k for rank in ranks])) for k in (1, 3, 10)}


if __name__ == "__main__":
    main()
