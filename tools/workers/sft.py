"""Supervised fine-tuning: the model learns to say what the assistant said in the conversations."""

from __future__ import annotations

import math
from typing import Any

from tools import recipe
from tools.trainer import ToolError
from tools.workers import arguments, rows
from tools.workers.engines import Loaded
from tools.workers.plan import Plan, Prepared

EVAL_ROWS = 256  # enough for a loss; a larger test set would slow every epoch


def prepare(plan: Plan, loaded: Loaded, stops: frozenset[int]) -> Prepared:
    """Token rows of the conversations, the replay among them. Raises ToolError when nothing is left to learn."""
    request = plan.request
    train = rows.build(loaded.tokenizer, request.train, plan.max_length, stops)
    test = rows.build(loaded.tokenizer, request.test[:EVAL_ROWS], plan.max_length, stops)
    own = recipe.replay(plan.base, request, plan.recipe)
    replayed = rows.build(loaded.tokenizer, own, plan.max_length, stops)
    if not train.rows:
        raise ToolError("No row holds an answer to learn from.", "Add approved answers, or raise the window.")
    counts = train.summary() | {"replayed": len(replayed.rows), "test_rows": len(test.rows)}
    steps = recipe.steps(request, plan.recipe, len(train.rows), len(replayed.rows))
    passes, each = 1, math.ceil(len(train.rows) / plan.recipe.batch_size)
    if replayed.rows:  # every epoch at once, so that no row of the replay comes twice
        passes = math.ceil(plan.recipe.epochs)
        each = math.ceil(steps / passes)
        train.rows = train.rows * passes + replayed.rows
    longest = max(len(row["input_ids"]) for row in train.rows)
    return Prepared(train.rows, test.rows, longest, steps, each, passes, counts)


def trainer(plan: Plan, loaded: Loaded, prepared: Prepared, at_once: int, callbacks: list[Any]) -> Any:
    """TRL's SFTTrainer over the rows."""
    from datasets import Dataset
    from transformers import DataCollatorForSeq2Seq
    from trl import SFTConfig, SFTTrainer

    options = arguments.common(plan, loaded, prepared, at_once)
    return SFTTrainer(
        model=loaded.model,
        args=SFTConfig(
            **options,
            train_sampling_strategy="group_by_length",
            loss_type="nll" if plan.engine == "unsloth" else "chunked_nll",  # unsloth has its own chunks
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_list(prepared.train),
        eval_dataset=Dataset.from_list(prepared.test) if prepared.test else None,
        processing_class=loaded.tokenizer,
        data_collator=DataCollatorForSeq2Seq(loaded.tokenizer, label_pad_token_id=rows.IGNORED),
        callbacks=callbacks,
    )
