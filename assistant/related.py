"""What to ask next: starter questions by topic, and the questions of the bank that lie beside an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assistant.clause import Answer

if TYPE_CHECKING:
    from assistant.assistant import Assistant

# questions in everyday words that most privacy policies and agreements answer; a policy shows those that it does answer
TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("收集", ("为什么要收集我的位置", "你们都收集我哪些信息", "不给身份证行不行")),
    ("权限", ("权限关了还能用吗", "为什么要读我的通讯录", "能不能不开相机")),
    ("共享", ("会把我的信息给别人吗", "合作方是谁", "会不会把信息报给征信")),
    ("保存", ("我的信息存在哪儿、存多久", "信息泄露了你们怎么办")),
    ("您的权利", ("怎么注销账户", "怎么改我的手机号", "怎么撤回同意", "怎么关掉推送短信")),
    ("联系", ("怎么联系客服", "投诉多久有回复")),
    ("未成年人", ("小孩能用吗",)),
)
A_TOPIC = 2
NEXT, A_CLAUSE, SAME, KIN = 3, 4, 0.93, 0.3


def starters(assistant: Assistant, policy: str | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (topic, questions) for the start of a conversation: only questions that this policy, or any, answers."""
    answered = (
        (topic, tuple(q for q in questions if assistant.ask(q, policy=policy).verdict == "answered")[:A_TOPIC])
        for topic, questions in TOPICS
    )
    return tuple((topic, questions) for topic, questions in answered if questions)


def related(assistant: Assistant, answer: Answer) -> tuple[str, ...]:
    """Return questions of the bank about the clauses that came close but are not shown, the nearest one for each clause."""
    index = assistant.index
    if not answer.citations or not len(index.asked):
        return ()
    shown = {(hit.policy, hit.anchor) for hit in answer.citations}
    near_by = (n for policy in {hit.policy for hit in answer.hits} for n in index.ranges[policy])
    numbers = {(index.clauses[n].policy, index.clauses[n].anchor): n for n in near_by}
    beside = [numbers[hit.policy, hit.anchor] for hit in answer.hits if (hit.policy, hit.anchor) not in shown]
    vector = assistant.encoder.encode([answer.standalone], query=True)[0]
    within = index.ranges[answer.citations[0].policy]
    ids, near = index.nearest_questions(vector, within)
    owners = index.asked[ids, 1]
    found: list[tuple[float, str]] = []
    for number in beside:
        own = np.flatnonzero((owners == number) & (near < SAME) & (near > KIN))
        if len(own):
            shortest = min(own[:A_CLAUSE], key=lambda n: len(index.questions[int(ids[n])]))
            found.append((float(near[own[0]]), index.questions[int(ids[shortest])]))
    return tuple(question for _, question in sorted(found, reverse=True)[:NEXT])
