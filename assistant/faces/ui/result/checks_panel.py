"""The checks of the brief: what each asks, how many approved answers keep it, and taking one out or adding one."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant.evidence.checks import assertion, case_checks, measuring
from assistant.evidence.checks.compiled import Compiled
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET, Session
from assistant.guide import brief_checks
from assistant.workbench import Workbench


class ChecksPanel:
    """A part of the comparison."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.table = gr.HTML(elem_id="checks")
        with gr.Row(elem_classes="middle"):
            self.one = gr.Dropdown([], label="Check", scale=3, min_width=240, elem_id="check-id", filterable=False)
            self.remove = gr.Button("Take it out", size="sm", scale=0, min_width=110, elem_id="remove-check")
            self.restore = gr.Button(
                "As the brief says", size="sm", scale=0, min_width=130, visible=False, elem_id="restore-checks"
            )
            self.suggest = gr.Button(
                "Let the guide's model look", size="sm", scale=0, min_width=180, visible=False, elem_id="suggest-checks"
            )
        with gr.Row(elem_classes="middle"):
            self.kind = gr.Dropdown(
                list(assertion.TAKES), value="contains", label="An answer", min_width=160, elem_id="check-kind"
            )
            self.argument = gr.Textbox(
                label="What", info=_info("contains"), scale=3, lines=1, max_lines=6, elem_id="check-argument"
            )
            self.add = gr.Button("Add the check", size="sm", scale=0, min_width=120, elem_id="add-check")
        self.left = gr.HTML(elem_id="not-checked")

    def wire(self) -> None:
        session, case = self.session, self.session.case
        session.in_front("compare", self.show, [self.table, self.one, self.restore, self.suggest, self.left])
        self.kind.change(_asked, self.kind, self.argument, **QUIET)
        added = [case, self.kind, self.argument]
        session.after(self.add.click(told(self._add), added, self.argument, **QUIET))
        session.after(self.remove.click(told(self._remove), [case, self.one], None, **QUIET))
        session.after(self.restore.click(told(self._restore), case, None, **QUIET))
        session.after(self.suggest.click(told(self._suggest), case, None, **QUIET))

    def show(self, case: str) -> tuple[Any, ...]:
        store = self.bench.store
        found = case_checks.of_case(store, case)
        results = measuring.measure(found, case_checks.approved(store, case))
        choices = [(assertion.describe(check), check.id) for check in found.checks]
        return (
            table(results, found),
            gr.Dropdown(choices, value=choices[0][1] if choices else None),
            gr.Button(visible=case_checks.is_edited(store, case)),
            gr.Button(visible=bool(self.bench.settings.guide_model and found.not_checked)),
            left(found),
        )

    def _add(self, case: str, kind: str, argument: str) -> str:
        made = case_checks.add(self.bench.store, case, kind, argument or "")
        gr.Info(f"Added: {escape(assertion.describe(made))}.")
        return ""

    def _remove(self, case: str, id: str | None) -> None:
        if id:
            case_checks.remove(self.bench.store, case, id)

    def _restore(self, case: str) -> None:
        case_checks.restore(self.bench.store, case)
        gr.Info("The checks are those of the brief again.")

    def _suggest(self, case: str) -> None:
        new, _ = brief_checks.suggest(self.bench.store, self.bench.settings, case)
        said = "; ".join(escape(assertion.describe(check)) for check in new)
        gr.Info(f"Added: {said}." if new else "The model found nothing to add.")


def table(results: list[measuring.CheckResult], found: Compiled) -> str:
    """The checks as HTML: a row each, with the share of the approved answers that keep it; then what is wanted."""
    if not results and not found.doubtful:
        return '<div class="quiet">The brief names nothing that a rule can check for certain.</div>'
    rows = "".join(
        f"<tr><td>{escape(assertion.describe(one.check))}</td><td>{_source(one.check)}</td>"
        f'<td class="n">{_kept(one.kept, one.told)}</td></tr>'
        for one in results
    )
    rows += "".join(
        f"<tr><td><s>{escape(assertion.describe(one.check))}</s> not used: most approved answers fail it</td>"
        f'<td>{_source(one.check)}</td><td class="n">{_kept(one.kept, one.told)}</td></tr>'
        for one in found.doubtful
    )
    head = '<tr><th>An answer</th><th>from</th><th title="of the approved answers">kept</th></tr>'
    wanted = "".join(f"<li>{escape(one.text)}</li>" for one in found.thresholds)
    goals = f"<div>Needed for a switch:<ul>{wanted}</ul></div>" if wanted else ""
    note = '<div class="quiet">Kept: by how many of the approved answers.</div>'
    return f'<div class="wide"><table class="plain">{head}{rows}</table></div>{note}{goals}'


def left(found: Compiled) -> str:
    """What of the brief no check holds answers to, as HTML, with the reason."""
    if not found.not_checked:
        return ""
    lines = "".join(
        f"<li><b>{escape(one.field.replace('_', ' '))}</b>: {escape(one.text)} <i>{escape(one.reason)}</i></li>"
        for one in found.not_checked
    )
    return f'<details class="quiet"><summary>{len(found.not_checked)} not checked</summary><ul>{lines}</ul></details>'


def _source(check: assertion.BriefCheck) -> str:
    """The field it comes from; hovering over it shows the words there."""
    return f'<span title="{escape(check.source_text)}">{escape(check.field.replace("_", " ") or "yours")}</span>'


def _kept(kept: int, told_: int) -> str:
    return f"{kept} of {told_}" if told_ else "–"


def _info(kind: str) -> str:
    """What the argument of a kind is, in a few words."""
    takes = assertion.TAKES[kind]
    several = ' Several with " | " between them.' if kind in assertion.SEVERAL else ""
    return f"{takes[:1].upper()}{takes[1:]}.{several}" if takes else "Nothing to fill in."


def _asked(kind: str) -> gr.Textbox:
    return gr.Textbox(info=_info(kind), interactive=bool(assertion.TAKES[kind]))
