"""Supervised fine-tuning: the model learns to say what the assistant said in the conversations."""

from __future__ import annotations

import math
from typing import Any

from tools.local import recipe
from tools.trainer import ToolError
from tools.workers.training import arguments, token_rows
from tools.workers.training.engines import Loaded
from tools.workers.training.plan import Plan, Prepared, every

EVAL_ROWS, EVAL_SHARE = 256, 0.05  # rows of an evaluation at most, and of a run's time that all of them may take


def prepare(plan: Plan, loaded: Loaded, stops: frozenset[int]) -> Prepared:
    """Token rows of the conversations. Raises ToolError when nothing is left to learn."""
    request = plan.request
    train = token_rows.build(loaded.tokenizer, request.train, plan.max_length, stops)
    if not train.rows:
        raise ToolError("No row holds an answer to learn from.", "Add approved answers, or raise the window.")
    steps = recipe.steps(request, plan.recipe, len(train.rows))
    each = math.ceil(len(train.rows) / plan.recipe.batch_size)
    test = token_rows.build(loaded.tokenizer, request.test[: _evaluated(steps, each, plan)], plan.max_length, stops)
    test.rows.sort(key=_length)
    counts = train.summary() | {"test_rows": len(test.rows)}
    return Prepared(train.rows, test.rows, max(map(_length, train.rows)), steps, each, counts)


def trainer(plan: Plan, loaded: Loaded, prepared: Prepared, at_once: int, callbacks: list[Any]) -> Any:
    """TRL's SFTTrainer over the rows, in our order and, where it has no chunks of its own, with our loss."""
    from datasets import Dataset
    from transformers import DataCollatorForSeq2Seq
    from trl import SFTConfig

    if loaded.bf16 and not loaded.accelerated:
        _uncast(loaded.model)
    own = plan.engine == "trl" and _learn_only(loaded.model)
    options = arguments.common(plan, loaded, prepared, at_once)
    loss = "nll" if own or plan.engine == "unsloth" else "chunked_nll"  # unsloth has its own chunks
    return _kind(plan, own)(
        model=loaded.model,
        args=SFTConfig(**options, loss_type=loss, dataset_kwargs={"skip_prepare_dataset": True}),
        train_dataset=Dataset.from_list(prepared.train),
        eval_dataset=Dataset.from_list(prepared.test) if prepared.test else None,
        processing_class=loaded.tokenizer,
        data_collator=DataCollatorForSeq2Seq(loaded.tokenizer, label_pad_token_id=token_rows.IGNORED),
        callbacks=callbacks,
    )


def _kind(plan: Plan, own: bool) -> Any:
    """TRL's trainer with our order of the rows; where the loss is our own, with what it found out."""
    from transformers import Trainer
    from trl import SFTTrainer

    from tools.workers.training.batches import ByLength

    class Sft(SFTTrainer):  # type: ignore[misc]
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            lengths = [len(ids) for ids in (train_dataset or self.train_dataset)["input_ids"]]
            return ByLength(lengths, plan.recipe.batch_size, plan.request.seed)

    class Own(Sft):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            inputs.pop("_prediction_loss_only", None)
            loss, found = Trainer.compute_loss(self, model, inputs, True, num_items_in_batch)
            told = self._metrics["train" if self.model.training else "eval"]
            told["mean_token_accuracy"].append(float(found.right / found.learned.clamp(min=1)))
            if self.model.training:
                self._total_train_tokens += int(self.accelerator.gather(inputs["attention_mask"].sum()).sum())
            told["num_tokens"] = [self._total_train_tokens]
            return (loss, found) if return_outputs else loss

    return Own if own else Sft


def _uncast(model: Any) -> None:
    """Autocast makes every product bf16: PEFT's own way to 32 bits and back would take a quarter of a CPU's time."""
    for module in model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = False


def _learn_only(model: Any) -> bool:
    """Give the model our loss; False where its head does more than ours knows of."""
    from tools.workers.compute import loss

    causal = model.get_base_model() if hasattr(model, "peft_config") else model
    if fits := loss.fits(causal):
        loss.learn_only(causal)
    return fits


def _evaluated(steps: int, each: int, plan: Plan) -> int:
    """How many rows an evaluation reads: a row costs a third of what it costs in a step. At least a batch."""
    evaluations = 1 + math.ceil(steps / every(each))
    most = round(EVAL_SHARE * 3 * steps * plan.recipe.batch_size / evaluations)
    return min(EVAL_ROWS, max(plan.recipe.batch_size, most))


def _length(row: token_rows.Row) -> int:
    return len(row["input_ids"])
