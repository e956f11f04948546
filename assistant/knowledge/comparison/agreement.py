"""Whether two answers to one question say the same in substance, whatever their words."""

from __future__ import annotations

from assistant.knowledge.comparison.canonical import canonical
from assistant.knowledge.search.words import content, length, numbers, words

_SHARED = 0.5  # share of the shorter answer's words, without those that say nothing, that the other must hold
_LABEL = 3  # words up to which an answer is a label or a name: one that differs is another
_NO = frozenset(  # in one answer and not in the other, they say the opposite
    "no not none never nothing cannot cant dont doesnt didnt isnt arent wont wouldnt shouldnt couldnt without "
    "不 不是 不能 不会 不會 没 没有 沒有 无 ない ません nicht kein keine nein non pas jamais sans ні нет не".split()
)


def agree(one: str, other: str) -> bool:
    """Whether one answer may stand for the other: no number or code that conflicts, the same sense."""
    if canonical(one) == canonical(other):
        return True
    stated, also = numbers(one), numbers(other)
    if not (stated <= also or also <= stated) or bool(_NO & set(words(one))) != bool(_NO & set(words(other))):
        return False
    if max(length(one), length(other)) <= _LABEL:
        return False
    mine, theirs = set(content(one)), set(content(other))
    return bool(mine and theirs) and len(mine & theirs) >= _SHARED * min(len(mine), len(theirs))
