"""The card of a proposal: what it means in parts; a person confirms, changes or declines it."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from assistant.faces.ui.train import option_inputs
from assistant.guide import proposals
from assistant.guide.proposals.registry import KINDS
from assistant.record.types import Proposal
from assistant.workbench import Workbench
from tools.options import OPTIONS, given

PARTS = {"what": "What", "why": "Why", "takes": "How long", "costs": "How much", "leaves": "What not"}
IN_SIGHT = ("epochs", "max_steps", "learning_rate", "lora_rank")  # what people change most


class ProposalCard:
    """Builds the card. `outputs` are what `show(case)` fills; the panel attaches the events."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.proposal = gr.State(0)
        with gr.Column(visible=False, elem_classes="card", elem_id="proposal") as self.card:
            self.what = gr.HTML()
            with gr.Row():
                self.confirm = gr.Button("Confirm", variant="primary", size="sm", elem_id="confirm", min_width=70)
                self.change = gr.Button("Change…", size="sm", elem_id="change", min_width=70)
                self.decline = gr.Button("Decline", size="sm", elem_id="decline", min_width=70)
            with gr.Column(visible=False, elem_id="change-form") as self.form:
                self.trainer = gr.Dropdown([], label="Trainer", filterable=False, elem_id="change-trainer")
                self.inputs = option_inputs.inputs(IN_SIGHT, "change-")
                with gr.Accordion("More settings", open=False) as self.more:
                    self.inputs |= option_inputs.inputs(
                        [n for n in option_inputs.NAMES if n not in IN_SIGHT], "change-"
                    )
                self.variant = gr.Dropdown([], label="Variant", filterable=False, elem_id="change-variant")
                with gr.Row():
                    self.again = gr.Button("Propose it like this", size="sm", elem_id="change-propose", min_width=140)
                    self.keep = gr.Button("Keep it as it was", size="sm", min_width=120)

    @property
    def outputs(self) -> list[Any]:
        return [self.proposal, self.card, self.what, self.change, self.form]

    @property
    def options(self) -> list[Any]:
        return [self.trainer, *self.inputs.values(), self.variant]

    def show(self, case: str) -> tuple[Any, ...]:
        """The newest open proposal that still holds, for `outputs`. The form is closed."""
        waiting = proposals.current(self.bench, case) if case else None
        closed = gr.Column(visible=False)
        if waiting is None:
            return 0, closed, "", gr.skip(), closed
        more = len(self.bench.store.proposals(case, "open")) - 1
        changeable = waiting.kind in ("train", "switch")
        return waiting.id, gr.Column(visible=True), described(waiting, more), gr.Button(visible=changeable), closed

    def edit(self, proposal: int) -> tuple[Any, ...]:
        """The form with the proposal's own options, for [form, more, *options]. 0 leaves a number to the trainer."""
        found = self.bench.store.proposal(proposal)
        chosen = KINDS[found.kind].given(self.bench, found.case, found.payload)
        train = found.kind == "train"
        trainers = [(f"{name}: {t.unavailable() or 'ready'}", name) for name, t in self.bench.trainers.items()]
        variants = [(variant.name, variant.id) for variant in self.bench.store.variants(found.case)]
        return (
            gr.Column(visible=True),
            gr.Accordion(visible=train),
            gr.Dropdown(trainers if train else [], value=found.payload.get("trainer"), visible=train),
            *(gr.update(value=chosen.get(name, OPTIONS[name].kind()), visible=train) for name in self.inputs),
            gr.Dropdown([] if train else variants, value=found.payload.get("variant"), visible=not train),
        )

    def changed(self, proposal: int, *values: Any) -> Proposal:
        """The new proposal, with what the form says. Raises AttuneError where it cannot be; the old one stays then."""
        found = self.bench.store.proposal(proposal)
        given = dict(zip(("trainer", *self.inputs, "variant"), values, strict=True))
        wanted = {name: given[name] or 0 for name in KINDS[found.kind].options if name in given}
        return proposals.change(self.bench, proposal, wanted)


def described(proposal: Proposal, more: int = 0) -> str:
    """A proposal as HTML, part by part; `more` is how many others wait."""
    parts = {PARTS[name]: proposal.terms[name] for name in PARTS if proposal.terms.get(name)} or {"What": proposal.why}
    if proposal.kind == "brief":
        parts.pop("What")  # the chips say it
    rows = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in parts.items())
    chosen = "".join(
        f"<tr><td>{escape(OPTIONS[name].label)}</td><td class=n>{escape(str(value))}</td></tr>"
        for name, value in given(proposal.payload).items()
        if name in OPTIONS
    )
    details = f'<details><summary>Settings</summary><table class="plain">{chosen}</table></details>' if chosen else ""
    others = f'<div class="quiet">{more} more wait{"s" * (more == 1)} behind it.</div>' if more else ""
    title = escape(KINDS[proposal.kind].title)
    return f'<h4>{title}?</h4>{_chips(proposal)}<dl class="terms">{rows}</dl>{details}{others}'


def _chips(proposal: Proposal) -> str:
    """The answers that a proposal of the brief would keep, one chip a field."""
    if proposal.kind != "brief":
        return ""
    said = {name: "; ".join(v) if isinstance(v, list) else str(v) for name, v in proposal.payload.items()}
    chips = (f"<span><b>{escape(name.replace('_', ' '))}</b> {escape(text)}</span>" for name, text in said.items())
    return f'<div class="chips">{"".join(chips)}</div>'
