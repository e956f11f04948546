"""Learning from judgements: DPO prefers one answer of two; KTO keeps good answers and avoids bad ones.

Both compare the model with itself as it was before the run: what that says of every answer is computed once, at the
start, and kept in the job's directory.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from typing import Any

from tools.local import recipe
from tools.trainer import Preference, ToolError
from tools.workers.training import arguments, token_rows
from tools.workers.training.engines import Loaded
from tools.workers.training.plan import Plan, Prepared

EVAL_PAIRS = 128
ROWS = "rows"  # in the job's directory: the token rows, beside which the first model's view of them is kept
Ids = list[int]


def prepare(plan: Plan, loaded: Loaded, stops: frozenset[int]) -> Prepared:
    """Token rows of the judgements. Raises ToolError when none is left inside the window."""
    request, tokenizer = plan.request, loaded.tokenizer
    make = pairs if request.method == "dpo" else judged
    train, dropped = make(tokenizer, request.preferences, plan.max_length, stops)
    test, _ = make(tokenizer, request.test_preferences[:EVAL_PAIRS], plan.max_length, stops)
    if not train:
        raise ToolError("No judged answer fits into the window.", "Raise the window, or judge shorter answers.")
    random.Random(request.seed).shuffle(train)
    steps = recipe.steps(request, plan.recipe, len(train))
    lengths = [_length(row) for row in train]
    counts = {
        "rows": len(train),
        "tokens": sum(lengths),
        "rows_dropped": dropped,
        "test_rows": len(test),
        "trained_tokens": sum(_said(row) for row in train),
    }
    return Prepared(train, test, max(lengths), steps, math.ceil(len(train) / plan.recipe.batch_size), counts)


def pairs(
    tokenizer: token_rows.Tokenizer, judgements: Iterable[Preference], max_length: int, stops: frozenset[int]
) -> tuple[list[dict[str, Any]], int]:
    """Rows `prompt_ids`, `chosen_ids`, `rejected_ids`, `length`, and how many judgements were left out."""
    found, dropped = [], 0
    for one in judgements:
        if not (one.chosen and one.rejected):
            continue
        good, bad = (_answer(tokenizer, one, text, max_length, stops) for text in (one.chosen, one.rejected))
        if good is None or bad is None or good == bad:
            dropped += 1
            continue
        row = {"prompt_ids": good[0], "chosen_ids": good[1], "rejected_ids": bad[1]}
        found.append(row | {"length": _length(row)})
    return found, dropped


def judged(
    tokenizer: token_rows.Tokenizer, judgements: Iterable[Preference], max_length: int, stops: frozenset[int]
) -> tuple[list[dict[str, Any]], int]:
    """Rows `prompt_ids`, `completion_ids`, `label` (true = good), and how many answers were left out."""
    found, dropped = [], 0
    for one in judgements:
        for text, good in ((one.chosen, True), (one.rejected, False)):
            if not text:
                continue
            answer = _answer(tokenizer, one, text, max_length, stops)
            if answer is None:
                dropped += 1
            else:
                found.append({"prompt_ids": answer[0], "completion_ids": answer[1], "label": good})
    return found, dropped


def trainer(plan: Plan, loaded: Loaded, prepared: Prepared, at_once: int, callbacks: list[Any]) -> Any:
    """TRL's DPOTrainer or KTOTrainer over the rows, which it must not tokenise again."""
    import trl

    options = arguments.common(plan, loaded, prepared, at_once)
    options |= {"beta": plan.recipe.beta, "precompute_ref_log_probs": True}
    config: Any
    if plan.request.method == "dpo":
        config, kind = trl.DPOConfig(**options, train_sampling_strategy="group_by_length"), trl.DPOTrainer
        train, test = prepared.train, prepared.test
    else:
        weights = _weights(prepared.train)
        config = trl.KTOConfig(**options, **weights, train_sampling_strategy="sequential")
        kind = trl.KTOTrainer
        train, test = _mismatched(prepared.train, at_once), _mismatched(prepared.test, at_once)
    made = _ready(kind)(
        model=loaded.model,
        args=config,
        train_dataset=_stored(plan, f"train-{at_once}", train),
        eval_dataset=_stored(plan, f"test-{at_once}", test) if test else None,
        processing_class=loaded.tokenizer,
        callbacks=callbacks,
    )
    if "ref" in getattr(loaded.model, "peft_config", {}):
        loaded.model.delete_adapter("ref")  # its view of the rows is known by now: a copy would only be saved along
    return made


def _ready(kind: Any) -> Any:
    """The trainer for rows that are token ids already."""

    class Ready(kind):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
            return dataset

    return Ready


def _stored(plan: Plan, name: str, made: list[dict[str, Any]]) -> Any:
    """The rows as a dataset on the disk, where several processes share what is computed about them."""
    from datasets import Dataset, load_from_disk

    folder = plan.directory / ROWS / name
    if plan.ranks.first and not (folder / "state.json").is_file():
        Dataset.from_list(made).save_to_disk(str(folder))
    plan.ranks.meet()
    return load_from_disk(str(folder))


def _answer(
    tokenizer: token_rows.Tokenizer, one: Preference, text: str, max_length: int, stops: frozenset[int]
) -> tuple[Ids, Ids] | None:
    """Prompt and answer, the answer cut where the window ends; None when nothing of it is left."""
    try:
        answer = token_rows.answered(tokenizer, one.prompt, text, stops)
    except Exception as error:  # a template is a program of the model's author: it may raise anything
        raise ValueError(f"The model's chat template cannot render a judged answer: {error}") from error
    if answer is None or len(answer[0]) >= max_length:
        return None
    return answer[0], answer[1][: max_length - len(answer[0])]


def _mismatched(judged: list[dict[str, Any]], at_once: int) -> list[dict[str, Any]]:
    """Each row with its neighbour's answer beside it: KTO measures how far the model has moved on such pairs.

    The neighbour is in the same batch of `at_once` rows, which is why KTO reads its rows in order.
    """
    found = []
    for start in range(0, len(judged), at_once):
        batch = judged[start : start + at_once]
        found += [row | {"KL_completion_ids": batch[i - 1]["completion_ids"]} for i, row in enumerate(batch)]
    return found


def _weights(judged: list[dict[str, Any]]) -> dict[str, float]:
    """Good and bad answers weigh the same together, however few there are of one kind (KTO's authors, equation 8)."""
    good = sum(row["label"] for row in judged)
    bad = len(judged) - good
    if not good or not bad:
        return {}
    return {"desirable_weight": max(1.0, bad / good), "undesirable_weight": max(1.0, good / bad)}


def _length(row: dict[str, Any]) -> int:
    """Tokens that a row puts through the model: a pair reads its prompt twice, KTO reads each answer once."""
    answers = [row[name] for name in ("chosen_ids", "rejected_ids", "completion_ids") if name in row]
    return sum(len(row["prompt_ids"]) + len(answer) for answer in answers)


def _said(row: dict[str, Any]) -> int:
    return sum(len(row[name]) for name in ("chosen_ids", "rejected_ids", "completion_ids") if name in row)
