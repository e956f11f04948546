"""Fine-tune a model with LoRA: `python -m tools.workers.finetune DIRECTORY [--resume]`.

The directory holds `request.json`, a TrainRequest with one more field, `engine`: "unsloth" or "trl". Everything
the run produces goes into the same directory; see tools/process.py.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import jobdir, recipe
from tools.trainer import PROBE_TOKENS, ToolError, TrainRequest
from tools.workers import answer, reasons, rows
from tools.workers.cores import Watch
from tools.workers.job import Cancelled, Job

if TYPE_CHECKING:
    from tools.workers.engines import Loaded
    from tools.workers.progress import Progress

EVAL_ROWS = 256  # enough for a loss; a larger test set would slow every epoch
LOGGED = 400  # step events a run, at most
CHECKPOINT_STEPS = 200  # a crash costs no more than this, nor more than an epoch
BATCH_TOKENS = 16384  # tokens that go through the model at once
SAMPLES, SAMPLE_TOKENS = 3, 48
BASE = "base.json"  # size and time of the base's weights


def main(argv: list[str] | None = None) -> int:
    """Run the job to its end and write its result; the exit status is 0 when it succeeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--lock", type=int, help="descriptor of the lock that the starter holds for us")
    options = parser.parse_args(argv)
    job = Job(options.directory.resolve(), options.lock)
    try:
        _run(job, options.resume)
    except Cancelled:
        job.finish("cancelled", "Cancelled before training began.")
    except Exception as error:
        traceback.print_exc()
        job.finish("failed", reasons.explain(error))
    else:
        return 0
    return 1


def _run(job: Job, resumed: bool) -> None:
    values = jobdir.read_request(job.directory)
    engine = str(values.pop("engine", "trl"))
    request = TrainRequest.from_json(values)
    if Path(request.base).is_dir() or os.path.isabs(request.base):
        recipe.check_folder(Path(request.base))
    os.chdir(job.directory)
    Run(job, request, engine, resumed).go()


class Run:
    """One training run, stage by stage."""

    def __init__(self, job: Job, request: TrainRequest, engine: str, resumed: bool) -> None:
        self.job = job
        self.request = request
        self.engine = engine
        self.resumed = resumed
        self.started = time.monotonic()

    def go(self) -> None:
        self.job.stage("loading", f"{Path(self.request.base).name} with {self.engine}")
        loaded = self._load()
        self.job.stage("preparing", f"{len(self.request.train)} conversations")
        train, test = self._prepare(loaded)
        trainer, progress = self._trainer(loaded, train, test)
        self.job.stage("training", f"{trainer.args.max_steps} steps")
        seconds = self._train(trainer)
        if self.job.cancelled:
            step = trainer.state.global_step
            self.job.finish("cancelled", f"Cancelled at step {step} of {trainer.state.max_steps}.")
            return
        self._evaluate_last(trainer, progress)
        self._probe(loaded)
        self.job.stage("merging", "adapter into the base model")
        adapter, merged = self._save(trainer, loaded)
        self.job.finish(
            "succeeded",
            "",
            model=merged.name,
            adapter=adapter.name,
            metrics=self._metrics(trainer, progress, seconds),
        )

    def _load(self) -> Loaded:
        from tools.workers import engines

        watch = Watch()
        engines.warm(self.engine)
        self._check_base()
        self.window, self.parameters = _shape(self.request.base)
        self.recipe = recipe.choose(self.request, self.parameters)
        if self.parameters < recipe.SMALL:
            engines.limit_threads(watch.threads())
        self.max_length = min(self.request.max_length or self.window, self.window)
        return engines.load(self.engine, self.request.base, self.max_length, self.request.seed, self.recipe)

    def _prepare(self, loaded: Loaded) -> tuple[rows.Rows, rows.Rows]:
        stops = _stops(loaded)
        train = rows.build(loaded.tokenizer, self.request.train, self.max_length, stops)
        test = rows.build(loaded.tokenizer, self.request.test[:EVAL_ROWS], self.max_length, stops)
        own = recipe.replay(Path(self.request.base), self.request, self.recipe)
        replayed = rows.build(loaded.tokenizer, own, self.max_length, stops)
        counts = train.summary() | {"replayed": len(replayed.rows), "test_rows": len(test.rows)}
        self.job.event("data", **counts, max_length=self.max_length)
        if not train.rows:
            raise ToolError("No row holds an answer to learn from.", "Add approved answers, or raise the window.")
        self.steps = recipe.steps(self.request, self.recipe, len(train.rows), len(replayed.rows))
        self.passes, self.each = 1, math.ceil(len(train.rows) / self.recipe.batch_size)  # each: steps of an epoch
        if replayed.rows:  # every epoch at once, so that no row of the replay comes twice
            self.passes = math.ceil(self.recipe.epochs)
            self.each = math.ceil(self.steps / self.passes)
            train.rows = train.rows * self.passes + replayed.rows
        return train, test

    def _trainer(self, loaded: Loaded, train: rows.Rows, test: rows.Rows) -> tuple[Any, Progress]:
        from datasets import Dataset
        from transformers import DataCollatorForSeq2Seq
        from trl import SFTTrainer

        from tools.workers.progress import Progress

        prompts = [prompt for prompt in self.request.samples if prompt][:SAMPLES]
        speak = (lambda: _speak(loaded, prompts)) if prompts else None
        progress = Progress(self.job, speak, self.resumed, self.passes)
        trainer = SFTTrainer(
            model=loaded.model,
            args=self._arguments(loaded, train, bool(test.rows)),
            train_dataset=Dataset.from_list(train.rows),
            eval_dataset=Dataset.from_list(test.rows) if test.rows else None,
            processing_class=loaded.tokenizer,
            data_collator=DataCollatorForSeq2Seq(loaded.tokenizer, label_pad_token_id=rows.IGNORED),
            callbacks=[progress],
        )
        _quiet(trainer)
        return trainer, progress

    def _arguments(self, loaded: Loaded, train: rows.Rows, evaluate: bool) -> Any:
        from trl import SFTConfig

        at_once = _at_once(self.recipe.batch_size, max(len(row["input_ids"]) for row in train.rows), self.parameters)
        return SFTConfig(
            output_dir=str(self.job.directory / jobdir.CHECKPOINTS),
            max_steps=self.steps,
            per_device_train_batch_size=at_once,
            per_device_eval_batch_size=at_once,
            gradient_accumulation_steps=self.recipe.batch_size // at_once,
            learning_rate=self.recipe.learning_rate,
            lr_scheduler_type="linear",
            warmup_steps=max(1, round(0.05 * self.steps)),
            weight_decay=0.0,
            seed=self.request.seed,
            data_seed=self.request.seed,
            train_sampling_strategy="group_by_length",
            use_cpu=not loaded.accelerated,
            bf16=loaded.bf16,
            fp16=False,
            gradient_checkpointing=loaded.accelerated and self.parameters > 1e9,
            loss_type="nll" if self.engine == "unsloth" else "chunked_nll",  # unsloth has its own chunks
            max_length=self.max_length,
            dataset_kwargs={"skip_prepare_dataset": True},
            remove_unused_columns=False,
            logging_steps=max(1, math.ceil(self.steps / LOGGED)),
            logging_first_step=True,
            logging_nan_inf_filter=False,
            eval_strategy="steps" if evaluate else "no",
            eval_steps=self.each,
            eval_on_start=evaluate and not self.resumed,
            prediction_loss_only=True,
            save_strategy="steps",
            save_steps=min(self.each, CHECKPOINT_STEPS),
            save_total_limit=2,
            dataloader_pin_memory=loaded.accelerated,
            disable_tqdm=True,
            report_to="none",
        )

    def _train(self, trainer: Any) -> float:
        """Train to the end, or to a cancel; returns the seconds it took."""
        began = time.monotonic()
        checkpoint = None
        if self.resumed:
            checkpoint = str(jobdir.checkpoints(self.job.directory)[-1])
            self.job.event("resumed", step=int(checkpoint.rsplit("-", 1)[1]))
        self.job.stepping = True
        trainer.train(resume_from_checkpoint=checkpoint)
        self.job.stepping = False
        return time.monotonic() - began

    def _evaluate_last(self, trainer: Any, progress: Progress) -> None:
        if trainer.eval_dataset is not None and trainer.state.global_step not in progress.evaluations:
            trainer.evaluate()

    def _probe(self, loaded: Loaded) -> None:
        """Write what the model answers before it is merged: [{"messages", "answer", "prompt_tokens"}]."""
        if not self.request.probes:
            return
        answers = answer.greedy(loaded.model, loaded.tokenizer, self.request.probes, PROBE_TOKENS)
        text = json.dumps([vars(given) for given in answers], ensure_ascii=False)
        jobdir.write_atomically(self.job.directory / jobdir.PROBES, text)

    def _check_base(self) -> None:
        """An adapter fits only the weights that it was trained on: refuse a base that changed since the run began."""
        now = {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in self._weights()}
        noted = jobdir.read_json(self.job.directory / BASE)
        if noted is None:
            jobdir.write_atomically(self.job.directory / BASE, json.dumps(now))
        elif noted != now:
            raise ToolError("The base model's files changed while it was trained on.", "Start a new run.")

    def _weights(self) -> list[Path]:
        folder = Path(self.request.base)
        return recipe.weights(folder) if folder.is_dir() else []

    def _save(self, trainer: Any, loaded: Loaded) -> tuple[Path, Path]:
        from tools.workers.merge import merge

        adapter, merged = self.job.directory / "adapter", self.job.directory / "merged"
        trainer.model.save_pretrained(str(adapter))
        loaded.tokenizer.save_pretrained(str(adapter))
        self._check_base()
        exact = not loaded.bf16 and self.parameters <= recipe.MIDDLE  # what was trained in 32 bits stays so
        merge(self.request.base, adapter, merged, self.parameters, exact)
        return adapter, merged

    def _metrics(self, trainer: Any, progress: Progress, seconds: float) -> dict[str, Any]:
        from tools.workers import engines

        evaluations = [progress.evaluations[step] for step in sorted(progress.evaluations)]
        return {
            "final_loss": progress.final_loss,
            "eval_loss": evaluations[-1] if evaluations else None,
            "eval_loss_before": progress.evaluations.get(0),
            "seconds": round(time.monotonic() - self.started, 2),
            "train_seconds": round(seconds, 2),
            "steps": trainer.state.global_step,
            "tokens": progress.tokens,
            "tokens_per_second": round(progress.tokens / seconds, 1) if seconds else None,
            "parameters": self.parameters,
            "engine": self.engine,
            "threads": engines.threads(),
            **vars(self.recipe),
        }


def _shape(base: str) -> tuple[int, int]:
    """The window in tokens and the number of parameters."""
    if Path(base).is_dir():
        return recipe.window(Path(base)), recipe.parameters(Path(base))
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(base, ignore_patterns=["*.gguf", "*.bin", "original/*", "onnx/*"]))
    return recipe.window(folder), recipe.parameters(folder)


def _stops(loaded: Loaded) -> frozenset[int]:
    """The ids at which generation ends: the tokenizer's and the generation config's."""
    configured = loaded.model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(id_ for id_ in [*ids, loaded.tokenizer.eos_token_id] if id_ is not None)


def _at_once(batch: int, longest: int, parameters: int) -> int:
    """Rows that go through the model together: a divisor of the batch that keeps memory in bounds."""
    fit = max(1, BATCH_TOKENS // longest)
    fit = min(fit, 2) if parameters > 1e9 else fit
    return max(size for size in range(1, batch + 1) if batch % size == 0 and size <= fit)


def _speak(loaded: Loaded, prompts: list[list[rows.Message]]) -> list[dict[str, str]]:
    """Short greedy answers to the fixed prompts, for people to look at."""
    answers = answer.greedy(loaded.model, loaded.tokenizer, prompts, SAMPLE_TOKENS)
    return [{"prompt": str(given.messages[-1].get("content", "")), "answer": given.answer} for given in answers]


def _quiet(trainer: Any) -> None:
    """The events say it all; the log keeps warnings and errors."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)


if __name__ == "__main__":
    sys.exit(main())
