"""The verbs from a frozen dataset to a switch: they estimate, propose and report; none starts anything."""

from __future__ import annotations

from typing import Any

from assistant.errors import AttuneError
from assistant.faces.cli.shared import pick
from assistant.guide.tools import Tools, as_argument
from assistant.stages import evaluate, finetune
from assistant.workbench import Workbench
from tools.signatures import with_options

Json = dict[str, Any]


class TrainingVerbs:
    """See `verbs.Verbs`, of which these are a part."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def _tools(self, case: str) -> Tools:
        return Tools(self.bench, pick(self.bench.store, case).id)

    # from dataset to switch -----------------------------------------------------------------------------------------
    def build_dataset(self, case: str = "") -> Json:
        """Freeze the approved conversations of now into a part to learn from and a held-out part to test on."""
        return self._tools(case).build_dataset()

    @with_options(as_argument)
    def estimate_training(self, *, case: str = "", **options: Any) -> Json:
        """Estimate a training run on the newest dataset: seconds, memory in GB and US dollars as ranges, from what they
        are estimated, and what passages of the documents in its rows come to. Starts and records nothing. Empty and 0
        stand for the usual choice."""
        bench, chosen = self.bench, pick(self.bench.store, case)
        if not bench.store.datasets(chosen.id):
            raise AttuneError(str(finetune.blocked(bench.store, chosen.id)), "Call build_dataset.")
        found = finetune.estimate(bench, chosen.id, **options)
        usual = finetune.choose(bench, chosen.id, options)
        return {"trainers": list(bench.trainers), "options": usual, "estimate": found}

    @with_options(as_argument)
    def propose_training(self, *, why: str = "", case: str = "", **options: Any) -> Json:
        """Propose a training run on the newest dataset. It does not start: a person confirms the proposal in the app or
        with `attune confirm NUMBER`. Empty and 0 stand for the usual choice."""
        return self._tools(case).propose_training(why=why, **options)

    def job_status(self, case: str = "") -> Json:
        """Tell how the training jobs of a case are doing: state, step, time left, and the reason when one ended."""
        return self._tools(case).job_status()

    def propose_evaluation(self, why: str = "", case: str = "") -> Json:
        """Propose to let every variant answer the held-out conversations. It does not start: a person confirms it."""
        return self._tools(case).evaluate(why)

    def verdict(self, case: str = "") -> Json:
        """Give the latest evaluation: every variant's score with its 95 % interval, whether the trained model is better
        than the best untrained variant and why, and whether what is served is what was trained."""
        latest = evaluate.latest(self.bench.store, pick(self.bench.store, case).id)
        if latest is None:
            raise AttuneError("Nothing has been measured yet.", "Call propose_evaluation; a person confirms it.")
        return {
            "job": latest.job,
            "scorer": latest.scorer,
            "variants": latest.results,
            "verdict": latest.verdict,
            "parity": latest.parity,
        }

    def propose_switch(
        self, variant: str = "", why: str = "", share: int = 100, force: bool = False, reason: str = "", case: str = ""
    ) -> Json:
        """Propose that another variant answers from now on: its name, or nothing for the one proved better; `share`:
        of 100 conversations, how many. A tuned model that has not proved better takes `force` and the person's
        `reason`, which is recorded. It does not switch: a person confirms it."""
        return self._tools(case).propose_switch(variant, why, share, force, reason)

    def propose_undo(self, case: str = "") -> Json:
        """Propose to bring back what answered before the last switch. A person confirms it."""
        return self._tools(case).undo()

    def list_proposals(self, case: str = "") -> Json:
        """List the proposals of a case with their state. Open ones wait for a person; you cannot confirm one."""
        found = self.bench.store.proposals(pick(self.bench.store, case).id)
        return {
            "proposals": [
                {"proposal": p.id, "kind": p.kind, "state": p.state, "why": p.why, "result": p.result} for p in found
            ]
        }

    def results(self, about: str, case: str = "") -> Json:
        """Tell what was measured and what it took, in plain words. `about` is one of: better (is the new model
        better), cost (what training and measuring took), stopped (why a job ended, and the remedy), failures (where it
        fails)."""
        return self._tools(case).results(about)

    def look_up(self, question: str) -> Json:
        """Look up what Attune's handbook says about fine-tuning: whether to do it, how many examples, costs, privacy,
        training, measuring, export. Returns sections with their source; none where it says nothing about it."""
        return Tools(self.bench, "").look_up(question)

    def explain(self, term: str) -> Json:
        """Explain a term of fine-tuning in plain words, for example LoRA, chrF or held-out."""
        return Tools(self.bench, "").explain(term)
