from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from urllib.parse import unquote, urlencode

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from samples import CORPUS, DATA
from serving import Tags, served, words_of

from assistant import Assistant, Settings
from assistant.records import REASONS, Records

OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "docx": f"{OFFICE}.wordprocessingml.document",
    "xlsx": f"{OFFICE}.spreadsheetml.sheet",
    "md": "text/markdown; charset=utf-8",
}
PAGES = [
    "desk",
    "desk?q=注销",
    "library",
    "library?q=注销",
    "library?clause=c5-4",
    "desk/hits?q=注销",
    "text",
    "export?clause=c5-4&form=print",
    "documents",
    "documents?report=jifenqi",
]
LOST = ["library", "desk", "", "text", "export"]
ASKED = {  # what the pages read from their address
    "": ["policy", "clause"],
    "desk": ["q", "policy", "clause", "lang"],
    "desk/hits": ["q", "policy", "lang"],
    "text": ["policy", "lang"],
    "library": ["q", "policy", "clause", "chapter", "kind", "order", "lang", "embed"],
    "export": ["q", "policy", "clause", "form", "lang"],
    "documents": ["report", "lang"],
    "documents/progress": ["lang"],
}
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</textarea></title><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}${7*7}",
    "\u202e倒过来\u202c\u200f注销",
    "注销\x00\x08\x1b",
    "' OR 1=1 --",
    "../../../etc/passwd",
    "注" * 5000,
    "x" * 5000,
    "\ud800注销\udfff",
    "%00%ff%fe",
    "-\"'“",
    "(" * 300 + "[" * 300,
    "\r\nSet-Cookie: a=b",
    "c5-4#c5-4?&=",
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    opened = Records(tmp_path_factory.mktemp("routes") / "records.sqlite3")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def site(assistant: Assistant, records: Records) -> TestClient:
    return served(assistant, records)


def exported(site: TestClient, turns: object, form: str = "md") -> Response:
    return site.post("/export", data={"turns": turns if isinstance(turns, str) else json.dumps(turns), "form": form})


def is_harmless(reply: Response) -> bool:
    """Whether no element and no handler of the input came to life, and nothing of the program shows."""
    tags = Tags(reply.text)
    own = all((attributes.get("src") or "").startswith("web/") for attributes in tags.named("script"))
    handlers = [name for _, attributes in tags.found for name in attributes if name.startswith("on")]
    shown = re.search(r"Traceback|File \"|\.py\b|site-packages", reply.text)
    return own and not handlers and not tags.named("svg") and not tags.named("img") and not shown


@pytest.mark.parametrize("path", ["", *PAGES])
def test_every_page_answers(site: TestClient, path: str) -> None:
    reply = site.get(f"/{path}")
    assert reply.status_code == 200 and reply.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", [*PAGES, "library?clause=nowhere", "?policy=nowhere", "export?form=md&clause=c5-4"])
def test_pages_allow_only_what_this_server_sends(site: TestClient, path: str) -> None:
    headers = site.get(f"/{path}").headers
    assert "default-src 'self'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_script_style_or_handler_of_their_own(site: TestClient, path: str) -> None:
    reply = site.get(f"/{path}")
    assert is_harmless(reply) and not Tags(reply.text).named("style")
    assert not any("style" in attributes for _, attributes in Tags(reply.text).found)


@pytest.mark.parametrize("path", LOST)
@pytest.mark.parametrize("name", ["policy", "clause"])
def test_an_unknown_policy_or_clause_is_404_says_so_and_offers_search(site: TestClient, path: str, name: str) -> None:
    if (path, name) == ("text", "clause"):
        return  # a text is that of a whole policy
    reply = site.get(f"/{path}", params={name: "nowhere"})
    assert reply.status_code == 404 and "nowhere" in reply.text
    assert ("没有名为" if name == "policy" else "没有编号为") in reply.text
    assert {"action": "library", "role": "search", "method": "get"} in Tags(reply.text).named("form")


def test_a_clause_of_another_policy_is_not_found_in_this_one(site: TestClient) -> None:
    assert site.get("/library", params={"policy": "jifenqi", "clause": "c9-9"}).status_code == 404


@pytest.mark.parametrize("path", ["nowhere", "library/x", "desk/nowhere", "web/nowhere.js", "favicon.png"])
def test_an_unknown_address_is_404_with_a_page_that_offers_search(site: TestClient, path: str) -> None:
    reply = site.get(f"/{path}")
    assert reply.status_code == 404 and reply.headers["content-type"].startswith("text/html")
    assert "没有这个页面" in reply.text and 'action="library"' in reply.text


def test_the_files_of_the_server_stay_there(site: TestClient) -> None:
    for path in ("/web/../server.py", "/web/%2e%2e/%2e%2e/server.py", "/web/..%2f..%2fserver.py", "/web//etc/passwd"):
        reply = site.get(path)
        assert reply.status_code == 404 and "import" not in reply.text


def test_every_clause_and_every_heading_has_a_permalink(site: TestClient, assistant: Assistant) -> None:
    policy = assistant.policies[0]
    shown = Tags(site.get("/library").text)
    ids = [attributes["id"] for _, attributes in shown.found if "id" in attributes]
    anchors = [item.anchor for item in (*policy.clauses, *policy.headings)]
    assert set(anchors) <= set(ids) and len(ids) == len(set(ids)), "anchors are there, and each only once"
    for anchor in anchors:
        reply = site.get("/library", params={"policy": policy.source.policy, "clause": anchor})
        assert reply.status_code == 200 and f'data-clause="{anchor}"' in reply.text


def test_a_permalink_may_name_a_clause_by_its_number(site: TestClient) -> None:
    assert 'data-clause="c5-4"' in site.get("/library", params={"clause": "五、4"}).text


def test_the_text_of_a_policy_comes_alone(site: TestClient, assistant: Assistant) -> None:
    reply = site.get("/text", params={"policy": "jifenqi"})
    numbers = [attributes["data-number"] for _, attributes in Tags(reply.text).found if "data-number" in attributes]
    assert numbers == [clause.clause for clause in assistant.policies[0].clauses] and "<html" not in reply.text


@pytest.mark.parametrize("question", ["", "   ", "\x00", "注" * 3000])
def test_the_list_of_hits_says_what_is_wrong_with_a_question(site: TestClient, question: str) -> None:
    reply = site.get("/desk/hits", params={"q": question})
    assert reply.status_code == 400 and "<html" not in reply.text
    assert ("太长" if len(question) > 2000 else "空的") in reply.text


def test_the_list_of_hits_for_an_unknown_policy_says_so(site: TestClient) -> None:
    reply = site.get("/desk/hits", params={"q": "注销", "policy": "nowhere"})
    assert reply.status_code == 400 and "没有名为「nowhere」" in reply.text


def test_the_library_says_what_is_wrong_with_a_search_on_its_page(site: TestClient) -> None:
    for typed, message in (("九、1", "没有编号为「九、1」"), ("注" * 3000, "太长"), ('"没有这样的话"', "没有符合的条款")):
        reply = site.get("/library", params={"q": typed})
        assert reply.status_code == 200 and message in reply.text


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in ASKED.items() for name in names])
def test_hostile_addresses_are_answered_with_harmless_pages(site: TestClient, path: str, name: str) -> None:
    for words in HOSTILE:
        asked = {"q": "注销", name: words}
        reply = site.get(f"/{path}?" + urlencode(asked, encoding="utf-8", errors="surrogatepass"))
        assert reply.status_code in (200, 400, 404) and is_harmless(reply), (words[:40], reply.status_code)


@pytest.mark.parametrize("words", [w for w in HOSTILE if w.isprintable() and len(w) < 100])
def test_hostile_words_come_back_as_text(site: TestClient, words: str) -> None:
    reply = site.get("/library", params={"q": words})
    assert Tags(reply.text).named("input") and any(box.get("value") == words for box in Tags(reply.text).named("input"))
    assert escape(words) in site.get("/desk", params={"q": words}).text.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")


@pytest.mark.parametrize("form", TYPES)
def test_chosen_clauses_come_as_a_file_with_its_type_and_name(site: TestClient, form: str) -> None:
    reply = site.get("/export", params={"form": form, "clause": ["c5-4", "五、3 第1段"], "q": "注销"})
    assert reply.status_code == 200 and reply.headers["content-type"] == TYPES[form]
    kind, _, name = reply.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert kind == "attachment" and re.fullmatch(rf"即分期超G会员隐私政策-条款-\d{{8}}\.{form}", unquote(name))


@pytest.mark.parametrize("form", [*TYPES, "print"])
def test_a_file_says_where_every_word_comes_from(site: TestClient, assistant: Assistant, form: str) -> None:
    reply = site.get("/export", params={"form": form, "clause": ["c5-4", "c1-1-2-t1-9"], "q": "注销"})
    words, source = words_of(reply, form), assistant.policies[0].source
    for needed in (
        "五、4",
        "一(一)2 表1 序号9",
        "您可以在我们的产品与/或服务中直接申请注销账户",
        "ACCESS_FINE_LOCATION",
        source.title,
        source.version,
    ):
        assert needed in words, needed
    assert source.sha256 in words and re.search(r"20\d\d-\d\d-\d\d", words) and "注销" in words


def test_a_print_view_opens_the_print_dialog_and_ends_with_the_source(site: TestClient) -> None:
    reply = site.get("/export", params={"form": "print", "clause": "c5-4"})
    assert "content-disposition" not in reply.headers and "web/print.js" in reply.text and "SHA-256" in reply.text


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "没有"),
        ({"form": "print"}, "没有选中"),
        ({"form": "exe", "clause": "c5-4"}, "不能导出为「exe」"),
        ({"clause": "nowhere"}, "没有编号"),
    ],
)
def test_an_export_of_nothing_or_into_nothing_known_is_refused(
    site: TestClient, parameters: dict[str, str], message: str
) -> None:
    reply = site.get("/export", params=parameters)
    assert reply.status_code in (400, 404) and message in reply.text and "content-disposition" not in reply.headers


def test_a_conversation_is_exported_with_the_words_of_the_index_and_not_of_the_browser(site: TestClient) -> None:
    forged = {
        "question": "怎么注销",
        "note": "",
        "citations": "jifenqi#c5-4",
        "text": "您不能注销",
        "quote": "您不能注销",
        "spans": [[0, 9]],
    }
    for form in TYPES:
        words = words_of(exported(site, [forged], form), form)
        assert "怎么注销" in words and "直接申请注销账户" in words and "您不能注销" not in words


@pytest.mark.parametrize(
    "cited", ["nowhere#c5-4", "jifenqi#nowhere", "#c5-4", "jifenqi#", "jifenqi", "#", "a#b#c", "jifenqi#h1", "\x00#\x00"]
)
def test_citations_of_nothing_are_left_out_and_what_is_cited_beside_them_stays(site: TestClient, cited: str) -> None:
    reply = exported(site, [{"question": "怎么注销", "citations": f"{cited} jifenqi#c5-4"}])
    assert reply.status_code == 200 and reply.text.count("\n### ") == 1 and "直接申请注销账户" in reply.text.replace("\\", "")


def test_a_refusal_is_exported_with_its_question(site: TestClient) -> None:
    reply = exported(site, [{"question": "年化利率是多少", "note": "这份政策没有写到这个问题。", "citations": ""}])
    assert "年化利率是多少" in reply.text and "这份政策没有写到这个问题。" in reply.text


@pytest.mark.parametrize(
    "turns", ["", "{", "null", "5", '"a"', "{}", '["a"]', "[[]]", "[null]", "NaN", "[" * 100_000, "9" * 5000, "\x00"]
)
@pytest.mark.parametrize("form", ["md", "print"])
def test_a_broken_conversation_is_refused_in_words(site: TestClient, turns: str, form: str) -> None:
    reply = exported(site, turns, form)
    assert reply.status_code in (400, 404, 422) and is_harmless(reply)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("form", [*TYPES, "print"])
def test_hostile_words_in_a_conversation_are_exported_as_words(site: TestClient, words: str, form: str) -> None:
    turn = {"question": words, "note": words, "citations": f"jifenqi#c5-4 {words}"}
    reply = exported(site, [turn], form)
    assert reply.status_code == 200
    assert "直接申请注销账户" in words_of(reply, form)
    assert form != "print" or is_harmless(reply)


@pytest.mark.parametrize(
    "turn", [{"question": None}, {"note": None, "question": "x"}, {"question": 5}, {"question": ["x"]}, {"citations": {"a": 1}}]
)
def test_what_is_no_text_in_a_conversation_does_not_fail_and_is_not_shown(site: TestClient, turn: dict[str, object]) -> None:
    reply = exported(site, [{"citations": "jifenqi#c5-4"} | turn])
    assert reply.status_code in (200, 400, 404, 422) and "None" not in reply.text


def test_a_conversation_is_cut_where_it_gets_absurdly_long(site: TestClient) -> None:
    reply = exported(site, [{"question": f"问题{n}号"} for n in range(300)])
    assert reply.text.count("\n## ") == 200


def test_a_judgement_is_kept_for_a_question_that_was_asked(site: TestClient, assistant: Assistant, records: Records) -> None:
    key = records.asked(assistant.ask("怎么注销账户"), "chat")
    for useful, reason in ((True, ""), *((False, reason) for reason in REASONS)):
        reply = site.post("/feedback", json={"id": key, "useful": useful, "reason": reason})
        assert reply.status_code == 204 and reply.content == b""
        row = next(row for row in records.rows() if row.id == key)
        assert (row.useful, row.reason) == (useful, reason)


@pytest.mark.parametrize("id", ["nowhere", "", "' OR 1=1 --", "\x00", "x" * 5000])
def test_a_judgement_of_an_unknown_question_is_not_kept(site: TestClient, records: Records, id: str) -> None:
    before = records.rows()
    assert site.post("/feedback", json={"id": id, "useful": True}).status_code == 409
    assert records.rows() == before


def test_a_judgement_for_an_unknown_reason_is_not_kept(site: TestClient, assistant: Assistant, records: Records) -> None:
    key = records.asked(assistant.ask("怎么注销账户"), "chat")
    for reason in ("不好", "<script>", "x" * 5000):
        assert site.post("/feedback", json={"id": key, "useful": False, "reason": reason}).status_code == 409
    assert next(row for row in records.rows() if row.id == key).useful is None


@pytest.mark.parametrize("path", ["feedback", "desk/used"])
@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"id": 5, "q": 5}', '{"useful": true}', "\x00"])
def test_a_broken_judgement_is_refused(site: TestClient, records: Records, path: str, body: str) -> None:
    before = len(records.rows())
    reply = site.post(f"/{path}", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422 and is_harmless(reply) and len(records.rows()) == before


def test_a_judgement_must_be_posted_as_json(site: TestClient) -> None:
    """A form of another site can post text, but not JSON: nobody else's page can judge in a reader's name."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        reply = site.post("/feedback", content='{"id": "x", "useful": true}', headers={"Content-Type": kind})
        assert reply.status_code == 422


def test_a_question_of_the_desk_is_kept_when_it_was_used_and_not_while_it_is_typed(site: TestClient, records: Records) -> None:
    before = len(records.rows())
    for typed in ("征信", "征信谁", "征信谁来查"):
        site.get("/desk/hits", params={"q": typed})
        site.get("/desk", params={"q": typed})
    assert len(records.rows()) == before
    assert site.post("/desk/used", json={"q": "征信谁来查, 我的手机13812345678"}).status_code == 204
    row = records.rows()[0]
    assert len(records.rows()) == before + 1 and row.page == "desk" and "13812345678" not in row.question


@pytest.mark.parametrize("question", ["", "\x00", "注" * 3000])
def test_a_question_that_cannot_be_asked_is_not_kept(site: TestClient, records: Records, question: str) -> None:
    before = len(records.rows())
    assert site.post("/desk/used", json={"q": question}).status_code in (400, 404, 422)
    assert site.post("/desk/used", json={"q": "注销", "policy": "nowhere"}).status_code in (400, 404, 422)
    assert len(records.rows()) == before


def test_without_records_nothing_is_kept_and_the_pages_say_so(assistant: Assistant) -> None:
    site = served(assistant, None)
    assert site.post("/feedback", json={"id": "x", "useful": True}).status_code == 409
    assert site.post("/desk/used", json={"q": "注销"}).status_code == 204
    assert "提问和评价不会保存。" in site.get("/desk").text


def test_pages_go_on_when_the_records_are_lost(assistant: Assistant, tmp_path: Path) -> None:
    lost = Records(tmp_path / "records.sqlite3")
    lost.close()
    site = served(assistant, lost)
    assert site.post("/desk/used", json={"q": "注销"}).status_code == 204
    assert site.post("/feedback", json={"id": "x", "useful": True}).status_code == 409
    assert site.get("/desk/hits", params={"q": "注销"}).status_code == 200


@pytest.mark.parametrize("path", ["desk", "library", "library?clause=nowhere", "export?form=print&clause=c5-4"])
def test_pages_name_their_language(site: TestClient, path: str) -> None:
    mark = "&" if "?" in path else "?"
    assert '<html lang="zh-CN"' in site.get(f"/{path}").text
    assert '<html lang="en"' in site.get(f"/{path}{mark}lang=en").text


def test_a_page_to_be_embedded_has_no_masthead(site: TestClient) -> None:
    for path in ("desk", "library"):
        embedded = site.get(f"/{path}?embed=1").text
        assert '<html lang="zh-CN" class="embed"' in embedded and "masthead" not in embedded
        assert "masthead" in site.get(f"/{path}?embed=0").text
        assert "x-frame-options" not in site.get(f"/{path}?embed=1").headers


def test_nothing_but_what_is_offered_can_be_posted(site: TestClient) -> None:
    for path in ("desk", "library", "text", "desk/hits"):
        assert site.post(f"/{path}").status_code in (404, 405)


SECRET = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"data": [SECRET]}),
        json.dumps({"data": [[{"role": "user", "content": {"file": SECRET}}]], "fn_index": 0}),
        json.dumps({"data": [SECRET]}).replace("meta", r"m\u0065ta"),
        json.dumps({"data": [{"url": "http://127.0.0.1:1/", "meta": None}]}),
        "[" * 100_000,
        "no json",
    ],
    ids=["plain", "in a message", "escaped", "address", "deep", "no json"],
)
@pytest.mark.parametrize("path", ["queue/join", "call/ask", "run/ask", "api/ask"])
def test_a_payload_that_holds_a_file_is_refused(site: TestClient, path: str, body: str) -> None:
    reply = site.post(f"/gradio_api/{path}", content=body, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.text) == (400, "")


def test_a_payload_that_is_too_large_is_refused(site: TestClient) -> None:
    assert site.post("/gradio_api/call/ask", json={"data": ["问" * 500_000, "", []]}).status_code == 413


@pytest.mark.parametrize("path", ["upload", "file=/etc/passwd", "proxy=http://127.0.0.1:1/", "stream/x", "upload_progress"])
def test_the_doors_for_files_are_shut(site: TestClient, path: str) -> None:
    for reply in (site.get(f"/gradio_api/{path}"), site.post(f"/gradio_api/{path}", files={"files": b"x"})):
        assert (reply.status_code, reply.text) == (403, "")


# ---- documents ----

SERVICE, STATUTE = ((DATA / name).read_bytes() for name in ("service.md", "statute.txt"))


@pytest.fixture
def shelf(settings: Settings, tmp_path: Path) -> TestClient:
    """A web app of its own, whose documents can be changed."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "service.md").write_bytes(SERVICE)
    own = replace(settings, corpus=corpus, index=tmp_path / "index", uploads=True)
    return served(Assistant.build(corpus, own), None, uploads=True)


def sent(site: TestClient, *files: tuple[str, bytes], **more: object) -> Response:
    return site.post("/documents", files=[("files", file) for file in files], follow_redirects=False, **more)


def ended(site: TestClient) -> dict[str, object]:
    """How the change that is under way ended."""
    while (state := site.get("/documents/progress").json())["running"]:
        pass
    return state


def test_a_document_is_imported_and_every_page_knows_it(shelf: TestClient) -> None:
    assert "狗" not in shelf.get("/documents").text
    reply = sent(shelf, ("statute.txt", STATUTE))
    assert reply.status_code == 303 and reply.headers["location"] == "documents"
    assert ended(shelf) | {"done": 0, "total": 0} == {
        **{"running": False, "stage": "", "done": 0, "total": 0, "message": "已导入 1 份文档。", "error": ""}
    }
    shown = shelf.get("/documents").text
    assert "城市公园管理条例" in shown and "编号不连续: 5 之后是 106" in shown and "第 15 行" in shown
    link, *outline = [a["href"] for a in Tags(shown).named("a") if "clause=" in (a["href"] or "")]
    assert "第一百零六条" in shelf.get(f"/{link}").text and outline
    assert "导入报告" in shown and "不作条款的行" in shown
    assert "第四条(二)" in shelf.get("/desk/hits", params={"q": "能不能携带犬只入园"}).text
    assert shelf.get("/text", params={"policy": "statute"}).status_code == 200
    assert "城市公园管理条例" in shelf.get("/library").text


def test_a_document_is_removed_and_no_page_knows_it(shelf: TestClient) -> None:
    sent(shelf, ("statute.txt", STATUTE))
    ended(shelf)
    before = shelf.get("/text", params={"policy": "service"}).text
    assert shelf.post("/documents", data={"remove": "statute"}).status_code == 200
    assert ended(shelf)["message"] == "已移除《城市公园管理条例》。"
    assert shelf.get("/text", params={"policy": "statute"}).status_code == 404
    assert shelf.get("/text", params={"policy": "service"}).text == before
    assert "《城市公园管理条例》</a>" not in shelf.get("/documents").text


def test_a_new_version_is_what_all_pages_show_from_then_on(shelf: TestClient) -> None:
    assert "七天内" in shelf.get("/text").text
    sent(shelf, ("service.md", SERVICE.replace("七天内".encode(), "九天内".encode())))
    ended(shelf)
    for path in ("text", "library", "desk", "desk/hits?q=会员费能退吗", "library?q=退还"):
        shown = re.sub("<[^>]+>", "", shelf.get(f"/{path}").text)
        assert "九天内" in shown and "七天内" not in shown, path


REFUSED: dict[str, list[tuple[str, bytes]]] = {
    "不认识「a.exe」": [("a.exe", b"x")],
    "不能用": [(".txt", b"x")],
    "没有选中文件": [("", b"")],
    "空的: a.txt": [("a.txt", b"")],
    "标题或编号相同": [("a.md", SERVICE)],
    "最多导入 100 个文件": [(f"{n}.txt", b"x") for n in range(101)],
    "文件太多": [(f"{n}.txt", b"x") for n in range(150)],
}


def test_what_cannot_be_imported_is_said_and_nothing_has_changed(shelf: TestClient) -> None:
    before = shelf.get("/text").text
    for message, files in REFUSED.items():
        for headers in ({}, {"Accept": "application/json"}):
            reply = sent(shelf, *files, headers=headers)
            said = reply.text + str(ended(shelf)["error"]) + shelf.get("/documents").text
            assert message in said and shelf.get("/text").text == before
            assert is_harmless(shelf.get("/documents"))


def test_only_one_change_at_a_time_and_it_can_be_cancelled(shelf: TestClient) -> None:
    many = [
        (f"{n}.txt", f"第{n}号须知\n".encode() + "\n".join(f"第{i}条 园区{n}开放{i}。" for i in range(1, 400)).encode())
        for n in range(8)
    ]
    json_please = {"headers": {"Accept": "application/json"}}
    assert sent(shelf, *many, **json_please).status_code == 202
    second = sent(shelf, ("statute.txt", STATUTE), **json_please)
    assert second.status_code == 400 and "同时只能进行一个" in second.json()["error"]
    assert shelf.get("/desk/hits", params={"q": "会员费能退吗"}).status_code == 200, "what is there answers meanwhile"
    assert 'http-equiv="refresh"' in shelf.get("/documents").text
    assert shelf.post("/documents", data={"cancel": "1"}, **json_please).status_code == 202
    assert ended(shelf)["message"] == "已取消, 什么也没有改变。"
    assert Tags(shelf.get("/documents").text).named("tr")[1:] == [{"data-policy": "service"}]
    sent(shelf, ("statute.txt", STATUTE))
    assert ended(shelf)["message"] == "已导入 1 份文档。"


def test_an_app_that_stops_lets_go_of_an_import_and_clears_it_away(shelf: TestClient) -> None:
    corpus = shelf.app.state.change.pages.edition.assistant.settings.corpus
    large = "大政策\n" + "".join(f"第{i}条 园区第{i}区开放。\n" for i in range(1, 9000))
    sent(shelf, ("large.txt", large.encode()))
    while not list(corpus.glob(".import-*")):
        assert shelf.get("/documents/progress").json()["running"]
    shelf.app.state.change.stop()
    assert [file.name for file in corpus.iterdir()] == ["service.md"]
    assert ended(shelf)["message"] == "已取消, 什么也没有改变。"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://testserver.evil.example", "http://testserver:1"])
@pytest.mark.parametrize("data", [{"remove": "service"}, {"cancel": "1"}])
def test_another_site_changes_nothing(shelf: TestClient, origin: str, data: dict[str, str]) -> None:
    reply = shelf.post("/documents", data=data, headers={"Origin": origin})
    assert reply.status_code == 400 and "别的网站" in reply.text and not ended(shelf)["message"]
    assert sent(shelf, ("statute.txt", STATUTE), headers={"Origin": origin}).status_code == 400
    assert shelf.post("/documents", data={"cancel": "1"}, headers={"Origin": "http://testserver"}).status_code == 200


def test_a_name_that_points_here_is_another_site_unless_uploads_are_asked_for(settings: Settings) -> None:
    site = served(Assistant.load(settings), None, uploads=True)
    assert "别的网站" in site.post("/documents", data={"cancel": "1"}, headers={"Host": "evil.example"}).text
    for host in ("127.0.0.1:7860", "localhost:7860", "[::1]:7860"):
        assert site.post("/documents", data={"cancel": "1"}, headers={"Host": host}).status_code == 200


def test_where_uploads_are_off_the_page_lists_and_says_how(site: TestClient) -> None:
    shown = site.get("/documents").text
    assert "assistant import" in shown and not [i for i in Tags(shown).named("input") if i.get("type") == "file"]
    for data in ({"remove": "jifenqi"}, {"cancel": "1"}):
        assert "assistant import" in site.post("/documents", data=data).text
    assert site.get("/documents/progress").json()["running"] is False


def test_an_upload_without_a_length_or_of_too_much_is_refused(shelf: TestClient) -> None:
    for headers in ({"Content-Length": "600000000"}, {"Transfer-Encoding": "chunked"}):
        reply = shelf.post(
            "/documents", content=iter([b"x"]), headers={"Content-Type": "multipart/form-data; boundary=x", **headers}
        )
        assert reply.status_code == 400 and "太大" in reply.text
    broken = shelf.post("/documents", content=b"--y", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert broken.status_code in (303, 400) and is_harmless(broken)


def test_hostile_names_and_titles_of_files_are_words(shelf: TestClient) -> None:
    words = [words for words in HOSTILE if "\n" not in words and "\ud800" not in words]
    for n, name in enumerate(words):
        title = f"{name}须知{n}\n一、开放\n园区{name}每天八点开门。详见附件九。\n".encode()
        sent(shelf, (f"{n}{name[:60]}.txt".replace('"', "%22"), title))
        ended(shelf)
        assert is_harmless(shelf.get("/documents")), name
    for path in ("documents", "library", "desk?q=几点开门", "documents?report=0<script>alert(1)<-script>"):
        assert is_harmless(shelf.get(f"/{path}"))
    assert len(Tags(shelf.get("/documents").text).named("tr")) > 4, "most of these can be the name of a file"


# ---- several documents at once ----


@pytest.fixture(scope="module")
def three(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = tmp_path_factory.mktemp("three")
    for name, data in (("service.md", SERVICE), ("statute.txt", STATUTE), ("jifenqi.txt", CORPUS.read_bytes())):
        (folder / name).write_bytes(data)
    return served(Assistant.build(folder, settings), None)


def test_the_desk_asks_the_policies_that_its_address_names(three: TestClient) -> None:
    for names in (["service"], ["service", "statute"], ["statute", "jifenqi"], []):
        for path in ("desk/hits", "desk"):
            found = Tags(three.get(f"/{path}", params={"q": "怎么注销账户", "policy": names}).text).named("li")
            policies = {hit["data-policy"] for hit in found if "data-policy" in hit}
            assert policies and policies <= set(names or ["service", "statute", "jifenqi"])
        boxes = [
            box for box in Tags(three.get("/desk", params={"policy": names}).text).named("input") if box.get("name") == "policy"
        ]
        assert [box["value"] for box in boxes if "checked" in box] == [box["value"] for box in boxes if box["value"] in names]
    assert three.get("/desk", params={"policy": ["service", "nowhere"]}).status_code == 404
    assert three.get("/", params={"policy": ["service", "nowhere"]}).status_code == 404
    assert three.get("/", params={"policy": ["service", "statute"]}, follow_redirects=False).status_code == 200


def test_what_comes_from_several_policies_names_them(three: TestClient) -> None:
    shown = three.get("/desk/hits", params={"q": "怎么注销账户? 能不能携带犬只入园?"}).text
    (parts,) = re.findall(r'<ol class="parts">(.*?)</ol>', shown, re.S)
    assert "》五、4 注销" in parts and "《城市公园管理条例》第四条(二)" in parts
    refused = three.get("/desk/hits", params={"q": "明天上海会不会下雨", "policy": "service"}).text
    assert "(《云杉笔记服务协议》四" in refused
