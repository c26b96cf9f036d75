from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import script
from assistant.lexicon import Lexicon, fuzzy, load_lexicon, sounds_of
from assistant.spelling import mend


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zen me xiao hu", "怎么销户"),
        ("zhuxiao zhanghao", "注销账号"),
        ("怎么chehui授quan", "怎么撤回授权"),
        ("kefu dianhua shi duoshao", "客服电话是多少"),
        ("APP闪退yinsi", "APP闪退隐私"),
        ("住销账户", "注销账户"),
        ("引私政策在哪", "隐私政策在哪"),
        ("丁位权限关了行不行", "定位权限关了行不行"),
        ("末成年人能用吗", "未成年人能用吗"),
        ("我的数剧有没有加蜜", "我的数据有没有加密"),
        ("為什麼要讀取通訊錄", "为什么要读取通讯录"),
        ("點解要我嘅身份證", "为什么要我的身份证"),
        ("讀取MAC位址", "读取MAC地址"),
        ("怎么delete我的手机号", "怎么删除我的手机号"),
        ("cookei怎么关", "cookie怎么关"),
        ("这个skd是谁家的", "这个sdk是谁家的"),
    ],
)
def test_slips_are_mended(lexicon: Lexicon, typed: str, meant: str) -> None:
    assert mend(typed, lexicon) == meant


@pytest.mark.parametrize(
    "question",
    [
        "怎么注销账户",
        "号不要了能删干净不",
        "你们凭啥要我定位",
        "是用什么加密的",
        "第十三条",
        "五、4 注销",
        "READ_EXTERNAL_STORAGE 用途",
        "“用户画像” 关闭",
        "WPS的SDK是哪家",
        "face++拿什么权限",
        "com.alipay.sdk",
        "",
        "😀?!",
        "<script>alert(1)</script>",
    ],
)
def test_what_has_no_slip_stays(lexicon: Lexicon, question: str) -> None:
    assert mend(question, lexicon) == question


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60))
def test_any_text_survives(question: str) -> None:
    shared = _SHARED[0]
    once = mend(question, shared)
    assert isinstance(once, str)
    if question.isascii() and not any(c.isalpha() for c in question):
        assert once == question


_SHARED = [load_lexicon()]


def test_a_policy_teaches_its_own_words() -> None:
    lexicon = load_lexicon()
    assert mend("奇妙贷会员", lexicon) == "奇妙贷会员"
    lexicon.learn(["橙星贷", "chengxingpay"])
    assert mend("成星贷怎么还", lexicon) == "橙星贷怎么还"
    assert mend("chengxingpya怎么还", lexicon) == "chengxingpay怎么还"


def test_sounds() -> None:
    assert [fuzzy(s) for s in ("sheng", "zhang", "nan", "ang", "n")] == ["sen", "zan", "lan", "an", "n"]
    assert sounds_of("a重新b") == ["", "chong", "xin", ""]


def test_the_longest_question_is_mended_in_time(lexicon: Lexicon) -> None:
    question = ("我要住销zhanghu为什麼bu行" * 100)[:2000]
    assert "注销" in mend(question, lexicon)


def test_scripts() -> None:
    assert script.characters("帳號註銷") == "帐号注销"
    assert script.mainland("個人資料") == "个人资料"
    assert script.mainland("已经是简体, 著名") == "已经是简体, 著名"
