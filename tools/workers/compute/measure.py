"""Our own measuring of a model that somebody else's trainer made: eval loss, answers to probes, merging."""

from __future__ import annotations

import json
import random
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tools import jobdir
from tools.local import base_model, recipe
from tools.trainer import PROBE_TOKENS, ToolError, TrainRequest
from tools.workers.compute import greedy_answers
from tools.workers.compute.merge import merge
from tools.workers.job import JobFolder
from tools.workers.training import token_rows

EVAL_ROWS = 256


class Measure:
    """A base, its tokenizer and a request's rows, as every trainer of ours sees them."""

    def __init__(self, job: JobFolder, request: TrainRequest, base: Path) -> None:
        from transformers import AutoTokenizer

        self.job, self.request, self.base = job, request, base
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base)
        self.parameters = base_model.parameters(base)
        self.recipe = recipe.choose(request, self.parameters)
        self.window = min(request.max_length or base_model.window(base), base_model.window(base))
        self.counts = {"rows": len(request.train), "rows_dropped": 0, "test_rows": len(request.test)}

    def texts(self) -> tuple[list[str], int, float]:
        """Every row of the run in its order, as text without the token that ends it; the longest and the mean length.

        A row with an answer that must not be learned is left out: whoever reads text learns all of it.
        """
        learned = [row for row in self.request.train if all(message.get("weight", 1) for message in row)]
        if not learned:
            raise ToolError("No row can be learned whole.", "Approve conversations in which every answer is good.")
        self.counts |= {"rows": len(learned), "rows_dropped": len(self.request.train) - len(learned)}
        wanted = recipe.steps(self.request, self.recipe, len(learned)) * self.recipe.batch_size
        order = random.Random(self.request.seed)
        rendered = list(islice(cycle(map(self._text, learned)), wanted))
        order.shuffle(rendered)
        lengths = [len(ids) + 1 for ids in self.tokenizer(rendered, add_special_tokens=False)["input_ids"]]
        mean = sum(lengths) / len(lengths)
        return rendered, min(max(lengths), self.window), min(mean, self.window)

    def test(self, adapter: Path | None) -> dict[str, float]:
        """`eval_loss`, a learned token's mean over the test rows, and `token_accuracy`; empty when there are none."""
        import torch

        built = token_rows.build(self.tokenizer, self.request.test[:EVAL_ROWS], self.window, self._stops())
        if not built.rows:
            return {}
        model, total, count = self._model(adapter), 0.0, 0
        with torch.inference_mode():
            for row in built.rows:
                labels = torch.tensor([row["labels"]])
                seen = int((labels[0, 1:] != token_rows.IGNORED).sum())
                out = model(input_ids=torch.tensor([row["input_ids"]]), labels=labels)
                total, count = total + float(out.loss) * seen, count + seen
        return {
            "eval_loss": round(total / count, 5),
            "token_accuracy": round(greedy_answers.accuracy(model, built.rows), 5),
        }

    def probe(self, adapter: Path) -> None:
        """Write what the adapter answers before it is merged."""
        if self.request.probes:
            answers = greedy_answers.greedy(self._model(adapter), self.tokenizer, self.request.probes, PROBE_TOKENS)
            text = json.dumps([vars(given) for given in answers], ensure_ascii=False)
            jobdir.write_atomically(self.job.directory / jobdir.PROBES, text)

    def merge(self, adapter: Path) -> Path:
        """The merged model's folder."""
        merged = self.job.directory / "merged"
        self.tokenizer.save_pretrained(adapter)
        merge(str(self.base), adapter, merged, self.parameters, exact=self.parameters <= recipe.MIDDLE)
        return merged

    def _text(self, row: list[token_rows.Message]) -> str:
        text = token_rows.render(self.tokenizer, row, generation=False).rstrip()
        return text.removesuffix(self.tokenizer.eos_token or "")  # AutoTrain ends every row with it

    def _model(self, adapter: Path | None) -> Any:
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        model: Any = AutoModelForCausalLM.from_pretrained(self.base, dtype=torch.float32)
        if self.parameters < recipe.SMALL:
            torch.set_num_threads(1)  # more only wait for each other over a small model's layers
        if adapter is not None:
            model = PeftModel.from_pretrained(model, str(adapter))
            learned = [weight for name, weight in model.named_parameters() if "lora" in name]
            if not all(bool(torch.isfinite(weight).all()) for weight in learned):
                raise ToolError("The adapter holds values that are not numbers.", "Lower the learning rate.")
        return model.eval()

    def _stops(self) -> frozenset[int]:
        from transformers import GenerationConfig

        ids: list[Any] = [self.tokenizer.eos_token_id]
        if (self.base / "generation_config.json").is_file():
            configured = GenerationConfig.from_pretrained(self.base).eos_token_id
            ids += configured if isinstance(configured, list) else [configured]
        return frozenset(id_ for id_ in ids if id_ is not None)
