"""Rows of answers as HTML: a line each, unfolded into cards side by side with what differs from the approved answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from assistant.evidence.answers import differences
from assistant.evidence.answers.order import AnswerPage
from assistant.evidence.answers.rows import AnswerRow, AnswerTable, GivenAnswer
from assistant.record.opinions.marks import REFERENCE, RIGHT, WRONG
from assistant.record.types import Message

_SAID = {RIGHT: "right", WRONG: "wrong"}


def listing(table: AnswerTable, page: AnswerPage, opened: Collection[str] = ()) -> str:
    """`opened`: the rows that are unfolded, as `name` writes them."""
    if not page.rows:
        return '<div class="quiet">No row is like that.</div>'
    return f'<div class="rows">{"".join(_row(table, row, name(row) in opened) for row in page.rows)}</div>'


def name(row: AnswerRow) -> str:
    """A row's number as it is written: held-out conversation, and the turn in it."""
    return f"{row.item}.{row.turn}"


def _row(table: AnswerTable, row: AnswerRow, opened: bool) -> str:
    shown = [row.answers[one] for one in (table.candidate, table.rival) if one in row.answers]
    others = [one for who, one in row.answers.items() if who not in (table.candidate, table.rival)]
    cards = "".join(_card(row, one, who) for one, who in zip(shown, ("judged", "best untrained"), strict=False))
    more = f'<div class="cards">{"".join(_card(row, one, "") for one in others)}</div>' if others else ""
    count = f"{len(others)} other variant{'s' if len(others) > 1 else ''}"
    rest = f'<details class="others"><summary>{count}</summary>{more}</details>' if others else ""
    return (
        f'<details class="row" data-row="{name(row)}"{"" if row.read else " data-unread=1"}{" open" if opened else ""}>'
        f"<summary>{_summary(row, shown)}</summary>{before(row.before)}"
        f"{_whole(row)}"
        f'<div class="cards">{cards}{_approved(row)}</div>{rest}</details>'
    )


def _summary(row: AnswerRow, shown: list[GivenAnswer]) -> str:
    scores = " · ".join(f"{escape(one.variant)} <b>{_number(one.score)}</b>" for one in shown)
    said = [f"✓ {_SAID[one.mark]}: {escape(one.variant)}" for one in row.answers.values() if one.mark in _SAID]
    said += ["✗ approved answer"] if row.reference else []
    state = "; ".join(said) or ("read" if row.read else "not read yet")
    return (
        f'<span class="question">{escape(_short(row.asked))}</span><span class="figures">{scores} <i>{state}</i></span>'
    )


def _whole(row: AnswerRow) -> str:
    """The question where the line above it is shortened."""
    return f'<div class="asked">{escape(row.asked)}</div>' if _short(row.asked) != row.asked.strip() else ""


def before(messages: Sequence[Message]) -> str:
    """What was said before a question, folded; nothing where it was the first."""
    if not messages:
        return ""
    lines = "".join(f"<p><b>{escape(str(m['role']))}:</b> {escape(str(m['content']))}</p>" for m in messages)
    return f'<details class="before"><summary>What was said before</summary>{lines}</details>'


def _card(row: AnswerRow, one: GivenAnswer, who: str) -> str:
    role = f" <small>{who}</small>" if who else ""
    flags = "".join(f"<li>{escape(flag)}</li>" for flag in one.flags)
    return (
        f'<section class="answer"><h4>{escape(one.variant)}{role}</h4><div class="figures">{_figures(one)}</div>'
        f'<div class="text">{_text(one, row.approved)}</div>{f"<ul>{flags}</ul>" if flags else ""}'
        f'<div class="marks">{_button(row, one, RIGHT)}{_button(row, one, WRONG)}</div>{_offer(row, one)}</section>'
    )


def _approved(row: AnswerRow) -> str:
    pressed = bool(row.reference)
    return (
        f'<section class="answer approved"><h4>Approved answer</h4><div class="figures">by a person, held out</div>'
        f'<div class="text">{escape(row.approved)}</div>'
        f'<div class="marks">{_press(row, "", REFERENCE, "This approved answer is wrong", pressed)}</div></section>'
    )


def _text(one: GivenAnswer, approved: str) -> str:
    if one.error:
        return '<span class="quiet">No answer.</span>'
    pieces = differences.pieces(one.text, approved)
    return "".join(escape(p.text) if p.same else f'<span class="differs">{escape(p.text)}</span>' for p in pieces)


def _figures(one: GivenAnswer) -> str:
    kept = sum(one.form.values())
    parts = [f"score {_number(one.score)}"]
    parts += [f"facts {one.facts:.2f}"] if one.facts is not None else []
    parts += [f"form {kept} of {len(one.form)}"] if one.form else []
    return " · ".join(parts)


def _button(row: AnswerRow, one: GivenAnswer, mark: str) -> str:
    return _press(row, one.variant, mark, mark.capitalize(), one.mark == mark)


def _press(row: AnswerRow, variant: str, mark: str, said: str, pressed: bool) -> str:
    """A button that is pressed or not; pressed once more it takes the mark back."""
    act = "cleared" if pressed else mark
    return (
        f'<button type="button" id="mark-{name(row).replace(".", "-")}-{escape(variant)}-{mark}" data-act="{act}" '
        f'data-row="{name(row)}" data-variant="{escape(variant)}" aria-pressed="{str(pressed).lower()}">'
        f"{'✓ ' if pressed else ''}{said}</button>"
    )


def _offer(row: AnswerRow, one: GivenAnswer) -> str:
    """Of an answer that is right and not the approved one: to make it that."""
    if one.mark != RIGHT or one.text.strip() == row.approved.strip():
        return ""
    return (
        f'<div class="offer">{_press(row, one.variant, "approve", "Make it the approved answer", False)}'
        '<p class="quiet">The row stays held out; the next dataset tests with it. In a model\'s own words it favours '
        "that model.</p></div>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _short(text: str, most: int = 110) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"
