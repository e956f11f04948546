"""Held-out turns as the trainer would have rendered them: what a run's rows of them would begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from assistant import variants
from assistant.conversations.training_rows import training_rows
from assistant.conversations.with_passages import Reading
from assistant.evidence import runner
from assistant.evidence.certificate.prompt_ids import HeldOutPrompt
from assistant.record.types import Item, Job, Passage, Variant
from assistant.workbench import Workbench
from tools.local import base_model


def prompts(bench: Workbench, job: Job, variant: Variant) -> list[HeldOutPrompt]:
    """Every approved turn of the job's test split. A reader gets passages, as the rows of a model that learned to read
    them; instruction and number of passages are the run's own, whatever the variant says."""
    own = replace(variant, system=str(job.request.get("system", "")), passages=variants.PASSAGES)
    reading = _reading(bench, job, own) if variant.name == variants.READER else None
    found = []
    for question in runner.questions(bench.store.items(job.dataset, "test")):
        asked = [{"role": message["role"], "content": message["content"]} for message in question.messages]
        if reading is not None:
            trained = reading.asked(asked, "")
        elif "api" in job.request:  # its rows stand by themselves, without an instruction of ours
            trained = asked
        else:
            trained = training_rows([Item(0, "test", asked)], own.system)[0]
        found.append(HeldOutPrompt(question.item, question.turn, asked, trained))
    return found


def _reading(bench: Workbench, job: Job, own: Variant) -> Reading:
    """What gives passages to a question as the chat finds them, fitted to the window that the run trained in."""
    window = base_model.window(Path(bench.settings.model_path(job.model)))

    def find(query: str) -> Sequence[Passage]:
        return bench.knowledge.find(job.case, query, own.passages).passages

    return Reading(own, find, bench.chat.counter(own), window, seed=0, checked=False)
