"""Answers and policies as HTML for the chat; every word of a policy or a question passes through html.escape."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from itertools import groupby

from assistant.clause import Answer, Clause, Contact, Heading, Hit, Policy, Source, Span
from assistant.render import CONTACTS, clause_html, is_verbatim, path_html, quotation, where

NEAREST = 3


def answer_html(answer: Answer, sources: Mapping[str, Source]) -> str:
    """Return one answer: the best citation open, the others folded; or that the policy does not cover it."""
    if not answer.citations:
        return _not_covered(answer, sources)
    first, *more = answer.citations
    if len(answer.parts) > 1:
        opened, more = "".join(_citation(hit, sources[hit.policy]) for hit in answer.citations), []
    else:
        opened = _citation(first, sources[first.policy])
    parts = ['<div class="answer">', _understood(answer), _parts(answer), opened]
    if more:
        inner = "".join(_citation(hit, sources[hit.policy]) for hit in more)
        parts.append(f"<details><summary>另有 {len(more)} 条相关条款</summary>{inner}</details>")
    parts.append(f'<p class="foot">把握 {answer.confidence:.0%} · {answer.took_ms:.0f} 毫秒</p></div>')
    return "".join(parts)


def _understood(answer: Answer) -> str:
    """Return how the question was read, if not as it was typed."""
    typed = "".join(answer.question.split())
    if "".join(answer.standalone.split()) == typed:
        return ""
    return f'<p class="understood">按「{html.escape(answer.standalone)}」查找</p>'


def _parts(answer: Answer) -> str:
    """Return the questions of a message that asks several, each with the clause that answers it or that none does."""
    if len(answer.parts) < 2:
        return ""
    items = (f"<li>{html.escape(part.question)} <b>{html.escape(part.clause or '政策未涉及')}</b></li>" for part in answer.parts)
    return f'<ol class="parts">{"".join(items)}</ol>'


def _citation(hit: Hit, source: Source) -> str:
    """Return one clause as a card: where it stands, its headings, its words, and what can be done with it."""
    verbatim = (
        '<span class="verbatim">逐字核对 ✓</span>' if is_verbatim(hit, source) else '<span class="mismatch">与原文不符</span>'
    )
    also = f'<p class="also">同样内容另见 {html.escape("、".join(hit.also))}</p>' if hit.also else ""
    quote = html.escape(quotation(hit, source), quote=True)
    return (
        f'<article class="citation"><h3>{html.escape(where(hit, source))}</h3>'
        f'<p class="path">{path_html(hit)}</p><blockquote>{clause_html(hit, source)}</blockquote>{also}'
        f'<p class="actions">{verbatim}<a class="locate" href="#{html.escape(hit.anchor)}">查看原文</a>'
        f'<button type="button" class="copy" data-quote="{quote}">复制引用</button></p></article>'
    )


def _not_covered(answer: Answer, sources: Mapping[str, Source]) -> str:
    """Return the refusal, the ways to reach the company, and the nearest clauses, named as what they are."""
    parts = [f'<div class="answer refusal">{_understood(answer)}<p class="verdict">{html.escape(answer.note)}</p>']
    if answer.contacts:
        parts.append(f'<p class="contacts">可以直接联系我们: {"、".join(_contact(c) for c in answer.contacts)}</p>')
    nearest = answer.hits[:NEAREST]
    if nearest:
        inner = "".join(_citation(hit, sources[hit.policy]) for hit in nearest)
        parts.append(f"<details><summary>可能相关的 {len(nearest)} 条 (不是答案)</summary>{inner}</details>")
    return "".join([*parts, "</div>"])


def _contact(contact: Contact) -> str:
    """Return one contact as a link, with the clause that states it."""
    scheme = "tel" if contact.kind == "phone" else "mailto"
    words = html.escape(contact.words)
    return f'{CONTACTS[contact.kind]} <a href="{scheme}:{words}">{words}</a> <small>({html.escape(contact.clause)})</small>'


def error_html(message: str) -> str:
    """Return a message about the question itself."""
    return f'<div class="answer refusal"><p class="verdict">{html.escape(message)}</p></div>'


def policy_html(policy: Policy) -> str:
    """Return the full text in reading order: headings, clauses with their anchors, tables drawn as tables."""
    source = policy.source
    items: list[tuple[int, Heading | Clause]] = [(h.span[0], h) for h in policy.headings]
    items += [(c.place[0], c) for c in policy.clauses]
    items.sort(key=lambda item: item[0])
    parts = []
    for table, group in groupby((item for _, item in items), key=_table_of):
        members = list(group)
        if table:
            parts.append(_table([m for m in members if isinstance(m, Clause)], source))
        else:
            parts += [_heading(m) if isinstance(m, Heading) else _paragraph(m, source) for m in members]
    return f'<div class="fulltext" tabindex="0" role="region" aria-label="政策全文">{"".join(parts)}</div>'


def title_html(source: Source) -> str:
    """Return the head of the full text."""
    dates = [f"版本 {html.escape(source.version)}"] + (
        [f"生效 {html.escape(source.effective_date)}"] if source.effective_date else []
    )
    return f"<h2>{html.escape(source.title)}</h2><p>{' · '.join(dates)}</p>"


def _table_of(item: Heading | Clause) -> str:
    """Return the name of the table that an item is a row of, or "" ."""
    return item.clause.rpartition(" ")[0] if isinstance(item, Clause) and item.kind == "table_row" else ""


def _heading(heading: Heading) -> str:
    """Return a heading at its depth; the page's own title is h2."""
    level = min(heading.depth + 3, 6)
    return f'<h{level} id="{heading.anchor}">{html.escape(heading.title)}</h{level}>'


def _paragraph(clause: Clause, source: Source) -> str:
    """Return a clause's own words, without the stem, which stands above it already."""
    own = [source.words(span) for span, role in zip(clause.spans, clause.roles, strict=True) if role == "body"]
    words = html.escape("".join(own)).replace("\n", "<br>")
    return f'<p class="clause" id="{clause.anchor}" title="{html.escape(clause.clause)}">{words}</p>'


def _table(rows: Sequence[Clause], source: Source) -> str:
    """Return rows as a table; an inherited cell is shown as what it repeats."""
    columns: dict[Span, None] = {}
    for row in rows:
        columns |= {span: None for span, role in zip(row.spans, row.roles, strict=True) if role == "column"}
    ordered = sorted(columns)
    head = "".join(f"<th>{html.escape(source.words(column))}</th>" for column in ordered)
    body = "".join(_row(row, ordered, source) for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(row: Clause, columns: Sequence[Span], source: Source) -> str:
    """Return one row, each cell under the column name that stands before it, cells without one at the end."""
    cells: dict[Span, str] = {}
    column: Span | None = None
    for span, role in zip(row.spans, row.roles, strict=True):
        if role == "column":
            column = span
        else:
            key, column = column or span, None
            cells[key] = f'<td class="{role}">{html.escape(source.words(span))}</td>'
    drawn = "".join(cells.pop(name, "<td></td>") for name in columns) + "".join(cells.values())
    return f'<tr id="{row.anchor}" title="{html.escape(row.clause)}">{drawn}</tr>'
