"""What a run learns from: rows of the frozen dataset, with passages where wanted, and what is asked while it trains."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant import variants
from assistant.conversations import judged
from assistant.conversations import training_rows as rows
from assistant.conversations.training_rows import training_rows
from assistant.conversations.with_passages import Carried, Find, Reading, Row
from assistant.errors import AttuneError
from assistant.knowledge.prompt import composition, tokens
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.judged_rows import Judgement
from assistant.record.store import Store
from assistant.record.types import Item, Passage, Variant
from assistant.workbench import Workbench
from tools import chat_rows
from tools.local import base_model
from tools.trainer import Preference

VALIDATION_SHARE, MOST_VALIDATION = 0.08, 64  # of the train split: the eval loss must not look at the test split
SAMPLES, PROBES = 3, 8


@dataclass(frozen=True)
class TrainingOrder:
    """Which rows are wanted. `base` is a folder or a name. `exact`: looked up and counted as the chat does, for a run;
    else quickly, for a forecast: as many passages of the same documents, counted roughly."""

    case: str
    dataset: str
    base: str
    seed: int
    method: str = "sft"
    passages: str = "auto"
    exact: bool = True


@dataclass(frozen=True)
class Material:
    """`fields` of a TrainRequest: rows, samples and probes. `system` stands at the head of each row."""

    fields: dict[str, Any]
    carried: Carried
    system: str


def gather(bench: Workbench, order: TrainingOrder) -> Material:
    """The rows, what their passages come to, and the instruction that they share."""
    store = bench.store
    items, system = store.items(order.dataset, "train"), composition.short_instruction(store.case(order.case))
    learned, held = rows.validation(items, order.seed, VALIDATION_SHARE, MOST_VALIDATION)
    with _reading(bench, order, system) as reading:
        if order.method != "sft":
            found, all_rows = _judged(store, order, items, system, reading)
            questions = [asked for row in training_rows(held, system) if (asked := _asked(row))]
        else:
            made = reading.rows(items) if reading else {i.position: training_rows([i], system) for i in items}
            train, test = ([row for item in part for row in made[item.position]] for part in (learned, held))
            found, all_rows = {"train": train, "test": test}, [*train, *test]
            questions = [asked for row in test if (asked := _asked(row))]
        carried = reading.carried(all_rows) if reading else Carried()
    fields = found | {"samples": questions[:SAMPLES], "probes": questions[:PROBES]}
    return Material(fields, carried, system)


def _judged(
    store: Store, order: TrainingOrder, items: list[Item], system: str, reading: Reading | None
) -> tuple[dict[str, Any], list[Row]]:
    """Judged answers to learn from and for the eval loss, and every prompt among them."""
    judgements = judged.to_learn(order.method, store.judgements(order.dataset), items, order.seed)
    learned, held = judged.validation(judgements, order.seed, VALIDATION_SHARE, MOST_VALIDATION)
    good, bad = ([_preference(one, system, reading) for one in part] for part in (learned, held))
    found = {"train": [], "test": [], "preferences": good, "test_preferences": bad}
    return found, [one.prompt for one in [*good, *bad]]


def _preference(one: Judgement, system: str, reading: Reading | None) -> Preference:
    plain = training_rows([Item(one.position, "train", one.prompt)], system)[0]
    asked = reading.asked(one.prompt, max(one.chosen, one.rejected, key=len)) if reading else plain
    return Preference(asked, one.chosen, one.rejected)


@contextmanager
def _reading(bench: Workbench, order: TrainingOrder, system: str) -> Iterator[Reading | None]:
    """What puts passages into the rows; None where none are wanted, or the case has no documents."""
    documents = bool(bench.store.documents(order.case))
    if order.passages == "on" and not documents:
        raise AttuneError(
            "The case has no documents, so its rows cannot carry passages.", "Add documents, or leave passages at auto."
        )
    if order.passages == "off" or not documents:
        yield None
        return
    tuned = Variant(
        order.case,
        variants.READER,
        "",
        order.base,
        system,
        0,
        variants.PASSAGES,
        max_tokens=bench.settings.longest_answer,
    )
    folder = Path(order.base)
    here = folder.is_dir()
    counter = tokens.of_folder(folder) if here and order.exact else tokens.approximate()
    window = base_model.window(folder) if here else base_model.WINDOW
    find = _lookup(bench.knowledge, order) if order.exact else _any(bench.knowledge, order)
    yield Reading(tuned, find, counter, window, order.seed, checked=order.exact)


def _lookup(search: Knowledge, order: TrainingOrder) -> Find:
    """What the chat finds. The index is complete first: else rows would depend on how far it is."""
    search.sync(order.case, wait=True)

    def find(query: str) -> Sequence[Passage]:
        found = search.find(order.case, query, variants.PASSAGES)
        if found.note:
            raise AttuneError(found.note, "Fix that, or train with passages off.")
        return found.passages

    return find


def _any(search: Knowledge, order: TrainingOrder) -> Find:
    """Any pieces of the documents, as many as would be found: searching for every row takes too long for a forecast."""
    pieces, draw = search.pieces(order.case), random.Random(order.seed)
    return lambda _: draw.sample(pieces, min(variants.PASSAGES, len(pieces)))


def _asked(row: Row) -> Row:
    """A row up to the first answer that is learned: what the model is asked while it trains; empty where none asks."""
    asking = [i for i, m in enumerate(row) if m["role"] == "user"]
    places = [i for i, m in enumerate(row) if m["role"] == "assistant" and m.get("weight", 1) and i > 1]
    first = places[0] if places else 1 + asking[0] if asking else 0
    return chat_rows.asked(row[:first])
