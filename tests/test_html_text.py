from __future__ import annotations

import pytest
from invariants import check
from papers import clauses

from assistant import AssistantError
from assistant.corpus import read_bytes
from assistant.html_text import extract
from assistant.parse import parse

SENTENCE = "我们会在您使用服务的过程中收集必要的信息，用于身份核验与安全风控；您可以随时撤回同意。"


def lines(body: str, head: str = "") -> list[str]:
    page = f"<!doctype html><html><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    return [line for line in extract(page.encode(), "x.html").text.splitlines() if line]


def notes(body: str) -> str:
    return "\n".join(note.message for note in extract(f"<body>{body}</body>".encode(), "x.html").notes)


MENU = '<div class="top-menu"><a href="/">首页</a> <a href="/buy">产品</a> <a href="/help">帮助</a></div>'
FOOT = '<div class="site"><p>版权所有 示例公司</p></div>'


@pytest.mark.parametrize(
    "open_close",
    [("<main>", "</main>"), ("<article>", "</article>"), ("<div role=main>", "</div>"), ("<div class=a><div>", "</div></div>")],
)
def test_the_article_is_found_among_menus(open_close: tuple[str, str]) -> None:
    article = f"<h2>一、收集</h2><p>{SENTENCE}</p><p>{SENTENCE}</p>"
    body = f"<nav><a href=/>甲</a></nav>{MENU}<h1>示例政策</h1>{open_close[0]}{article}{open_close[1]}{FOOT}<footer>备案号</footer><script>x='<p>'</script>"
    assert lines(body) == ["# 示例政策", "## 一、收集", SENTENCE, SENTENCE]
    assert "正文以外" in notes(body)


def test_what_is_hidden_is_noted_and_not_read() -> None:
    body = "<p>明文。</p><p style='display: none'>甲</p><div hidden>乙</div><span aria-hidden=true>丙</span><template>丁</template><noscript>戊</noscript>"
    assert lines(body) == ["明文。"]
    assert "隐藏的部分 4 处" in notes(body)


def test_lists_are_numbered_as_a_browser_shows_them() -> None:
    body = (
        "<p>甲:</p><ol><li>一<li value=5>二<ol type=a start=3><li>内</ol><li><p>三</p><p>续</p></ol>"
        "<ol reversed type=I><li>x<li>y</ol><ul><li>点<br>换行</ul><ol><li>1、自带编号</ol>"
    )
    assert lines(body) == [
        "甲:", "1. 一", "5. 二", "c. 内", "6. 三", "续", "II. x", "I. y", "• 点", "换行", "1、自带编号",
    ]  # fmt: skip


def test_white_space_entities_and_inline_elements() -> None:
    body = "<p>我们 收集\n   您的<b>手机</b>号&nbsp;&lt;必填&gt; use our\n  app</p><pre>甲\n乙</pre>"
    assert lines(body) == ["我们 收集您的手机号\xa0<必填> use our app", "甲", "乙"]


def test_tables_with_spans() -> None:
    table = (
        "<table><caption>清单</caption><thead><tr><th>序号<th>信息<th>目的</thead>"
        "<tr><td>1<td>位置|轨迹<td rowspan=2>用于风控<tr><td>2<td>相机<br>照片<tr><td>3<td colspan=2>不收集</table>"
    )
    page = f"<h1>示例政策</h1><h2>一、收集</h2><p>{SENTENCE}</p>{table}<p>{SENTENCE}</p>"
    (source,) = read_bytes("x.html", page.encode())
    policy = parse(source)
    check(policy)
    rows = {c.clause: c for c in policy.clauses if c.kind == "table_row"}
    assert {number: row.text for number, row in rows.items()} == {
        "一 表1 序号1": "序号:1\n信息:位置|轨迹\n目的:用于风控",
        "一 表1 序号2": "序号:2\n信息:相机 照片\n目的:用于风控",
        "一 表1 序号3": "序号:3\n信息:不收集",
    }
    assert rows["一 表1 序号2"].roles[-1] == "inherited"


def test_rows_and_columns_at_once_and_two_tables_in_a_row() -> None:
    table = "<table><tr><th>甲<th>乙<th>丙<tr><td rowspan=2 colspan=2>大<td>1<tr><td>2<tr><td>x<td rowspan=9>y<td>z</table>"
    want = ["| 甲 | 乙 | 丙 |", "| --- | --- | --- |", "| 大 |  | 1 |", "| ^^ |  | 2 |", "| x | y | z |"]
    assert lines(table * 2) == want * 2
    found = clauses("x.html", (table * 2).encode())
    assert [c.text for c in found.values()] == ["甲:大\n丙:1", "甲:大\n丙:2", "甲:x\n乙:y\n丙:z"] * 2


def test_layout_tables_are_paragraphs_and_inner_tables_are_words() -> None:
    assert lines(f"<table role=presentation><tr><td>{SENTENCE}<td>乙<tr><td>丙<td>丁</table>") == [SENTENCE, "乙", "丙", "丁"]
    assert lines(f"<table><tr><td><p>{SENTENCE}</p><p>乙</p></table>") == [SENTENCE, "乙"]
    inner = "<table><tr><td>甲<td>乙<tr><td>丙丙丙丙丙丙丙丙丙丙<td>丁<table><tr><td>1<td>2<tr><td>3<td>4</table></table>"
    assert lines(inner)[-1] == "| 丙丙丙丙丙丙丙丙丙丙 | 丁 1 2 3 4 |" and "表格里的表格 1 个" in notes(inner)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("<meta charset='gb2312'>", "gbk"),
        ("<meta http-equiv=Content-Type content='text/html; charset=GBK'>", "gbk"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ("", "gb18030"),
        ("<meta charset=big5>", "big5"),
    ],
)
def test_declared_and_undeclared_encodings(head: str, encoding: str) -> None:
    words = "隱私政策說明" if encoding == "big5" else "隐私政策说明"
    page = f"<html><head>{head}</head><body><p>{words}</p></body></html>"
    assert extract(page.encode(encoding), "x.html").text == f"{words}\n"


def test_contents_of_links_are_left_out() -> None:
    contents = "".join(f"<li><a href='#s{i}'>{name}</a>" for i, name in enumerate(("一、收集", "二、共享", "三、保存")))
    body = f"<main><ul>{contents}</ul><h2>一、收集</h2><p>{SENTENCE}</p></main>"
    assert lines(body) == ["## 一、收集", SENTENCE] and "目录 1 处" in notes(body)


def test_a_large_page_and_a_deep_one() -> None:
    body = f"<div>{''.join(f'<h2>{i}、收集</h2><p>{SENTENCE * 20}</p><ul><li>甲<li>乙</ul>' for i in range(1, 1800))}</div>"
    assert len(body.encode()) > 4_500_000
    assert len(lines(body)) == 1799 * 4
    with pytest.raises(AssistantError, match="嵌套太深"):
        lines("<div>" * 100_000)
    assert lines("<div>" * 2000 + SENTENCE) == [SENTENCE]


def test_a_page_that_a_script_fills() -> None:
    with pytest.raises(AssistantError, match="没有正文"):
        lines("<div id=app></div><script>render()</script><noscript>请打开脚本</noscript>")
