"""What the starter model can do on names, words and phrases it has never seen.

`python -m tests.bench.starter --json`
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tools.starter.corpus import SKILLS
from tools.starter.sample import Sample
from tools.starter.words import Words

MODEL = Path(__file__).parents[2] / "data" / "starter"
GROUPS = {
    "reading": ("reading", "context"),
    "reading with shots": ("reading+shots",),
    "patterns": ("pattern", "pattern-inline", "sorting"),
    "extraction": ("extraction", "listing"),
    "copying": ("copying", "recall", "desk"),
    "labels": ("labels",),
    "entry at a place": ("nth",),
    "manners from shots": ("manners",),
    "style told in words": ("style",),
    "rewriting": ("rewriting", "points"),
    "dialogues by script": ("booking",),
    "refusing": ("refusal",),
    "who it is": ("identity",),
}
Scores = dict[str, float]


def samples(count: int, seed: int, templates: bool) -> list[tuple[str, Sample]]:
    """So many samples a group with held-out entities, and with held-out templates too if wished."""
    words, r = Words(heldout_entities=True, heldout_templates=templates), Random(f"{seed}-bench")
    found = []
    for group, skills in GROUPS.items():
        makers = [SKILLS[skill][0] for skill in skills]
        found += [(group, makers[i % len(makers)](r, words)) for i in range(count)]
    return found


def f1(expected: str, said: str) -> float:
    """Token F1 of words and marks, 0 to 1."""
    a, b = (Counter(re.findall(r"\w+|[^\w\s]", text.lower())) for text in (expected, said))
    shared = sum((a & b).values())
    return 2 * shared / (sum(a.values()) + sum(b.values())) if shared else 0.0


def values(expected: str, said: str) -> float | None:
    """1 if every number, name and citation of the expected answer is said, else 0; None if it has none."""
    wanted = re.findall(r"\[\d\]|\S*\d\S*[\w%]|\b\d\b|(?<=\w )[A-Z]\w+", expected)
    return float(all(one in said for one in wanted)) if wanted else None


def answers(folder: Path, prompts: list[list[dict[str, str]]], batch: int = 25) -> list[str]:
    """Greedy answers in batches of prompts of similar length, in the order of the prompts."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    texts = [tokenizer.apply_chat_template(one, tokenize=False, add_generation_prompt=True) for one in prompts]
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found: dict[int, str] = {}
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        inputs = tokenizer([texts[i] for i in part], return_tensors="pt", padding=True, add_special_tokens=False)
        inputs.pop("token_type_ids", None)
        out = model.generate(**inputs, max_new_tokens=120, do_sample=False)
        said = tokenizer.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        found.update(zip(part, (text.strip() for text in said), strict=True))
    return [found[i] for i in range(len(texts))]


def measure(folder: Path, count: int = 40, seed: int = 7, templates: bool = False) -> dict[str, Scores]:
    """For each group: exact match, token F1, values, as shares of 1."""
    tests = samples(count, seed, templates)
    said = answers(folder, [sample.messages[:-1] for _, sample in tests])
    sums: dict[str, dict[str, list[float]]] = {}
    for (group, sample), answer in zip(tests, said, strict=True):
        for name, score in score_of(sample, answer).items():
            if score is not None:
                sums.setdefault(group, {}).setdefault(name, []).append(score)
    return {
        group: {name: round(sum(all_of) / len(all_of), 2) for name, all_of in scores.items()}
        for group, scores in sums.items()
    }


def score_of(sample: Sample, said: str) -> dict[str, float | None]:
    """The scores of one answer by name, each 0 to 1."""
    expected = sample.messages[-1]["content"]
    same = float(said == expected)
    return {"exact": same, "f1": f1(expected, said), "values": values(expected, said)}


def main() -> None:
    """Print a table, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--count", type=int, default=40, help="samples for each group of skills")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    result: dict[str, Any] = {
        "heldout_entities": measure(args.model, args.count, args.seed),
        "heldout_entities_and_templates": measure(args.model, args.count, args.seed, templates=True),
    }
    result["count_a_group"], result["seconds"] = args.count, round(time.monotonic() - began, 1)
    if args.json:
        print(json.dumps(result, indent=2))
        return
    for part in ("heldout_entities", "heldout_entities_and_templates"):
        print(part)
        for group, scores in result[part].items():
            print(f"  {group:20}" + "".join(f"{name} {score:.2f}  " for name, score in scores.items()))


if __name__ == "__main__":
    main()
