"""`attune answers`: the answers of the latest evaluation beside each other, and what a person thinks of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, say, show

if TYPE_CHECKING:
    from assistant.evidence.answers.order import AnswerPage
    from assistant.evidence.answers.rows import AnswerRow, AnswerTable, GivenAnswer
    from assistant.record.store import Store
    from assistant.record.types import Evaluation

Sort = Literal["worst", "best", "different", "random"]
Marking = Literal["right", "wrong", "reference", "cleared"]


def answers(
    case: CaseId = "",
    sort: Annotated[Sort, typer.Option(help="Which rows first.")] = "worst",
    variant: Annotated[str, typer.Option(help="Whose answers are sorted and marked.", show_default="the tuned")] = "",
    topic: Annotated[str, typer.Option(help="Only rows of this topic.")] = "",
    marked: Annotated[str, typer.Option(help="Only rows marked so: right, wrong, reference, unread.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many rows.")] = 5,
    start: Annotated[int, typer.Option(min=0, help="How many rows to pass over.")] = 0,
    row: Annotated[str, typer.Option(metavar="ROW", help="Only this row, as it is numbered: 12, or 12.1.")] = "",
    mark: Annotated[
        Marking | None, typer.Option(help="What you think of the answer of --row; reference: the approved is wrong.")
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Make the answer of --row its approved answer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read the answers of the latest evaluation beside each other, and mark them.

    What is printed for people counts as read; with --json it does not.
    """
    from assistant.evidence.answers.order import RowChoice
    from assistant.evidence.answers.rows import AnswerTable

    with open_bench() as bench:
        store, chosen = bench.store, pick(bench.store, case).id
        table = AnswerTable(store, _latest(store, chosen))
        wanted = RowChoice(sort, variant, topic, "", marked)
        if (mark or approve) and not row:
            raise AttuneError("It is not said which answer is meant.", "Name its row with --row.")
        if row:
            _one(table, row, wanted.variant or table.candidate, mark, approve)
        found = _page(table, wanted, row, start, limit)
        if not as_json:
            for one in found.rows:
                if not one.read:
                    store.add_mark(table.evaluation.id, one.item, one.turn, "read")
        show(_value(table, chosen, found), _text(table, found), as_json)


def _latest(store: Store, case: str) -> Evaluation:
    from assistant.stages import evaluate

    latest = evaluate.latest(store, case)
    if latest is None:
        raise AttuneError("Nothing has been measured yet.", "Run `attune evaluate`.")
    return latest


def _one(table: AnswerTable, row: str, name: str, mark: str | None, approve: bool) -> None:
    """Mark an answer, or approve it, which corrects the held-out row."""
    from assistant.conversations import references

    item, turn = key = _key(table, row)
    if name not in table.ids:
        raise AttuneError(f"'{name}' was not measured here.", f"Choose one of {', '.join(table.names)}.")
    store = table.store
    if mark:
        store.add_mark(table.evaluation.id, item, turn, mark, "" if mark == "reference" else table.ids[name])
        if mark == "cleared":
            store.add_mark(table.evaluation.id, item, turn, mark)
    if approve:
        held = next(one for one in store.items(table.evaluation.dataset, "test") if one.position == item)
        given = table.given.get((name, key))
        if given is None or given.error:
            raise AttuneError(f"'{name}' gave no answer there.", "Choose another row or variant.")
        references.correct(store, held, turn, given.answer)
        say("Approved: the next dataset tests with this answer. The row stays held out, and the verdict as it is.")


def _page(table: AnswerTable, wanted: Any, row: str, start: int, limit: int) -> AnswerPage:
    from assistant.evidence.answers import order

    said = table.store.marks(table.evaluation.id)
    if row:
        return order.AnswerPage([table.row(_key(table, row), said)], 0, 1)
    return order.page(table, said, wanted, start, limit)


def _key(table: AnswerTable, row: str) -> tuple[int, int]:
    item, _, turn = row.partition(".")
    found = next((key for key in table.keys if (str(key[0]), str(key[1])) == (item, turn or str(key[1]))), None)
    if found is None:
        raise AttuneError(f"There is no row {row}.", "Take the number that is shown with one.")
    return found


def _value(table: AnswerTable, case: str, found: AnswerPage) -> dict[str, Any]:
    from dataclasses import asdict

    from assistant.evidence.answers import opinions

    said = table.store.marks(table.evaluation.id)
    marked = opinions.agreement(table, said)
    rows = [
        asdict(row) | {"answers": {name: asdict(one) | {"flags": one.flags} for name, one in row.answers.items()}}
        for row in found.rows
    ]
    return {
        "case": case,
        "evaluation": table.evaluation.id,
        "candidate": table.candidate,
        "against": table.rival,
        "rows": rows,
        "total": found.total,
        "topics": sorted(set(table.topics.values()) - {""}),
        "read": table.store.rows_read(table.evaluation.id),
        "marks": {"right": len(marked.right), "wrong": len(marked.wrong), "references": marked.references},
        "marks_told": marked.sentence,
    }


def _text(table: AnswerTable, found: AnswerPage) -> str:
    from assistant.evidence.answers import opinions

    said = table.store.marks(table.evaluation.id)
    parts = [_row_text(row) for row in found.rows] or ["There is no such row."]
    last = f"Rows {found.start + 1} to {found.start + len(found.rows)} of {found.total}." if found.rows else ""
    parts.append(" ".join(filter(None, (last, opinions.agreement(table, said).sentence))))
    return "\n\n".join(parts)


def _row_text(row: AnswerRow) -> str:
    wrong = "the approved answer is wrong, you say" if row.reference else ""
    head = " · ".join(filter(None, (f"Row {row.item}.{row.turn}", row.topic, wrong)))
    lines = [head, _indented(row.asked), "  approved", _indented(row.approved, 4)]
    for one in row.answers.values():
        lines += [f"  {one.variant} · {_figures(one)}", _indented(one.text or "-", 4)]
        lines += [f"    ! {flag}" for flag in one.flags]
    return "\n".join(lines)


def _figures(one: GivenAnswer) -> str:
    score = "not scored" if one.score is None else f"score {one.score:.3f}"
    facts = "" if one.facts is None else f", facts {one.facts:.2f}"
    return f"{score}{facts}{f' · you: {one.mark}' if one.mark else ''}"


def _indented(text: str, by: int = 2) -> str:
    return textwrap.indent(text.strip(), " " * by)
