"""What people do with a question bank: look at it, add, reject, confirm after a change, and check that it still leads right.

Each action returns the lines to print and whether all is well. The index follows at the next start, because a changed bank
makes it stale.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from assistant.assistant import Assistant
from assistant.bank import BankQuestion, bank_files, hash_of, read_bank, tie, write_bank
from assistant.clause import Clause, Policy
from assistant.errors import ClauseNotFound, CorpusError, QuestionError

Report = tuple[list[str], bool]
WITHIN = 3  # a question of the bank has to lead to its clause within so many hits


class Editor:
    """One policy, its bank, and the file that the bank lies in."""

    def __init__(self, assistant: Assistant, policy: Policy, file: Path, bank: list[BankQuestion]) -> None:
        self.assistant, self.policy, self.file, self.bank = assistant, policy, file, bank
        self.clauses = {clause.clause: clause for clause in policy.clauses}

    @classmethod
    def open(cls, assistant: Assistant, policy: str | None) -> Editor:
        """Find the bank of a policy, or of the only one; a policy without a bank gets an empty one beside it.

        :raises QuestionError: if it is not said which of several policies is meant, or there is no such policy
        """
        policies = [p for p in assistant.policies if policy in (None, p.source.policy)]
        if len(policies) != 1:
            known = "、".join(p.source.policy for p in assistant.policies)
            raise QuestionError(f"请用 --policy 指明是哪一份政策的题库。可选: {known}。")
        found = policies[0]
        for file in bank_files(assistant.settings.banks):
            bank = read_bank(file)
            if tie(bank, found.clauses):
                return cls(assistant, found, file, bank)
        folder = assistant.settings.banks[0]
        return cls(assistant, found, folder / f"{found.source.policy}.questions.jsonl", [])

    def listed(self, number: str | None) -> Report:
        """Return the questions of one clause, or how many each clause has."""
        if number:
            clause = self._clause(number)
            return [f"{clause.clause}  {k.question}" for k in self.bank if k.clause == clause.clause] or ["还没有问题。"], True
        counts = Counter(k.clause for k in self.bank)
        lines = [f"{counts[number]:4}  {number}" for number in self.clauses]
        return [f"{self.file}: {len(self.bank)} 题", *lines, f"{counts[None]:4}  (政策未涉及)"], True

    def added(self, question: str, number: str | None) -> Report:
        """Add a question, after the others of its clause."""
        question = " ".join(question.split())
        if not question:
            raise QuestionError("请给出要添加的问题, 例如: assistant questions add 怎么销户 --clause 五、4。")
        if any(k.question == question for k in self.bank):
            raise QuestionError(f"题库里已有「{question}」。要改它对应的条款, 请先 reject 再 add。")
        clause = self._clause(number) if number else None
        known = BankQuestion(question, clause.clause if clause else None, hash_of(clause) if clause else "")
        after = [n for n, k in enumerate(self.bank) if k.clause == known.clause]
        self.bank.insert(after[-1] + 1 if after else len(self.bank), known)
        write_bank(self.file, self.bank)
        return [f"已添加: {question} → {known.clause or '政策未涉及'}。下次启动时自动更新索引。"], True

    def rejected(self, question: str) -> Report:
        """Take a question out."""
        left = [k for k in self.bank if k.question != question]
        if len(left) == len(self.bank):
            raise QuestionError(f"题库里没有「{question}」。用 assistant questions list 条款编号 查看原句。")
        write_bank(self.file, left)
        return [f"已删除: {question}。下次启动时自动更新索引。"], True

    def kept(self, number: str) -> Report:
        """Confirm the questions of a clause whose words have changed."""
        clause = self._clause(number)
        renewed = [replace(k, words=hash_of(clause)) if k.clause == clause.clause else k for k in self.bank]
        changed = sum(new != old for new, old in zip(renewed, self.bank, strict=True))
        write_bank(self.file, renewed)
        return [f"{clause.clause}: 已确认 {changed} 题。"], True

    def checked(self) -> Report:
        """Ask every question of the bank and report those that no longer fit or no longer lead to their clause."""
        ties = tie(self.bank, self.policy.clauses)
        if ties is None:
            raise CorpusError(f"{self.file} 里还没有对应这份政策条款的问题。用 assistant questions add 添加。")
        lines = [f"条款已变更 {k.clause}: {k.question}" for k in ties.changed]
        lines += [f"条款不存在 {k.clause}: {k.question}" for k in ties.lost]
        bare = [clause.clause for clause in self.policy.clauses if clause.clause not in {k.clause for k in self.bank}]
        lines += [f"没有问题的条款: {number}" for number in bare]
        astray = [(q, position) for q, position in ties.held if position >= 0 and not self._leads(q, position)]
        lines += [f"没有找到 {self.policy.clauses[position].clause}: {question}" for question, position in astray]
        answering = sum(position >= 0 for _, position in ties.held)
        lines.append(
            f"{len(self.bank)} 题, 其中 {answering} 题有条款回答; {answering - len(astray)} 题在前 {WITHIN} 条内找到它的条款"
        )
        return lines, not (ties.changed or ties.lost)

    def _leads(self, question: str, position: int) -> bool:
        """Whether a question finds its clause, or one that says the same."""
        hits = self.assistant.ask(question, policy=self.policy.source.policy).hits[:WITHIN]
        number = self.policy.clauses[position].clause
        return any(number in (hit.clause, *hit.also) for hit in hits)

    def _clause(self, number: str) -> Clause:
        """Return the one clause with a number."""
        positions = self.assistant.show(number, self.policy.source.policy)[0][1]
        if len(positions) != 1:
            raise ClauseNotFound(
                f"「{number}」不止一条, 请写到具体的条款: {'、'.join(self.policy.clauses[p].clause for p in positions[:5])}。"
            )
        return self.policy.clauses[positions[0]]
