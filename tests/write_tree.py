"""Write the expected clause tree anew: `make tree`. Read the difference line by line against the policy before committing it."""

import json

from samples import CORPUS, DATA
from test_parse import tree

from assistant.corpus import read_corpus
from assistant.parse import parse

rows = tree(parse(read_corpus(CORPUS)[0]))
(DATA / "corpus_tree.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
