from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise

import pytest
from samples import ROOT

from assistant import Assistant, Settings
from assistant.clause import Clause, Hit, Kind
from assistant.errors import ClauseNotFound, QuestionError
from assistant.search import Finding, Wanted, Words, extent, read_words
from assistant.segment import fold


def search(assistant: Assistant, typed: str, **where: object) -> Finding:
    return assistant.find(Wanted(typed, **where))


def numbers(finding: Finding) -> list[str]:
    return [hit.clause for hit in finding.hits]


def named(hits: Sequence[Hit]) -> set[str]:
    """The numbers of hits and of the clauses folded into them."""
    return {number for hit in hits for number in (hit.clause, *hit.also)}


def holding(assistant: Assistant, *words: str, headings: bool = True) -> set[str]:
    """The numbers of the clauses that hold all words, looked up without the search."""
    return {c.clause for c in assistant.index.clauses if all(fold(w) in words_of(c, headings) for w in words)}


def words_of(clause: Clause, headings: bool = True) -> str:
    return fold("\n".join([*clause.path, clause.text] if headings else [clause.text]))


def chapter(assistant: Assistant, start: str) -> str:
    """The anchor of the heading that begins with these words."""
    return next(heading.anchor for heading in assistant.policies[0].headings if heading.title.startswith(start))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("注销 账户", Words("注销 账户", (), ())),
        ("  注销\t账户\n", Words("注销 账户", (), ())),
        ('"用户画像" 营销', Words('"用户画像" 营销', ("用户画像",), ())),
        ("“用户画像”「营销」『短信』", Words("“用户画像”「营销」『短信』", ("用户画像", "营销", "短信"), ())),
        ("个人信息 -营销", Words("个人信息", (), ("营销",))),
        ("-营销 个人信息", Words("个人信息", (), ("营销",))),
        ('个人信息 -"直接营销" -短信', Words("个人信息", (), ("直接营销", "短信"))),
        ("个人信息 －营销", Words("个人信息", (), ("营销",))),
        ("-Cookie", Words("", (), ("cookie",))),
        ('"Cookie" -"GIF 文件"', Words('"Cookie"', ("cookie",), ("gif 文件",))),
        ("", Words("", (), ())),
    ],
)
def test_what_was_typed_is_taken_apart(typed: str, words: Words) -> None:
    assert read_words(typed) == words


@pytest.mark.parametrize("typed", ["5-10", "e-mail", "A-GPS模块", "产品-服务", "- 营销", "-", "--", '"', '""', "2026-11-22"])
def test_a_hyphen_inside_words_or_alone_excludes_nothing(typed: str) -> None:
    assert read_words(typed).excluded in ((), ("-",)) and read_words(typed).phrases == ()
    if any(c.isalnum() for c in typed):
        assert read_words(typed).meant == typed


def test_words_find_what_holds_them_and_what_means_the_same(assistant: Assistant) -> None:
    finding = search(assistant, "注销")
    assert finding.hits[0].clause == "五、4" and "注销" in finding.hits[0].evidence.words
    assert any(finding.literal) and not all(finding.literal)


def test_literal_flags_say_which_hits_hold_every_word(assistant: Assistant) -> None:
    for typed, words in (("注销", ["注销"]), ('"个人信息" 营销', ["个人信息", "营销"]), ("Beacon cookie", ["beacon", "cookie"])):
        finding = search(assistant, typed)
        assert len(finding.literal) == len(finding.hits)
        for hit, literal in zip(finding.hits, finding.literal, strict=True):
            assert literal == all(word in words_of(hit) for word in words), (typed, hit.clause)


@pytest.mark.parametrize("typed", ["个人信息", "信息", "您的", "即分期超G会员", "第三方", "位置", "cookie", "SDK", "SHA256"])
def test_everything_that_holds_the_words_is_found_however_much_it_is(assistant: Assistant, typed: str) -> None:
    finding = search(assistant, typed)
    assert holding(assistant, typed) <= named(finding.hits)
    assert len(named(finding.hits)) == sum(1 + len(hit.also) for hit in finding.hits), "nothing is found twice"


def test_more_than_fifty_hits_are_all_there(assistant: Assistant) -> None:
    assert len(holding(assistant, "个人信息")) > 50 and len(search(assistant, "个人信息").hits) > 50


@pytest.mark.parametrize("typed", ["位置", "个人信息", "SDK", "12", "设备 权限"])
def test_every_hit_for_words_says_why_it_was_found(assistant: Assistant, typed: str) -> None:
    assert [hit.clause for hit in search(assistant, typed).hits if not (hit.evidence.signs or hit.evidence.exact)] == []


def test_a_phrase_stands_in_every_hit_letter_for_letter(assistant: Assistant) -> None:
    finding = search(assistant, '"个人信息"')
    assert all(finding.literal) and all("个人信息" in hit.text for hit in finding.hits)
    assert named(finding.hits) == holding(assistant, "个人信息", headings=False)
    assert numbers(search(assistant, "“信息个人”")) == []


def test_two_phrases_must_both_be_there(assistant: Assistant) -> None:
    both = search(assistant, '"个人信息" "第三方"')
    assert both.hits and all("个人信息" in hit.text and "第三方" in hit.text for hit in both.hits)


def test_a_phrase_is_found_in_whatever_case_and_script_it_is_typed(assistant: Assistant) -> None:
    assert set(numbers(search(assistant, '"COOKIE"'))) == set(numbers(search(assistant, '"cookie"'))) != set()
    assert (
        set(numbers(search(assistant, '"用戶畫像"')))
        == set(numbers(search(assistant, '"用户画像"')))
        == {"一(二)5", "三(一)3 第6段"}
    )


def test_what_is_excluded_stands_in_no_hit(assistant: Assistant) -> None:
    with_it, without = search(assistant, '"个人信息"'), search(assistant, '"个人信息" -营销')
    assert any("营销" in hit.text for hit in with_it.hits) and not any("营销" in hit.text for hit in without.hits)
    assert named(without.hits) == named(with_it.hits) - {c.clause for c in assistant.index.clauses if "营销" in c.text}


def test_an_excluded_phrase_and_an_excluded_word_count_both(assistant: Assistant) -> None:
    finding = search(assistant, '注销 -"个人信息" -账户')
    assert finding.hits and not any("个人信息" in hit.text or "账户" in hit.text for hit in finding.hits)


def test_excluding_is_asking_for_the_rest_in_the_order_of_the_text(assistant: Assistant) -> None:
    assert numbers(search(assistant, "-营销")) == [c.clause for c in assistant.index.clauses if "营销" not in c.text]


@pytest.mark.parametrize("typed", ["五、4", "五4", "第五条第4款", "5.4", "５．４", "五、4。", " 五、4 ", "第5条第四款"])
def test_a_clause_number_gives_that_clause_and_no_other(assistant: Assistant, typed: str) -> None:
    finding = search(assistant, typed)
    assert numbers(finding) == ["五、4"] and finding.hits[0].evidence.exact and finding.confidence == 1


def test_the_number_of_a_chapter_gives_all_that_stands_under_it(assistant: Assistant) -> None:
    assert numbers(search(assistant, "第八条")) == ["八、1", "八、2"]


@pytest.mark.parametrize("typed", ["九、1", "第九条", "9.9", "五、40", "第五条第4000款", "一(九)"])
def test_a_number_that_is_not_there_is_said_to_be_missing(assistant: Assistant, typed: str) -> None:
    with pytest.raises(ClauseNotFound, match=r"没有编号为「.+」的条款"):
        search(assistant, typed)


def test_a_number_outside_the_filter_is_not_said_to_be_missing_from_the_policy(assistant: Assistant) -> None:
    try:
        assert numbers(search(assistant, "五、4", chapter=chapter(assistant, "一、"))) == []
    except ClauseNotFound as error:
        assert "没有编号为" not in str(error), "五、4 is there, only not in this chapter"


@pytest.mark.parametrize("typed", ["30", "2024", "100", "12"])
def test_a_bare_number_may_be_a_word(assistant: Assistant, typed: str) -> None:
    assert holding(assistant, typed) <= named(search(assistant, typed).hits)


@pytest.mark.parametrize("start", ["引言", "五、", "(一)我们如何收集", "4、提供客户服务", "八、"])
def test_a_chapter_is_all_that_stands_under_its_heading(assistant: Assistant, start: str) -> None:
    finding = search(assistant, "", chapter=chapter(assistant, start))
    title = next(heading.title for heading in assistant.policies[0].headings if heading.title.startswith(start))
    under = [c.clause for c in assistant.index.clauses if title in c.path]
    assert under and numbers(finding) == under


def test_words_are_searched_for_in_the_chapter_only(assistant: Assistant) -> None:
    five, one = (search(assistant, "注销", chapter=chapter(assistant, start)) for start in ("五、", "一、"))
    assert five.hits[0].clause == "五、4" and all(hit.path[0].startswith("五、") for hit in five.hits)
    assert one.hits and all(hit.path[0].startswith("一、") for hit in one.hits)


def test_an_unknown_chapter_has_no_clauses(assistant: Assistant) -> None:
    assert numbers(search(assistant, "注销", chapter="nowhere")) == numbers(search(assistant, "", chapter="nowhere")) == []


def test_chapters_lie_inside_each_other_and_cover_the_text(assistant: Assistant) -> None:
    policy = assistant.policies[0]
    outer = [extent(policy, heading.anchor) for heading in policy.headings if heading.depth == 0]
    assert all(one.stop == other.start for one, other in pairwise(outer))
    assert outer[-1].stop == len(policy.source.text)
    inner = [extent(policy, heading.anchor) for heading in policy.headings if heading.depth]
    assert all(sum(part.start in whole and part.stop - 1 in whole for whole in outer) == 1 for part in inner)


@pytest.mark.parametrize("kind", ["clause", "table_row", "preamble"])
def test_a_kind_alone_lists_all_of_it_by_place(assistant: Assistant, kind: Kind) -> None:
    assert numbers(search(assistant, "", kind=kind)) == [c.clause for c in assistant.index.clauses if c.kind == kind]


def test_words_are_searched_for_in_one_kind_only(assistant: Assistant) -> None:
    rows = search(assistant, "位置", kind="table_row")
    assert rows.hits and {hit.kind for hit in rows.hits} == {"table_row"}
    assert {c.clause for c in assistant.index.clauses if c.kind == "table_row" and "位置" in words_of(c)} <= named(rows.hits)


def test_filters_and_words_are_combined(assistant: Assistant) -> None:
    finding = search(assistant, '"设备" -存储', kind="table_row", chapter=chapter(assistant, "(一)我们如何收集"))
    assert finding.hits
    assert all(h.kind == "table_row" and "设备" in h.text and "存储" not in h.text for h in finding.hits)


def test_by_relevance_the_best_comes_first_and_by_place_the_earliest(assistant: Assistant) -> None:
    best, placed = search(assistant, "位置"), search(assistant, "位置", by_place=True)
    scores = [hit.score for hit in best.hits if hit.evidence.signs]
    assert scores == sorted(scores, reverse=True)
    places = [hit.place for hit in placed.hits]
    assert places == sorted(places) and set(numbers(best)) == set(numbers(placed)) and numbers(best) != numbers(placed)


def test_flags_follow_their_hits_into_the_other_order(assistant: Assistant) -> None:
    best, placed = search(assistant, "位置"), search(assistant, "位置", by_place=True)
    flags = dict(zip(numbers(best), best.literal, strict=True))
    assert dict(zip(numbers(placed), placed.literal, strict=True)) == flags


@pytest.mark.parametrize("typed", ["", "   ", "\x00\u200b"])
def test_asking_for_nothing_without_a_filter_is_refused(assistant: Assistant, typed: str) -> None:
    with pytest.raises(QuestionError, match="空的"):
        search(assistant, typed)


def test_asking_for_too_much_is_refused(assistant: Assistant) -> None:
    with pytest.raises(QuestionError, match="太长"):
        search(assistant, "注" * 3000)
    with pytest.raises(QuestionError, match="没有名为"):
        search(assistant, "注销", policy="nowhere")


@pytest.mark.parametrize("typed", ["的", '"', '""', "-", "!!!", "😀😀", "\u202e", "''' -", '-"', "(((", "[a-z]+", "\\", "%_"])
def test_what_cannot_be_searched_for_finds_nothing_or_refuses_and_never_fails(assistant: Assistant, typed: str) -> None:
    try:
        finding = search(assistant, typed)
    except QuestionError:
        return
    assert len(finding.hits) == len(finding.literal)


def test_a_finding_says_how_sure_it_is_and_from_where_on_it_counts(assistant: Assistant) -> None:
    covered, not_covered = search(assistant, "怎么注销账户"), search(assistant, "年化利率是多少")
    assert covered.threshold == not_covered.threshold == assistant.calibration.threshold
    assert not_covered.confidence < covered.threshold <= covered.confidence
    assert covered.took_ms > 0


def test_several_policies_are_searched_together_or_one_at_a_time(settings: Settings) -> None:
    both = Assistant.build(ROOT / "tests" / "data", settings)
    ids = [policy.source.policy for policy in both.policies]
    assert len(ids) == 2
    for policy in ids:
        assert {hit.policy for hit in search(both, "第三方 公园", policy=policy).hits} == {policy}
    placed = search(both, "", kind="clause", by_place=True).hits
    assert [hit.policy for hit in placed] == sorted((hit.policy for hit in placed), key=ids.index) and {
        h.policy for h in placed
    } == set(ids)


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ASSISTANT_INDEX": str(settings.index), "ASSISTANT_CACHE": str(settings.cache), "COLUMNS": "200"}
    command = [sys.executable, "-m", "assistant", "search", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False, cwd=ROOT)


def test_the_command_line_takes_phrases_and_exclusions(assistant: Assistant, settings: Settings) -> None:
    expected = numbers(search(assistant, '"个人信息" -营销'))
    rows = json.loads(run(settings, '"个人信息" -营销', "--json").stdout)
    assert [row["clause"] for row in rows] == expected and not any("营销" in row["text"] for row in rows)
    shown = run(settings, '"个人信息" -营销')
    assert shown.returncode == 0 and shown.stdout.startswith(f"{len(expected)} 条")


def test_the_command_line_says_in_one_line_what_is_wrong(assistant: Assistant, settings: Settings) -> None:
    for typed, message in (("九、1", "没有编号为「九、1」的条款"), ("", "问题是空的")):
        done = run(settings, typed)
        assert done.returncode == 1 and done.stdout == "" and done.stderr.startswith("错误: ") and message in done.stderr
        assert done.stderr.count("\n") == 1
