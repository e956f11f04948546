"""The brief as a form beside the guide: one field each, gaps marked, every version kept and any of them restorable."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET, Session
from assistant.record.briefs import differences
from assistant.record.types import BRIEF_QUESTIONS, LIST_FIELDS, Brief, BriefVersion
from assistant.stages import interview
from assistant.workbench import Workbench

ROWS = (
    ("goal", "users"),
    ("must_not",),
    ("language", "tone"),
    ("format", "must"),
    ("success", "alternatives"),
    ("costs", "benefits"),
    ("examples", "bad_example"),
)
Loaded = dict[str, str]  # what the fields showed when they were last filled, by field, and the case they belong to


class BriefForm:
    """Builds the form. Saving sends only what was edited, so an answer that the guide noted meanwhile stays."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.loaded = gr.State({})
        self.fields: list[gr.Textbox] = []
        with gr.Column(elem_id="brief"):
            self.note = gr.Markdown(elem_id="brief-note")
            for names in ROWS:
                with gr.Row():
                    self.fields += [_field(name) for name in names]
            self.save = gr.Button("Save the brief", variant="primary", elem_classes="go", elem_id="save-brief")
            with gr.Accordion("Versions", open=False, elem_id="brief-versions"):
                with gr.Row(elem_classes="middle"):
                    self.versions = gr.Dropdown(
                        [], label="Version", filterable=False, scale=3, min_width=240, elem_id="brief-version"
                    )
                    self.restore = gr.Button("Restore it", size="sm", scale=0, min_width=120, elem_id="restore-brief")
                self.changes = gr.HTML(elem_id="brief-changes")

    def wire(self) -> None:
        session, case = self.session, self.session.case
        outputs = [self.loaded, self.note, self.versions, self.restore, *self.fields]
        shown = [case, self.loaded, *self.fields]
        gr.on([case.change, session.changed.change], told(self.show), shown, outputs, **QUIET)
        session.after(self.save.click(told(self.save_brief), shown, None, **QUIET))
        session.after(self.restore.click(told(self.restore_version), [case, self.versions], None, **QUIET))
        self.versions.change(told(self.compare_version), [case, self.versions], self.changes, **QUIET)

    def show(self, case: str, loaded: Loaded, *texts: str) -> tuple[Any, ...]:
        """For [loaded, note, versions, restore, *fields]. What was edited and not saved stays as it is."""
        brief = self.bench.store.case(case).brief if case else Brief()
        versions = self.bench.store.brief_versions(case) if case else []
        now = as_texts(brief)
        fields = []
        for name, text in zip(BRIEF_QUESTIONS, texts, strict=True):
            edited = loaded.get("case") == case and text != loaded[name]
            label, mark = _label(name, brief), ["gap"] if name in brief.gaps else []
            fields.append(gr.Textbox(text if edited else now[name], label=label, elem_classes=mark))
        choices = [(_version_line(version, before), version.number) for before, version in _pairs(versions)][::-1]
        chosen = versions[-1].number if versions else None
        return (
            {"case": case, **now},
            _note(brief, versions),
            gr.Dropdown(choices, value=chosen),
            gr.Button(interactive=len(versions) > 1),
            *fields,
        )

    def save_brief(self, case: str, loaded: Loaded, *texts: str) -> None:
        edited = {
            name: text if text.strip() else None
            for name, text in zip(BRIEF_QUESTIONS, texts, strict=True)
            if text.strip() != loaded[name].strip()
        }
        if not edited:
            gr.Info("Nothing was edited: the brief is as it was.")
            return
        interview.run(self.bench.store, case, edited, source="form")
        gr.Info(f"Saved: {', '.join(_label(name).lower() for name in edited)}.")

    def restore_version(self, case: str, number: int | None) -> None:
        if number is not None:
            self.bench.store.restore_brief(case, number, "form")
            gr.Info(f"Version {number} is the brief again; the others are kept.")

    def compare_version(self, case: str, number: int | None) -> str:
        """What restoring a version would change, as HTML."""
        if not case or number is None:
            return ""
        version = self.bench.store.brief_version(case, number)
        found = differences(self.bench.store.case(case).brief, version.brief)
        if not found:
            return '<div class="quiet">This is the brief as it stands.</div>'
        rows = "".join(
            f"<tr><td>{_label(name)}</td><td>{_shown(now)}</td><td>{_shown(then)}</td></tr>"
            for name, (now, then) in found.items()
        )
        head = f"<tr><th></th><th>now</th><th>version {number}</th></tr>"
        return f'<div class="wide"><table class="plain">{head}{rows}</table></div>'


def _field(name: str) -> gr.Textbox:
    return gr.Textbox(
        label=_label(name),
        info=interview.QUESTIONS[name].text,
        lines=3 if name in LIST_FIELDS else 2,
        max_lines=14,
        min_width=260,
        elem_id=f"brief-{name.replace('_', '-')}",
    )


def as_texts(brief: Brief) -> Loaded:
    """The fields as the form shows them: rules a line each, examples with an empty line between them."""
    found = {}
    for name in BRIEF_QUESTIONS:
        value = getattr(brief, name)
        found[name] = value if isinstance(value, str) else ("\n\n" if name == "examples" else "\n").join(value)
    return found


def _pairs(versions: list[BriefVersion]) -> list[tuple[Brief, BriefVersion]]:
    """Every version with the brief before it."""
    return list(zip([Brief(), *(version.brief for version in versions)], versions, strict=False))


def _label(name: str, brief: Brief | None = None) -> str:
    label = name.replace("_", " ").capitalize()
    if brief is None or getattr(brief, name):
        return label
    return f"{label} (skipped)" if name in brief.skipped else f"{label} (still open)"


def _note(brief: Brief, versions: list[BriefVersion]) -> str:
    gaps = brief.gaps
    if gaps:
        lacks = f"**{len(gaps)} still open:** {', '.join(_label(name).lower() for name in gaps)}."
    else:
        lacks = "The brief has no gaps."
    if not versions:
        return lacks
    last = versions[-1]
    return f"{lacks} Version {last.number}, {_when(last)}, from the {last.source}."


def _version_line(version: BriefVersion, before: Brief) -> str:
    changed = ", ".join(_label(name).lower() for name in differences(before, version.brief))
    back = f"version {version.restored} again: " if version.restored else ""
    return f"{version.number}. {_when(version)}, {version.source}: {back}{changed}"


def _when(version: BriefVersion) -> str:
    return f"{version.created[:16].replace('T', ' ')} UTC"


def _shown(value: Any) -> str:
    text = "\n".join(value) if isinstance(value, list) else str(value)
    return escape(text).replace("\n", "<br>") or "–"
