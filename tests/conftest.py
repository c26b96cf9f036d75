"""Real parts for every test: the shipped encoder, the policy in corpus/, two short documents, the built index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from samples import CORPUS, DATA, ROOT

from assistant import Assistant, Settings
from assistant.clause import Clause, Policy
from assistant.corpus import read_corpus
from assistant.parse import parse


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("assistant")
    return replace(
        Settings.from_environment({}),
        corpus=ROOT / "corpus",
        index=folder / "index",
        cache=folder / "cache",
        records=folder / "records.sqlite3",
        corpus_named=True,
    )


@pytest.fixture(scope="session")
def assistant(settings: Settings) -> Assistant:
    """The assistant over corpus/, saved where the settings say."""
    built = Assistant.build(settings.corpus, settings)
    built.save(settings.index)
    return built


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The policy in corpus/."""
    return parse(read_corpus(CORPUS)[0])


@pytest.fixture(scope="session")
def clauses(policy: Policy) -> dict[str, Clause]:
    """The clauses of the policy by number."""
    return {clause.clause: clause for clause in policy.clauses}


@pytest.fixture(scope="session", params=["corpus", "service.md", "statute.txt"])
def any_policy(request: pytest.FixtureRequest, policy: Policy) -> Policy:
    """Each of the documents in turn."""
    return policy if request.param == "corpus" else parse(read_corpus(DATA / request.param)[0])
