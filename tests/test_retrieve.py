from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from assistant import Assistant, Settings
from assistant.clause import Clause, Hit
from assistant.retrieve import Scope, retrieve, same_words
from assistant.segment import segment
from assistant.understand import Query


def found(assistant: Assistant, words: str) -> tuple[Hit, ...]:
    return retrieve(Query(words, ((words, 1.0),)), assistant.retrievers, assistant.settings, Scope()).hits


def test_faiss_finds_what_a_plain_product_finds(assistant: Assistant, settings: Settings) -> None:
    index = assistant.index
    vectors = index.clause_vectors.reconstruct_n(0, len(index.clauses))
    question = assistant.encoder.encode(["征信信息找谁查"], query=True)[0]
    ids, scores = index.nearest_clauses(question, 10, range(len(index.clauses)))
    products = vectors @ question
    assert scores == pytest.approx(np.sort(products)[::-1][:10], abs=1e-5)
    assert set(ids[:3]) <= set(np.argsort(-products)[:5])
    part, _ = index.nearest_clauses(question, 10, range(20, 40))
    assert set(part) <= set(range(20, 40))


def test_bm25_is_that_of_the_textbook(assistant: Assistant, settings: Settings) -> None:
    """Robertson's formula with Lucene's idf, written out over the same terms."""
    index = assistant.index
    documents = [segment("\n".join([*c.path[-2:], c.text])) for c in index.clauses]
    average = sum(map(len, documents)) / len(documents)
    terms = segment("征信机构")
    expected = []
    for document in documents:
        score = 0.0
        for term in terms:
            frequency = document.count(term)
            holding = sum(term in other for other in documents)
            idf = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            norm = settings.k1 * (1 - settings.b + settings.b * len(document) / average)
            score += idf * frequency / (frequency + norm)
        expected.append(score)
    assert index.lexical(terms) == pytest.approx(expected, rel=1e-3)


def test_the_same_row_in_two_tables_is_one_hit_with_two_places(assistant: Assistant, settings: Settings) -> None:
    hits = found(assistant, "紧急联系人用来做什么")
    row = next(hit for hit in hits if "紧急联系人" in hit.text and hit.kind == "table_row")
    assert {row.clause, *row.also} == {"一(一)2 表1 序号30", "一(一)2 表2 第18行"}


def test_rows_that_differ_are_not_folded(clauses: dict[str, Clause]) -> None:
    assert not same_words(clauses["一(一)2 表1 序号8"], clauses["一(一)2 表1 序号9"])
    assert not same_words(clauses["一(一)4 表1 第12行"], clauses["一(一)4 表1 第13行"])
    assert not same_words(clauses["一(三)1"], clauses["五、5(1)"])
    assert same_words(clauses["一(一)2 表1 序号13"], clauses["一(一)2 表1 序号14"])


def test_hits_carry_their_evidence(assistant: Assistant) -> None:
    best = assistant.ask("怎么注销账户").hits[0]
    signs = {sign.name: sign.rank for sign in best.evidence.signs}
    assert signs["clause"] == 1 and signs["bm25"] == 1
    assert "注销账户" in best.evidence.words
    assert best.marked and "注销" in assistant.policies[0].source.text[slice(*best.marked)]


def test_phrases_must_stand_in_the_clause(assistant: Assistant) -> None:
    hits = assistant.search("“用户画像”")
    assert {hit.clause for hit in hits} == {"一(二)5", "三(一)3 第6段"}


def test_a_row_that_stands_three_times_names_all_its_places(assistant: Assistant, settings: Settings) -> None:
    hits = found(assistant, "谷歌sdk 基础控件集成")
    row = next(hit for hit in hits if "谷歌sdk" in hit.text and "基础控件" in hit.text)
    assert {row.clause, *row.also} == {f"一(一)4 表1 第{n}行" for n in (1, 2, 3)}


def test_numbers_and_phrases_are_found_at_any_depth(assistant: Assistant, settings: Settings) -> None:
    shallow = Assistant(assistant.index, assistant.encoder, assistant.calibration, replace(settings, depth=1))
    for clause in assistant.index.clauses[100:160:4]:
        assert clause.clause in [hit.clause for hit in shallow.search(clause.clause)]
    assert [hit.clause for hit in shallow.search("“收藏记录” 注销账户 怎么申请注销账户")] == ["五、2 第1段"]


def test_views_are_added_up_by_their_weights(assistant: Assistant) -> None:
    one, other = "怎么注销账户", "为什么要收集我的位置"
    alone = {hit.clause: hit.score for hit in found(assistant, one)}
    query = Query(one, ((one, 1.0), (other, 0.0)))
    both = retrieve(query, assistant.retrievers, assistant.settings, Scope()).hits
    assert {hit.clause: hit.score for hit in both} == pytest.approx(alone, abs=1e-3)
    swayed = retrieve(Query(one, ((one, 0.1), (other, 1.0))), assistant.retrievers, assistant.settings, Scope()).hits
    assert swayed[0].clause == found(assistant, other)[0].clause != both[0].clause


def test_matched_words_are_those_that_segmenting_the_clause_gives(assistant: Assistant, settings: Settings) -> None:
    words = "怎么注销账户, 第三方SDK会收集设备信息和ACCESS_FINE_LOCATION吗, 个人信息主体的人脸识别"
    terms = set(segment(words))
    hits = retrieve(Query(words, ((words, 1.0),)), assistant.retrievers, settings, Scope(limit=300)).hits
    assert len(hits) > 100
    for hit in hits:
        shared = {term for term in terms & set(segment(hit.text)) if len(term) > 1}
        assert set(hit.evidence.words) == {term for term in shared if not any(term in other for other in shared - {term})}
