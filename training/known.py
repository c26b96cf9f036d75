"""Write the known questions of a model: its training questions and their clauses, as vectors.

python training/known.py --data DATA_FOLDER --model assistant/model
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from data import held_out_documents, passage, rows

from assistant import vectors
from assistant.embed import load_encoder
from assistant.known import FOLDER, STEPS


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("assistant/model"))
    args = parser.parse_args()
    held_out = held_out_documents(args.data)
    questions: list[str] = []
    clauses: list[str] = []
    owners: list[int] = []
    for row in rows(args.data, "clause_questions"):
        if row["document"] not in held_out:
            asked = [q for q in row["questions"].values() if q]
            questions += asked
            owners += [len(clauses)] * len(asked)
            clauses.append(passage(row["clause"], row["path"]))
    encoder = load_encoder(str(args.model))
    folder = args.model / FOLDER
    folder.mkdir(exist_ok=True)
    vectors.write(vectors.compressed(encoder.encode(questions, query=True)), folder / "questions.faiss")
    np.save(folder / "owners.npy", np.array(owners, dtype=np.int32))
    np.save(folder / "clauses.npy", np.round(encoder.encode(clauses) * STEPS).astype(np.int8))
    print(f"{len(questions)} questions, {len(clauses)} clauses")


if __name__ == "__main__":
    main()
