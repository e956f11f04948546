"""The two lines that are always in sight: where the case stands, and what answers now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from assistant.record.types import QUOTE, Variant
from assistant.settings import EMBEDDED
from assistant.stages import Progress

SMALL = "a small model that comes with Attune: it writes well and knows little. Set ATTUNE_CHAT_MODEL to a larger one"

QUOTING = (
    f"Answers are sentences of your documents, quoted without a model: {EMBEDDED} is too small to read them well. "
    "Set ATTUNE_CHAT_MODEL to a larger one for answers in its own words"
)


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


def shared(answering: Mapping[str, int]) -> str:
    """What answers now where several do: names with how many of 100 conversations each has, as HTML."""
    said = " · ".join(f"<b>{escape(name)}</b> {share}" for name, share in answering.items())
    return f'<div class="now">Answering now, of 100 conversations: {said}</div>'


def answering(variant: Variant) -> str:
    """What answers now, as HTML; the embedded model is called what it is."""
    name = escape(variant.name.replace("+", " + "))
    if variant.endpoint == QUOTE:
        return f'<div class="now">Answering now: <b>{name}</b> on <b>no model</b><br><small>{QUOTING}.</small></div>'
    what = f"Answering now: <b>{name}</b> on <b>{escape(model_name(variant))}</b>"
    small = f"<br><small>{EMBEDDED} is {SMALL}.</small>" if variant.model == EMBEDDED else ""
    return f'<div class="now">{what}{small}</div>'


def model_name(variant: Variant) -> str:
    """A model as people say it: a tuned one by its job, a folder or file by its last part, others by name."""
    if variant.tuned:
        return f"the model of training {variant.job}"
    return Path(variant.model).name if Path(variant.model).is_absolute() else variant.model
