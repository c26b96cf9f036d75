"""Stage 1, question + history -> Query: the words that are meant, what they lean on, and the questions among them.

No language model: slips are mended by sound and shape (spelling), several questions are told apart (parts), and a follow-up
is read together with the question it leans on (follow_up). What is understood is shown, so that it can be corrected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.follow_up import joined, leans, turns_of
from assistant.lexicon import Lexicon
from assistant.parts import parts_of
from assistant.spelling import mend

View = tuple[str, float]
CONTEXT, FAINT_CONTEXT, SAID, WHOLE = 0.5, 0.2, 0.3, 0.5
LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class Query:
    """A question as understood.

    :param standalone: the whole of it in plain words, with the question it leans on
    :param views: texts to search with and their weights; what they find is added up
    :param parts: the questions in it, if there are several, each with its own views
    :param listed: whether the parts are only things that one question asks about, so that the whole is judged, not they
    """

    standalone: str
    views: tuple[View, ...]
    parts: tuple[Query, ...] = ()
    listed: bool = False


def understand(question: str, history: Sequence[Mapping[str, Any]], lexicon: Lexicon) -> Query:
    """Return a cleaned question as understood after the turns before it."""
    words = mend(question, lexicon)
    turns = turns_of(history)
    subject = mend(turns.question, lexicon) if turns.question else ""
    leaning = bool(subject) and leans(words)
    standalone = joined(subject, words) if leaning else words
    context: list[View] = []
    if leaning:
        context = [(standalone, CONTEXT), *([(turns.answer[:LONGEST_SAID], SAID)] if turns.answer else [])]
    elif subject:  # a new subject is searched for itself; the old one only breaks ties
        context = [(joined(subject, words), FAINT_CONTEXT)]
    found = parts_of(words)
    if len(found.questions) == 1:
        core = found.questions[0]
        views = [(core, 1.0), *([(words, WHOLE)] if core != words else []), *context]
        return Query(standalone, tuple(views))
    parts = tuple(Query(part, ((part, 1.0), (words, WHOLE), *context)) for part in found.questions)
    return Query(standalone, ((words, 1.0), *context), parts, found.listed)
