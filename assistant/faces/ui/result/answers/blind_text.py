"""Two answers without names, and what the votes add up to, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.evidence.answers import arena
from assistant.evidence.answers.arena import BlindPair, PairCount
from assistant.evidence.answers.rows import AnswerTable
from assistant.faces.ui.result.answers import answers_text
from assistant.record.opinions.votes import CHOICES

_SAID = dict(zip(CHOICES, ("A is better", "B is better", "Both alike", "Both bad"), strict=True))


def pair(table: AnswerTable, found: BlindPair) -> str:
    """The question, answers A and B, and a button for each choice. Nothing in it tells whose they are."""
    row = f"{found.key[0]}.{found.key[1]}"
    *before, last = table.asked[found.key].messages
    given = (("A", table.given[found.left, found.key]), ("B", table.given[found.right, found.key]))
    cards = "".join(
        f'<section class="answer"><h4>{letter}</h4><div class="text">{escape(one.answer)}</div></section>'
        for letter, one in given
    )
    buttons = "".join(
        f'<button type="button" id="vote-{choice[:4]}" data-act="{choice}" data-row="{row}">{said}</button>'
        for choice, said in _SAID.items()
    )
    return (
        f'<div class="blind">{answers_text.before(before)}'
        f'<div class="asked">{escape(str(last["content"]))}</div>'
        f'<div class="cards">{cards}</div>'
        f'<div class="marks">{buttons}</div></div>'
    )


def results(found: Sequence[PairCount]) -> str:
    """Win rates with their intervals, and the strengths where more than two variants were voted on."""
    if not found:
        return '<div class="quiet">No votes yet.</div>'
    told = escape(arena.sentence(found))
    strength = arena.strengths(found)
    order = ", ".join(f"{escape(name)} {value:.2f}" for name, value in strength.items())
    more = f'<div class="quiet">Strengths (Bradley-Terry, together 1): {order}.</div>' if len(strength) > 2 else ""
    return f'<div role="status">{told}</div>{more}'
