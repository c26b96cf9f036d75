"""Stage 6, Query -> Judged: whether the policies cover a question, as a whole and part by part, and which clauses say so."""

from __future__ import annotations

from dataclasses import replace

from assistant.answer import NOT_COVERED, Judged, cite, judge_parts, merge, verdict_of
from assistant.calibration import Calibration, features_of
from assistant.locate import MORE, Located, missing
from assistant.retrieve import Found, Scope, narrowed, retrieve
from assistant.settings import Settings
from assistant.signals import Retrievers, Signals
from assistant.small_talk import SmallTalk
from assistant.understand import Query

MOST_PARTS = 4


class Judge:
    """Finds the clauses for a question and decides whether they answer it."""

    def __init__(self, retrievers: Retrievers, calibration: Calibration, small_talk: SmallTalk, settings: Settings) -> None:
        self.retrievers, self.calibration, self.small_talk, self.settings = retrievers, calibration, small_talk, settings

    def pointed(self, asked: str, query: Query, scope: Scope) -> Judged:
        """Judge a query among the documents that it names, and say what the documents and numbers in it lead to."""
        located = self.retrievers.locator.follow(asked, query.standalone, scope.policies)
        inner = narrowed(scope, located, self.retrievers.index)
        judged = self._judge(query, inner, located)
        if located.certain and not located.numbers:
            return Judged(judged.hits, 0.0, "not_covered", missing(located))
        notes = [judged.note, located.note]
        if located.only and len(located.numbers) > scope.limit:
            notes.append(MORE.format(len(located.numbers), len(judged.cited)))
        return replace(judged, note="\n".join(filter(None, notes)))

    def _judge(self, query: Query, scope: Scope, located: Located) -> Judged:
        """Find the clauses for a query and decide whether they cover it, part by part if it has parts."""
        gathered: dict[str, Signals] = {}
        found = retrieve(query, self.retrievers, self.settings, scope, gathered)
        words = query.views[0][0]
        if talk := self.small_talk.reply(words, gathered.get(words, found.signals)):
            return Judged(found.hits, 0.0, "not_covered", talk)
        confidence = self.confidence(query.standalone, found)
        if not query.parts:
            verdict = verdict_of(confidence, self.calibration.threshold)
            cited = cite(found.hits, scope.limit if located.whole else self.settings.cited)
            return Judged(found.hits, confidence, verdict, "" if verdict == "answered" else NOT_COVERED, cited)
        parts = query.parts[:MOST_PARTS]
        asked = [(part, self._part(part, scope, gathered)) for part in parts]
        if query.listed:
            hits = merge(found.hits, [found.hits for _, found in asked], scope.limit)
            verdict = verdict_of(confidence, self.calibration.threshold)
            return Judged(hits, confidence, verdict, "" if verdict == "answered" else NOT_COVERED, hits[: len(asked)])
        sure = [self.confidence(part.standalone, found) for part, found in asked]
        return judge_parts(found.hits, confidence, asked, sure, self.calibration.threshold, self.settings.cited)

    def _part(self, part: Query, scope: Scope, gathered: dict[str, Signals]) -> Found:
        """Return the clauses for one question of several, among the documents that it names itself."""
        located = self.retrievers.locator.locate(part.views[0][0], scope.policies)
        inner = narrowed(scope, located, self.retrievers.index)
        return retrieve(part, self.retrievers, self.settings, inner, gathered if inner == scope else {})

    def confidence(self, question: str, found: Found) -> float:
        """Return the probability that the policy covers a question; a clause asked for by its number is there."""
        if found.hits and found.hits[0].evidence.exact:
            return 1.0
        return self.calibration.confidence(features_of(question, found, self.retrievers))
