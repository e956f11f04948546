"""The two lines that are always in sight: where the case stands, and what answers now."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.record.types import Variant
from assistant.settings import STARTER
from assistant.stages import Progress

SMALL = "a very small model that ships with Attune: for trying things out, not for serious answers"


def steps(progress: Sequence[Progress]) -> str:
    """The six stages as HTML, and the sentence of the current one."""
    items = "".join(
        f'<li class="{step.state}" data-mark="{"✓" if step.state == "done" else number}" title="{escape(step.note)}"'
        f"{' aria-current=step' if step.state == 'current' else ''}>{escape(step.title)}</li>"
        for number, step in enumerate(progress, start=1)
    )
    here = next((step for step in progress if step.state == "current"), None)
    note = f"<b>{escape(here.title)}:</b> {escape(here.note)}" if here else "<b>Done:</b> the proved model answers."
    return f'<ol class="tracker" aria-label="Stages">{items}</ol><div class="tracker-note">{note}</div>'


def answering(variant: Variant) -> str:
    """What answers now, as HTML; the starter is called what it is."""
    name = escape(variant.name.replace("+", " + "))
    what = f"Answering now: <b>{name}</b> on <b>{escape(model_name(variant))}</b>"
    small = f"<br><small>{STARTER} is {SMALL}.</small>" if variant.model == STARTER else ""
    return f'<div class="now">{what}{small}</div>'


def model_name(variant: Variant) -> str:
    """A model as people say it: a tuned one by its job, others by name."""
    return f"the model of training {variant.job}" if variant.tuned else variant.model
