from __future__ import annotations

import pytest

from assistant.segment import fold, identifiers, ngrams, segment, words


@pytest.mark.parametrize("word", ["隐私政策", "第三方sdk", "生物识别", "注销账户", "个人信息"])
def test_domain_words_stay_whole(word: str) -> None:
    assert word in words(f"关于{word}的说明")


def test_search_mode_also_gives_the_parts() -> None:
    assert {"注销", "账户", "注销账户"} <= set(segment("注销账户"))


def test_width_and_case_are_folded_for_searching() -> None:
    assert fold("ＡＰＰ　Ｃｏｏｋｉｅ") == "app cookie"
    assert set(segment("ＡＰＰ的Ｃｏｏｋｉｅ")) == set(segment("app的cookie"))


def test_identifiers_give_their_parts() -> None:
    assert {"access-fine-location", "access", "fine", "location"} <= set(identifiers("ACCESS_FINE_LOCATION"))
    assert {"ns", "camera", "usage", "description"} <= set(identifiers("NSCameraUsageDescription"))


def test_bigrams_stop_at_other_characters() -> None:
    assert ngrams("注销,账户") == ["注", "销", "注销", "账", "户", "账户"]


@pytest.mark.parametrize("text", ["", "   ", "!?。…", "😀😀"])
def test_no_words_no_terms(text: str) -> None:
    assert segment(text) == []
