"""What a browser prints as PDF is read like the page itself; it writes radicals for characters that share their glyph."""

from __future__ import annotations

from typing import Any

from papers import clauses

SENTENCE = (
    "我们会在用户使用服务的过程中收集手机号码和设备信息，用于身份核验与安全风控，页面会给出提示；用户长期不用时，我们会删除。"
)


def test_a_printed_page_has_the_clauses_of_the_page(chromium: Any) -> None:
    items = "".join(f"<p>{n}、{SENTENCE * 4}</p>" for n in range(1, 13))
    table = "<table border=1><tr><th>序号<th>信息<th>目的<tr><td>1<td>位置<td rowspan=2>用于风控<tr><td>2<td>相机</table>"
    style = "<style>p { text-align: justify; text-indent: 2em } table { border-collapse: collapse }</style>"
    html = f"<html><head>{style}</head><body><h1>示例隐私政策</h1><h2>一、收集</h2>{items}{table}<h2>二、共享</h2><p>{SENTENCE}</p></body></html>"
    page = chromium.new_page()
    page.set_content(html)
    printed = page.pdf(
        format="A4",
        display_header_footer=True,
        header_template="<div style='font-size: 8px'>示例公司</div>",
        footer_template="<div style='font-size: 8px'><span class=pageNumber></span> / <span class=totalPages></span></div>",
        margin={"top": "2cm", "bottom": "2cm", "left": "2cm", "right": "2cm"},
    )
    page.close()
    read = {number: clause.text for number, clause in clauses("t.pdf", printed).items()}
    assert read == {number: clause.text for number, clause in clauses("t.html", html.encode()).items()}
    assert len(read) == 15
