"""Fine-tune a model: `python -m tools.workers.finetune DIRECTORY [--resume]`, also under `accelerate launch`.

The directory holds `request.json`, a TrainRequest with one more field, `engine`: "unsloth" or "trl". Everything
the run produces goes into the same directory; see tools/process.py.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import jobdir
from tools.local import base_model, forecast, machine, recipe
from tools.trainer import PROBE_TOKENS, TrainRequest
from tools.workers.compute import greedy_answers, memory, merge, ranks
from tools.workers.compute.cores import Watch
from tools.workers.job import JobFolder, Onlooker, ended, options
from tools.workers.training import bases, outcome, preference, sft, token_rows
from tools.workers.training.plan import Plan, Prepared

if TYPE_CHECKING:
    from tools.workers.training.engines import Loaded
    from tools.workers.training.progress import ProgressCallback

MERGED = "merged"  # the folder of the model that a run leaves
SAMPLES, SAMPLE_TOKENS = 3, 48
LOOKED_AT, LOOKED_TOKENS = 16, 512  # rows that the accuracy is measured on, and tokens of each at most
PROGRAM = "tools.workers.finetune"


def main(argv: list[str] | None = None) -> int:
    """Run the job to its end and write its result; the exit status is 0 when it succeeded."""
    given = options(__doc__, argv)
    job = _job(given.directory, given.lock)
    return ended(job, lambda: _run(job, given.resume))


def _job(directory: Path, lock: int | None) -> JobFolder:
    """Of several processes the first writes the job's files; the lock is their launcher's."""
    here = ranks.here()
    if here.count == 1:
        return JobFolder(directory, lock)
    job = JobFolder(directory, launched=True) if here.first else Onlooker(directory)
    ranks.watch((directory / jobdir.CANCEL, directory / jobdir.PAUSE))
    return job


def _run(job: JobFolder, resumed: bool) -> None:
    values = jobdir.read_request(job.directory)
    engine = str(values.pop("engine", "trl"))
    request = TrainRequest.from_json(values)
    if Path(request.base).is_dir() or os.path.isabs(request.base):
        base_model.check_folder(Path(request.base))
    os.chdir(job.directory)
    Run(job, request, engine, resumed).go()


class Run:
    """One training run, stage by stage."""

    def __init__(self, job: JobFolder, request: TrainRequest, engine: str, resumed: bool) -> None:
        self.job = job
        self.request = request
        self.engine = engine
        self.resumed = resumed
        self.ranks = ranks.here()
        self.method: Any = sft if request.method == "sft" else preference
        self.started = time.monotonic()

    def go(self) -> None:
        self.job.stage("loading", f"{Path(self.request.base).name} with {self.engine}")
        self.plan = self._plan()
        loaded = self._load()
        self.job.stage("preparing", f"{recipe.rows(self.request)} examples")
        prepared = self.method.prepare(self.plan, loaded, _stops(loaded))
        self.job.event("data", **prepared.counts, max_length=self.plan.max_length)
        trainer, progress, seconds = self._train(loaded, prepared)
        if self.job.cancelled:
            step = trainer.state.global_step
            self.job.stopped(f"at step {step} of {trainer.state.max_steps}")
            return
        self._evaluate_last(trainer, progress)
        metrics = outcome.metrics(self.plan, trainer, progress, prepared.counts["tokens"], seconds)
        ended = outcome.ending(trainer, self.request.patience, progress)
        if self.ranks.first:
            self.job.stage("merging", "the whole model" if self.request.tuning == "full" else "adapter into the base")
            made = self._save(trainer, loaded)
            self._probe(loaded.tokenizer)
            self.job.stage("converting", "into the file that is served")
            ended = " ".join(filter(None, (ended, merge.served(self.job.directory / MERGED, self.plan.base))))
            metrics |= {"seconds": round(time.monotonic() - self.started, 2), "peak_memory_gb": memory.peak_gb()}
            metrics |= {"peak_address_space_kb": memory.address_space_kb()}
            metrics |= outcome.origin(self.job.directory, made, self.plan.base, self.engine)
            self.job.finish("succeeded", ended, **made, metrics=metrics)

    def _plan(self) -> Plan:
        from tools.workers.training import engines

        watch = Watch()
        engines.warm(self.engine, self.ranks.count == 1)
        if self.ranks.count > 1:
            ranks.know_numbered_cpus()
        base = bases.ready(self.request.base, self.job)
        bases.unchanged(base, self.job.directory, self.ranks.first)
        window, parameters = base_model.window(base), base_model.parameters(base)
        if self.request.threads or parameters < recipe.SMALL:
            engines.limit_threads(self.request.threads or max(1, watch.threads() // self.ranks.count))
        return Plan(
            directory=self.job.directory,
            request=self.request,
            engine=self.engine,
            base=base,
            parameters=parameters,
            max_length=min(self.request.max_length or window, window),
            recipe=recipe.choose(self.request, parameters),
            ranks=self.ranks,
            resumed=self.resumed,
        )

    def _load(self) -> Loaded:
        from tools.workers.training import engines

        plan, request = self.plan, self.request
        wanted = engines.Wanted(
            str(plan.base), request.tuning, request.adapter, plan.max_length, request.seed, plan.parameters
        )
        return engines.load(plan.engine, wanted, plan.recipe)

    def _train(self, loaded: Loaded, prepared: Prepared) -> tuple[Any, ProgressCallback, float]:
        """Train to the end, or to a cancel, and how many seconds it took. Where memory runs out, fewer rows at once."""
        began = time.monotonic()
        at_once = self._at_once(prepared, loaded)
        try:
            trainer, progress = self._trainer(loaded, prepared, at_once)
            self.job.stage("training", f"{prepared.steps} steps")
            self._fit(trainer)
        except Exception as error:
            self.job.stepping = False
            fewer = memory.smaller(self.plan.share, at_once, self._least)
            alone = self.ranks.count == 1  # the others would wait for ever for one that begins again
            if alone and fewer and memory.ran_out(error):
                traceback.print_exc()
                self._begin_again(at_once, fewer)
            raise
        return trainer, progress, time.monotonic() - began

    @property
    def _least(self) -> int:
        """Rows at once, at least: KTO compares the answers of a batch."""
        return 2 if self.request.method == "kto" else 1

    def _at_once(self, prepared: Prepared, loaded: Loaded) -> int:
        plan = self.plan
        vocabulary = base_model.vocabulary(plan.base)
        tokens = forecast.through(self.request.method, vocabulary, plan.parameters, loaded.accelerated)
        known = memory.remembered(plan.directory)
        found = memory.at_once(plan.share, prepared.longest, plan.parameters, tokens, known)
        return max(found, min(self._least, plan.share))

    def _begin_again(self, tried: int, fewer: int) -> None:
        """Say it, note it, and start this program anew: an allocator seldom gives back what a failed try took."""
        memory.remember(self.plan.directory, fewer)
        share = self.plan.share
        said = (
            f"Memory ran out with {tried} rows at once: going on with {fewer}, {share // fewer} times a step, "
            f"so that a step still learns from {share} rows."
        )
        self.job.event("memory", rows_at_once=fewer, accumulation=share // fewer, message=said)
        self.job.again(PROGRAM, resume=bool(jobdir.checkpoints(self.plan.directory)))

    def _trainer(self, loaded: Loaded, prepared: Prepared, at_once: int) -> tuple[Any, ProgressCallback]:
        from transformers import EarlyStoppingCallback, PrinterCallback

        from tools.workers.training.progress import ProgressCallback

        prompts = [prompt for prompt in self.request.samples if prompt][:SAMPLES]
        speak = (lambda seconds: _speak(loaded, prompts, seconds)) if prompts else None
        progress = ProgressCallback(
            self.job, speak, self.resumed, self.ranks, self._look(loaded, prepared), self._expected(prepared)
        )
        patience = [EarlyStoppingCallback(self.request.patience)] if self.request.patience else []
        trainer = self.method.trainer(self.plan, loaded, prepared, at_once, [progress, *patience])
        trainer.remove_callback(PrinterCallback)  # the events say it all; the log keeps warnings and errors
        return trainer, progress

    def _expected(self, prepared: Prepared) -> float:
        """Seconds that the run will take, at best."""
        tokens = prepared.counts["tokens"] / prepared.counts["rows"] * prepared.steps * self.plan.recipe.batch_size
        return forecast.seconds(tokens, self.plan.parameters, machine.hardware(), self.ranks.count).low

    def _look(self, loaded: Loaded, prepared: Prepared) -> Any:
        """What measures the token accuracy of some rows, for unsloth: its loss never sees which token is likeliest."""
        if self.engine != "unsloth" or self.request.method != "sft" or self.ranks.count > 1:
            return None
        looked_at = [row for row in prepared.train if len(row["input_ids"]) <= LOOKED_TOKENS][:LOOKED_AT]
        return (lambda: greedy_answers.accuracy(loaded.model, looked_at)) if looked_at else None

    def _fit(self, trainer: Any) -> None:
        checkpoint = None
        if self.resumed:
            checkpoint = str(jobdir.checkpoints(self.job.directory)[-1])
            self.job.event("resumed", step=int(checkpoint.rsplit("-", 1)[1]))
        self.job.stepping = True
        trainer.train(resume_from_checkpoint=checkpoint)
        self.job.stepping = False

    def _evaluate_last(self, trainer: Any, progress: ProgressCallback) -> None:
        if trainer.eval_dataset is not None and trainer.state.global_step not in progress.evaluations:
            trainer.evaluate()

    def _probe(self, tokenizer: Any) -> None:
        """Write what the saved model answers to the probes: [{"messages", "answer", "prompt_tokens"}]."""
        if not self.request.probes:
            return
        model = merge.saved(self.job.directory / MERGED)
        answers = greedy_answers.greedy(model, tokenizer, self.request.probes, PROBE_TOKENS)
        text = json.dumps([vars(given) for given in answers], ensure_ascii=False)
        jobdir.write_atomically(self.job.directory / jobdir.PROBES, text)

    def _save(self, trainer: Any, loaded: Loaded) -> dict[str, str]:
        """Write the model, and the adapter where there is one; their folders' names."""
        plan, merged = self.plan, self.job.directory / MERGED
        exact = plan.parameters <= recipe.MIDDLE
        model = getattr(trainer.model, "module", trainer.model)
        if self.request.tuning == "full":
            merge.whole(model, str(plan.base), merged, exact)
            return {"model": merged.name}
        adapter = self.job.directory / "adapter"
        model.save_pretrained(str(adapter), selected_adapters=["default"])
        loaded.tokenizer.save_pretrained(str(adapter))
        bases.unchanged(plan.base, plan.directory)
        del model  # merging loads the base again: what was trained has to make room for it
        trainer.model = trainer.model_wrapped = trainer.optimizer = trainer.lr_scheduler = loaded.model = None
        memory.release()
        merge.merge(str(plan.base), adapter, merged, plan.parameters, exact)
        return {"model": merged.name, "adapter": adapter.name}


def _stops(loaded: Loaded) -> frozenset[int]:
    """The ids at which generation ends: the tokenizer's and the generation config's."""
    configured = loaded.model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    return frozenset(id_ for id_ in [*ids, loaded.tokenizer.eos_token_id] if id_ is not None)


def _speak(loaded: Loaded, prompts: list[list[token_rows.Message]], seconds: float) -> list[dict[str, str]]:
    """Short greedy answers to the fixed prompts, for people to look at, cut where `seconds` are over."""
    answers = greedy_answers.greedy(loaded.model, loaded.tokenizer, prompts, SAMPLE_TOKENS, seconds, loaded.bf16)
    return [{"prompt": str(given.messages[-1].get("content", "")), "answer": given.answer} for given in answers]


if __name__ == "__main__":
    sys.exit(main())
