from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from samples import DATA
from serving import Tags, served

from assistant import Assistant, Settings
from assistant.elsewhere import Elsewhere
from assistant.page import answer_html

LAW, CODE, TERMS = "个人信息保护法", "附则", "terms"
RULES = """# 松果支付规则

一、依据
1、依据**《中华人民共和国个人信息保护法》**第四条第二款,支付信息变更时再次告知。
2、支付用的软件工具包详见《松果支付SDK目录》;《松果商城会员规则》另行公布。
3、下列情形按《个保法》第三条办理:
a.自动拒绝付款的;
b.自动降低额度的。
二、工具包
名称|依据
---|---
收银台|《个人信息保护法》第五条
三、其他
1、本规则第一条所说的依据不含<b>《票据法》</b>第三条。
"""
POINTING = [  # words of a clause -> the words that lead elsewhere, and where
    (
        "依据《中华人民共和国个人信息保护法》第四条第二款处理",
        [("《中华人民共和国个人信息保护法》第四条第二款", LAW, "第四条 第2款")],
    ),
    ("依据《个人信息保护法》第４条之一的规定", [("《个人信息保护法》第４条之一", LAW, "第四条之一")]),
    ("《個人信息保護法》第五條", [("《個人信息保護法》第五條", LAW, "第五条")]),
    ("《个保法》第三条、第五条和第九十九条", [("《个保法》第三条", LAW, "第三条 第1款"), ("第五条", LAW, "第五条")]),
    ("**《个保法》**\n第二条", [("《个保法》**\n第二条", LAW, "第二条")]),
    ("遵守《个人信息保护法》等法律", [("《个人信息保护法》", LAW, "第一条")]),
    ("《民法典》第一千二百六十条", [("《民法典》第一千二百六十条", CODE, "第一千二百六十条")]),
    ("《民法典》合同编第四百六十四条", [("《民法典》合同编第四百六十四条", "合同编", "第四百六十四条")]),
    ("《公司法》（2018年修正）第二条", [("《公司法》（2018年修正）第二条", "公司法(2018)", "第二条")]),
    ("《公司法(2023)》第二条", [("《公司法(2023)》第二条", "公司法(2023)", "第二条")]),
    ("《云杉笔记用户协议》第3.2条", [("《云杉笔记用户协议》第3.2条", TERMS, "3.2")]),
    ("见《云杉笔记用户协议》1.1版,以最新的为准", [("《云杉笔记用户协议》", TERMS, "1.1")]),
    ("《云杉笔记隐私政策》二、4", [("《云杉笔记隐私政策》二、4", "privacy", "二、4")]),
    ("《个保法》《云杉笔记用户协议》", [("《个保法》", LAW, "第一条"), ("《云杉笔记用户协议》", TERMS, "1.1")]),
]
PLAIN = [
    "《票据法》第三条",
    "《个人信息保护法》第九十九条",
    "《个人信息保护法》第四条第九款",
    "《个人信息保护法实施条例》第二条",
    "《个人信息保护法》实施条例第二条",
    "《个人信息保护法》的司法解释第二条",
    "《关于个人信息保护法的说明》第二条",
    "《公司法》(2035年修正)第二条",
    "《公司法》第二条",
    "《民法典》",
    "《隐私政策》二、4",
    "《用户协议》第3.2条",
    "《privacy》二、4",
    "《云杉笔记隐私政策》",
    "个人信息保护法第二条",
    "《》第二条",
    "《《《个人信息保护法",
]


@pytest.fixture(scope="module")
def pointing(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    """An assistant over the documents of tests/data/several and two more, one of which names others."""
    folder = tmp_path_factory.mktemp("pointing")
    for file in (DATA / "several").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "rules.md").write_text(RULES, "utf-8")
    (folder / "sdk.md").write_text("# 松果支付SDK目录\n\n一、收银台\n1、收银台由松果自己开发。\n", "utf-8")
    return Assistant.build(folder, settings)


@pytest.fixture(scope="module")
def site(pointing: Assistant) -> TestClient:
    return served(pointing, None)


def led(assistant: Assistant, words: str, own: str = "privacy") -> list[tuple[str, str, str]]:
    """The words that lead elsewhere, the document and the number of the clause there, or of the first one below a heading."""
    found = []
    for pointer in Elsewhere(assistant.retrievers.locator).pointers(own, words, (0, len(words))):
        policy = next(policy for policy in assistant.policies if policy.source.policy == pointer.policy)
        line = next(i.line for i in (*policy.clauses, *policy.headings) if i.anchor == pointer.anchor)
        number = next(clause.clause for clause in policy.clauses if clause.line >= line)
        found.append((words[slice(*pointer.span)], pointer.policy, number))
    return found


@pytest.mark.parametrize(("words", "leads"), POINTING)
def test_a_title_and_its_number_lead_to_that_clause(pointing: Assistant, words: str, leads: list[tuple[str, str, str]]) -> None:
    assert led(pointing, words) == leads


@pytest.mark.parametrize("words", PLAIN)
def test_what_is_not_held_not_there_or_not_certain_leads_nowhere(pointing: Assistant, words: str) -> None:
    assert led(pointing, words) == []


def test_a_document_may_name_a_clause_of_its_own_but_does_not_lead_to_itself(pointing: Assistant) -> None:
    assert led(pointing, "本《云杉笔记隐私政策》是《云杉笔记隐私政策》二、4所说的政策") == [
        ("《云杉笔记隐私政策》二、4", "privacy", "二、4")
    ]
    assert led(pointing, "《云杉笔记隐私政策》", own="terms") == [("《云杉笔记隐私政策》", "privacy", "一、1")]


@pytest.mark.parametrize(
    ("titles", "leads"),
    [
        (["隐私政策"], ["隐私政策"]),
        (["隐私政策", "云杉隐私政策"], []),
        (["隐私政策(2020版)", "松果目录"], ["隐私政策(2020版)"]),
        (["个人信息保护法(草案)"], []),
    ],
)
def test_a_title_that_any_company_uses_counts_where_no_other_document_has_it(
    settings: Settings, tmp_path: Path, titles: list[str], leads: list[str]
) -> None:
    for n, title in enumerate([*titles, "松果服务合同"]):
        (tmp_path / f"{n}.md").write_text(f"# {title}\n\n一、总则\n1、内容{n}。\n二、其他\n1、没有{n}。\n", "utf-8")
    held = Assistant.build(tmp_path, settings)
    own = str(len(titles))
    by_id = {policy.source.policy: policy.source.title for policy in held.policies}
    assert by_id[own] == "松果服务合同"
    assert [by_id[policy] for _, policy, _ in led(held, "见《隐私政策》和《个人信息保护法》", own)] == leads


@given(st.text(alphabet="《》个人信息保护法第四条款之一二、(三)* \\\n的和09年版", max_size=80))
def test_whatever_the_words_what_leads_elsewhere_is_part_of_them_in_order(pointing: Assistant, words: str) -> None:
    text = f"《x》{words}"
    spans = [pointer.span for pointer in Elsewhere(pointing.retrievers.locator).pointers("privacy", text, (3, len(text)))]
    assert all(3 <= start < end <= len(text) for start, end in spans) and spans == sorted(spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def links(html: str) -> list[tuple[str, str]]:
    """The document and the address of every link that leads to another document."""
    found = [a for a in Tags(html).named("a") if "elsewhere" in (a.get("class") or "")]
    return [(a["data-policy"] or "", a["href"] or "") for a in found]


def test_the_full_text_links_to_other_documents_in_clauses_and_tables(site: TestClient) -> None:
    shown = site.get("/text", params={"policy": "rules"}).text
    assert [policy for policy, _ in links(shown)] == [LAW, "sdk", LAW, LAW]
    for needed in (
        "《中华人民共和国个人信息保护法》第四条第二款</a>",
        "《松果支付SDK目录》</a>",
        ">《个人信息保护法》第五条</a>",
    ):
        assert needed in shown, needed
    assert 'data-definition="《中华人民共和国个人信息保护法》第四条 第2款' in shown
    assert "《松果商城会员规则》另行公布" in shown and "&lt;b&gt;《票据法》&lt;/b&gt;第三条" in shown
    for _, address in links(shown):
        reply = site.get(f"/{address}")
        assert reply.status_code == 200 and 'data-wanted="rules"' not in reply.text


def test_cards_on_every_page_link_to_other_documents(site: TestClient, pointing: Assistant) -> None:
    sources = {policy.source.policy: policy.source for policy in pointing.policies}
    question = "支付信息变更时再次告知"
    pointers = Elsewhere(pointing.retrievers.locator).pointers
    for html in (
        site.get("/library", params={"q": question, "policy": "rules"}).text.partition('id="reading"')[0],
        site.get("/desk/hits", params={"q": question, "policy": "rules"}).text,
        answer_html(pointing.ask(question, policy="rules"), sources, pointers=pointers),
    ):
        assert LAW in {policy for policy, _ in links(html)}
        assert "《中华人民共和国个人信息保护法》第四条第二款</a>" in html
    assert not links(site.get("/export", params={"form": "print", "clause": "rules#c1-1"}).text), "paper has no links"


def test_a_stem_links_and_what_matches_inside_a_link_is_marked_as_a_whole(site: TestClient) -> None:
    html = site.get("/library", params={"q": "降低额度", "policy": "rules"}).text
    stem = html.partition('<p class="stem">')[2].partition("</p>")[0]
    assert links(stem) and "《个保法》第三条</a>办理" in stem
    html = site.get("/library", params={"q": '"个人信息保护法"', "policy": "rules"}).text
    assert '<mark class="word"><a class="reference elsewhere"' in html or '<mark><a class="reference elsewhere"' in html


def test_a_phrase_in_quotation_marks_names_no_document_and_finds_what_names_it(pointing: Assistant) -> None:
    assert {hit.policy for hit in pointing.search("个人信息保护法 支付")} == {LAW}
    assert {hit.policy for hit in pointing.search('"个人信息保护法"')} == {"rules"}
    assert {hit.policy for hit in pointing.search('"第四条第二款" 支付')} == {"rules"}
