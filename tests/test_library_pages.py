from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from samples import DATA
from serving import Tags, served, words_of

from assistant import Assistant, Settings
from assistant.library import MOST_SHOWN

TITLES = {"privacy": "云杉笔记隐私政策", "terms": "云杉笔记用户协议", "agreement": "松果商城用户协议"}


@pytest.fixture(scope="module")
def several(settings: Settings) -> Assistant:
    return Assistant.cached(DATA / "several", settings)


@pytest.fixture(scope="module")
def site(several: Assistant) -> TestClient:
    return served(several, None)


def got(site: TestClient, address: str = "", **parameters: object) -> str:
    reply = site.get(f"/library{address}", params=parameters or None)
    assert reply.status_code == 200
    return str(reply.text)


def hits(page: str) -> list[tuple[str, str]]:
    """The document and the heading of every hit."""
    found = re.findall(r'<li class="hit[^>]*data-policy="([^"]*)".*?<h2>.*?>(.*?)</a>', page, re.S)
    return [(unescape(policy), unescape(heading)) for policy, heading in found]


def shares(page: str) -> dict[str, int]:
    """How many hits the page says each document has."""
    rows = re.findall(r'<span lang="zh-CN">([^<]*)</span></a> <b>(\d+)</b>', page)
    return {unescape(title): int(count) for title, count in rows}


def opened(page: str) -> tuple[str, str]:
    """The document whose full text is shown, and its clause."""
    (text,) = [a for a in Tags(page).named("div") if a.get("id") == "text"]
    (reading,) = [a for a in Tags(page).named("aside") if a.get("id") == "reading"]
    return text["data-policy"] or "", reading["data-clause"] or ""


def checked(page: str) -> list[str]:
    return [box["value"] or "" for box in Tags(page).named("input") if box.get("name") == "policy" and "checked" in box]


def named(page: str, tag: str, name: str) -> list[dict[str, str | None]]:
    return [element for element in Tags(page).named(tag) if element.get("name") == name]


@pytest.mark.parametrize("chosen", [["terms"], ["privacy", "terms"], ["terms", "agreement", "privacy"], []])
def test_one_several_or_all_documents_are_searched(site: TestClient, several: Assistant, chosen: list[str]) -> None:
    page = got(site, q="账号 会员", policy=chosen)
    found = {policy for policy, _ in hits(page)}
    assert found and found <= set(chosen or several.index.ranges) and (len(chosen) < 2 or len(found) > 1)
    assert sorted(checked(page)) == sorted(chosen)
    assert all(heading.startswith(f"《{several.retrievers.locator.titles.sources[p].title}》") for p, heading in hits(page))


@pytest.mark.parametrize(
    ("chosen", "name"), [([], "全部 8 份政策"), (["privacy", "terms"], "2 份政策"), (["terms"], "云杉笔记用户协议")]
)
def test_the_page_names_what_is_searched(site: TestClient, chosen: list[str], name: str) -> None:
    page = got(site, q="会员", policy=chosen)
    assert f"<summary><span>正在查询</span> <b>{name}</b></summary>" in page
    assert f"<title>会员 · 条款库 · {name}</title>" in page


def test_hits_are_counted_by_document_and_each_count_leads_to_that_document(site: TestClient) -> None:
    page = got(site, q="账号 会员", policy=["privacy", "terms", "agreement"], order="place", embed="1")
    counted = {TITLES[p]: sum(policy == p for policy, _ in hits(page)) for p in TITLES}
    assert shares(page) == {title: count for title, count in counted.items() if count}
    assert list(shares(page).values()) == sorted(shares(page).values(), reverse=True)
    assert f"出自 {len(shares(page))} 份政策" in page and f"<b>{sum(counted.values())} 条</b>" in page
    for link in re.findall(r'<li><a href="([^"]+)" title="只查这一份">', page):
        narrowed = got(site, unescape(link).removeprefix("library"))
        assert len(checked(narrowed)) == 1 and not shares(narrowed)
        assert 'value="place" selected' in narrowed and "masthead" not in narrowed
    assert not shares(got(site, q="会员", policy="terms")) and "出自" not in got(site, q="会员", policy="terms")


def test_a_chapter_can_be_chosen_where_one_document_is_searched_and_a_kind_always(site: TestClient) -> None:
    for chosen in ([], ["privacy", "terms"]):
        page = got(site, policy=chosen)
        assert not named(page, "select", "chapter") and named(page, "select", "kind") and named(page, "select", "order")
    anchor = re.search(r'<option value="(h\w+)"', got(site, policy="privacy"))
    assert anchor
    assert {p for p, _ in hits(got(site, policy="privacy", chapter=anchor[1]))} == {"privacy"}
    ignored = got(site, q="会员", policy=["privacy", "terms"], chapter=anchor[1])
    assert hits(ignored) == hits(got(site, q="会员", policy=["privacy", "terms"]))
    listed = got(site, kind="clause", policy=["privacy", "terms"])
    assert [p for p, _ in hits(listed)] == ["privacy"] * 6 + ["terms"] * 4, "all of a kind, document by document"


def test_hits_of_several_documents_come_document_by_document_in_the_order_of_the_text(site: TestClient) -> None:
    policies = [policy for policy, _ in hits(got(site, q="账号 会员", order="place"))]
    assert len(set(policies)) > 1 and policies == sorted(policies, key=policies.index)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ({"policy": "privacy", "clause": "c2-4"}, ("privacy", "c2-4")),
        ({"policy": "privacy", "clause": "二、4"}, ("privacy", "c2-4")),
        ({"policy": ["terms", "privacy"], "clause": "二、4"}, ("privacy", "c2-4")),
        ({"policy": ["terms", "privacy"], "clause": "c2-4", "open": "privacy"}, ("privacy", "c2-4")),
        ({"policy": "terms", "clause": "c2-4", "open": "privacy"}, ("privacy", "c2-4")),
        ({"policy": ["agreement", "privacy"], "clause": "c1-2", "open": "privacy", "q": "账号"}, ("privacy", "c1-2")),
        ({"clause": "第一千二百六十条"}, ("附则", "第一千二百六十条")),
        ({"policy": "terms"}, ("terms", "")),
        ({"policy": ["privacy", "terms"], "open": "terms"}, ("terms", "")),
        ({"policy": ["terms", "privacy"], "q": "注销后七日内删除笔记"}, ("privacy", "")),
    ],
)
def test_the_address_tells_which_text_is_open_and_where(
    site: TestClient, several: Assistant, address: dict[str, object], place: tuple[str, str]
) -> None:
    policy, clause = opened(got(site, **address))
    numbers = {item.anchor: item.clause for item in several.index.clauses if item.policy == policy}
    assert (policy, clause) == place or (policy, numbers.get(clause)) == place


def test_the_hit_that_is_open_is_marked_and_not_its_namesake_in_another_document(site: TestClient) -> None:
    page = got(site, kind="clause", policy=["agreement", "privacy"], open="privacy", clause="c1-2")
    current = [a for a in Tags(page).named("li") if "current" in (a.get("class") or "")]
    assert [(a["data-policy"], a["data-anchor"]) for a in current] == [("privacy", "c1-2")]
    assert sum(a.get("data-anchor") == "c1-2" for a in Tags(page).named("li")) == 2


@pytest.mark.parametrize(
    "address",
    [
        {"policy": ["privacy", "nowhere"]},
        {"open": "nowhere"},
        {"policy": ["privacy", "terms"], "clause": "第九千条"},
        {"policy": ["privacy", "terms"], "clause": "c2-4", "open": "terms"},
    ],
)
def test_what_an_address_names_and_is_not_there_is_said(site: TestClient, address: dict[str, object]) -> None:
    reply = site.get("/library", params=address)
    assert reply.status_code == 404 and "没有" in reply.text


def test_a_number_in_several_of_the_documents_lists_them(site: TestClient) -> None:
    page = got(site, clause="一、2", policy=["privacy", "agreement"])
    assert {policy for policy, _ in hits(page)} == {"privacy", "agreement"}
    assert len(hits(got(site, clause="一、2", policy=["privacy"]))) == 0, "of one document it opens"


def test_no_more_cards_are_drawn_than_can_be_read_and_all_are_counted(settings: Settings, tmp_path) -> None:
    for name in ("甲", "乙"):
        lines = "".join(f"第{n}条 {name}园区在第{n}日开放。\n" for n in range(1, MOST_SHOWN))
        (tmp_path / f"{name}.txt").write_text(f"{name}园区管理规定\n{lines}", "utf-8")
    page = got(served(Assistant.build(tmp_path, settings), None), kind="clause")
    assert len(hits(page)) == MOST_SHOWN and sum(shares(page).values()) == 2 * (MOST_SHOWN - 1)
    assert f"共 {2 * (MOST_SHOWN - 1)} 条, 这里列出前 {MOST_SHOWN} 条。" in page


def test_the_forms_work_without_a_script(site: TestClient) -> None:
    page = got(site, q="账号 会员", policy=["privacy", "terms"])
    search, results = (next(f for f in Tags(page).named("form") if f.get("id") == name) for name in ("search", "results"))
    assert (search["method"], search["action"]) == ("get", "library") and (results["method"], results["action"]) == (
        "post",
        "export",
    )
    boxes = [box for box in Tags(page).named("input") if box.get("type") == "checkbox" and box.get("name") == "policy"]
    assert len(boxes) == 8
    picked = [box["value"] for box in Tags(page).named("input") if box.get("name") == "clause"]
    assert [str(value).partition("#")[0] for value in picked] == [policy for policy, _ in hits(page)]


# ---- exports ----


def exported(site: TestClient, form: str, by: str, clauses: list[str], q: str = "注销") -> Response:
    data = {"form": form, "q": q, "policy": ["privacy", "terms"], "clause": clauses}
    if by == "get":
        return site.get(f"/export?{urlencode(data, doseq=True)}")
    return site.post("/export", data=data)


@pytest.mark.parametrize("by", ["get", "post"])
@pytest.mark.parametrize("form", ["docx", "xlsx", "md", "print"])
def test_an_export_of_several_documents_names_each_with_version_and_hash_once(
    site: TestClient, several: Assistant, form: str, by: str
) -> None:
    anchors = {clause.clause: clause.anchor for clause in several.index.clauses if clause.policy == "terms"}
    reply = exported(site, form, by, ["privacy#c2-4", f"terms#{anchors['3.1']}", "privacy#c1-2"])
    words = words_of(reply, form)
    sources = {policy.source.policy: policy.source for policy in several.policies}
    for needed in (
        "注销后七日内删除笔记",
        "冒用他人身份",
        "开通会员时收集支付信息",
        "《云杉笔记隐私政策》",
        "《云杉笔记用户协议》",
    ):
        assert needed in words or (form == "xlsx" and needed.strip("《》") in words), needed
    for name in ("privacy", "terms"):
        source = sources[name]
        times = words.count(source.sha256)
        assert times == (1 + {"privacy": 2, "terms": 1}[name] if form == "xlsx" else 1), "in a workbook a row names it as well"
        origin = words[: words.index(source.sha256)].rpartition(source.title)[2] if form != "xlsx" else words
        assert source.version in origin and source.filename in origin
    assert sources["agreement"].sha256 not in words and re.search(r"20\d\d-\d\d-\d\d", words)
    assert words.index("注销后七日内") < words.index("冒用他人身份") < words.index("开通会员时收集"), "in the order of the page"


def test_clauses_of_other_documents_are_exported_by_their_address_and_what_is_missing_is_said(site: TestClient) -> None:
    assert "提交订单即为要约" in words_of(exported(site, "md", "post", ["agreement#c2-1"]), "md")
    for lost in (["nowhere#c1-1"], ["privacy#c9-9"], ["#"], []):
        reply = exported(site, "md", "post", lost)
        assert reply.status_code == 404 and "没有" in reply.text and "content-disposition" not in reply.headers


def test_many_documents_are_printed_under_a_short_heading(site: TestClient, several: Assistant) -> None:
    first = [f"{policy.source.policy}#{policy.clauses[0].anchor}" for policy in several.policies]
    page = site.post("/export", data={"form": "print", "clause": first}).text
    heading = re.search("<h1>(.*?)</h1>", page)
    assert heading and heading[1].endswith("等 8 份政策") and page.count("SHA-256") == 8
    english = site.post("/export?lang=en", data={"form": "print", "clause": first}).text
    assert "and others, 8 policies</h1>" in english


def test_in_english_the_library_of_several_documents_says_so(site: TestClient) -> None:
    page = got(site, q="账号 会员", policy=["privacy", "terms"], lang="en")
    for words in ("2 policies", "In 2 policies", "Search only this one", "lang=en", 'action="export?lang=en"'):
        assert words in page, words
