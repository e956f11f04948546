"""Every training option, described once: its name, values, default and help, and who takes it. Faces are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tools.local import recipe
from tools.trainer import ToolError, TrainRequest

OWN = ("unsloth", "trl", "hf_jobs")  # the trainers that run our own worker
LOCAL = ("unsloth", "trl", "autotrain", "hf_jobs")
VENDORS = ("openai", "azure", "compatible")


@dataclass(frozen=True)
class Option:
    """One option. 0, "" and None stand for "left out" (`kind()`); `default` says in words what happens then.

    A whole number lies between `low` and `high`; any other number above `low` and up to `high`. A text is one of
    `choices`, if any: the value, and what the page calls it. `trainers`, `methods`, `tunings`: who takes it; empty =
    all. OpenAI's API calls it `openai` and takes up to `hosted_high`; `left_to` is what a vendor decides itself.
    `in_request`: it is a field of TrainRequest; else whoever calls the trainer heeds it.
    """

    name: str
    kind: type[int] | type[float] | type[str]
    label: str
    help: str
    default: str
    low: float = 0
    high: float = 0
    step: float = 0
    choices: Mapping[str, str] = field(default_factory=dict)
    trainers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    tunings: tuple[str, ...] = ()
    hosted_high: float = 0
    openai: str = ""
    left_to: str = ""
    in_request: bool = True

    @property
    def plain(self) -> Any:
        """What a TrainRequest holds where nothing was chosen; None where it must be."""
        return getattr(TrainRequest, self.name, None)

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def limits(self) -> str:
        """The values that it takes, in words that follow "Give"."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.kind is str:
            return "a text"
        if self.kind is int:
            return f"a whole number from {self.low:,.0f} to {self.high:,.0f}"
        return f"a number above {self.low:g} and up to {self.high:g}"

    @property
    def takers(self) -> str:
        """The trainers, methods and tunings that take it."""
        return "; ".join(", ".join(names) for names in (self.trainers, self.methods, self.tunings) if names) or "all"

    @property
    def about(self) -> str:
        """What it is and which values it takes, in sentences."""
        if self.choices:
            meant = "; ".join(f"{value}: {said[0].lower()}{said[1:]}" for value, said in self.choices.items())
            return f"{self.help} {meant}."
        return f"{self.help} {self.limits[0].upper()}{self.limits[1:]}." if self.high else self.help

    @property
    def told(self) -> str:
        """All that there is to know of it, in sentences."""
        only = "" if self.takers == "all" else f" Only for {self.takers}."
        return f"{self.about} Default: {self.default}.{only}"

    def check(self, value: Any) -> Any:
        """The value as its kind, also from a text. Raises ToolError for one that it cannot have."""
        if self.kind is not str and isinstance(value, str):
            with suppress(ValueError):
                value = self.kind(value)
        number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
        if self.kind is str and isinstance(value, str):
            if not self.choices or value in self.choices:
                return value
            raise ToolError(f"{_shown(value)} is not a choice for {self.name}.", f"Choose {self.limits}.")
        if self.kind is int and number and value == int(value) and self.low <= value <= self.high:
            return int(value)
        if self.kind is float and number and self.low < value <= self.high:
            return float(value)
        raise ToolError(f"{_shown(value)} is not a usable value for {self.name}.", f"Give {self.limits}.")

    def schema(self) -> dict[str, Any]:
        """The JSON schema of an argument, which may also be left out: by 0 or by an empty text."""
        if self.kind is str:
            values = {"enum": ["", *self.choices]} if self.choices else {}
            return {"type": "string", **values, "description": self.told}
        kind = "integer" if self.kind is int else "number"
        return {"type": kind, "minimum": 0, "maximum": self.high, "description": self.told}


OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option(
            "trainer",
            str,
            "Trainer",
            "Which trainer runs it; `attune trainers` lists them.",
            "the case's, else the first that is ready",
            in_request=False,
        ),
        Option("base", str, "Base model", "Model to start from: a folder or a name.", "the case's, else the usual one"),
        Option(
            "epochs",
            float,
            "Epochs",
            "Passes over the data.",
            "chosen by the model's size and the rows",
            high=50,
            step=1,
            hosted_high=50,
            openai="n_epochs",
        ),
        Option(
            "max_steps",
            int,
            "Steps at most",
            "Stop after this many steps.",
            "the epochs decide",
            low=1,
            high=1_000_000,
            trainers=LOCAL,
            left_to="the number of steps",
        ),
        Option(
            "learning_rate",
            float,
            "Learning rate",
            "Peak learning rate.",
            "chosen by the model's size and the method",
            high=1,
            step=0.0001,
            trainers=LOCAL,
            left_to="the learning rate",
        ),
        Option(
            "batch_size",
            int,
            "Batch size",
            "Rows a step.",
            f"{recipe.BATCH}; a vendor chooses its own",
            low=1,
            high=1024,
            hosted_high=256,
            openai="batch_size",
        ),
        Option(
            "lora_rank",
            int,
            "LoRA rank",
            "Rank of the adapter.",
            "64 for a model under 50 million parameters, else 16",
            low=1,
            high=512,
            trainers=LOCAL,
            tunings=("lora", "qlora"),
            left_to="the rank",
        ),
        Option("seed", int, "Seed", "Seed of the run.", "the case's, else 3407", high=2**31 - 1, openai="seed"),
        Option(
            "method",
            str,
            "Method",
            "What it learns from; no vendor has KTO.",
            "sft",
            choices={
                "sft": "Imitate the approved answers",
                "dpo": "Prefer the better of two answers (DPO)",
                "kto": "Keep good answers, avoid bad ones (KTO)",
            },
            trainers=OWN + VENDORS,
        ),
        Option(
            "tuning",
            str,
            "What is tuned",
            "Which weights are tuned.",
            "lora",
            choices={
                "lora": "An adapter (LoRA)",
                "qlora": "An adapter on 4-bit weights (QLoRA, a GPU)",
                "full": "All weights (small models)",
            },
            trainers=OWN,
        ),
        Option(
            "continue_from",
            int,
            "Go on from run",
            "An earlier job to go on from.",
            "it starts from the base",
            low=1,
            high=1_000_000,
            trainers=OWN + VENDORS,
            in_request=False,
        ),
        Option(
            "patience",
            int,
            "Patience",
            "Stop after this many evaluations without a better eval loss.",
            "it runs to its end",
            low=1,
            high=1000,
            trainers=OWN,
            left_to="when to stop",
        ),
        Option(
            "processes",
            int,
            "GPUs or processes",
            "GPUs or processes at once.",
            "1",
            low=1,
            high=64,
            trainers=OWN,
            left_to="the number of processes",
        ),
        Option(
            "beta",
            float,
            "Beta",
            "Of DPO and KTO: how near to the base the model stays.",
            f"{recipe.BETA:g}; a vendor chooses its own",
            high=10,
            step=0.05,
            methods=("dpo", "kto"),
            hosted_high=2,
            openai="beta",
        ),
        Option(
            "passages",
            str,
            "Passages in the rows",
            "Whether the rows carry passages of the documents.",
            "auto",
            choices={"auto": "Where the case has documents", "on": "In the rows", "off": "None"},
            in_request=False,
        ),
    )
}


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were not left out."""
    return {k: v for k, v in values.items() if v is not None and v != "" and (isinstance(v, bool) or v != 0)}


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that were not left out, each as its kind. Raises ToolError for the first that is none or cannot be."""
    if unknown := sorted(set(values) - set(OPTIONS)):
        raise ToolError(f"Training has no option '{unknown[0]}'.", f"It has {', '.join(OPTIONS)}.")
    return {name: OPTIONS[name].check(value) for name, value in given(values).items()}


def settled(usual: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, else the usual. Raises ToolError for a value or a combination that cannot be."""
    found = {**usual, **checked({**usual, **given(asked)})}
    _check_method(found, str(found.get("method") or OPTIONS["method"].default))
    return found


def check_request(request: TrainRequest) -> None:
    """Raise ToolError for what no trainer can run. Upper limits hold where people choose: a program may go beyond."""
    held = ((option, getattr(request, option.name)) for option in OPTIONS.values() if option.in_request)
    asked = {o.name: o.check(min(value, o.high) if o.high else value) for o, value in held if value != o.plain}
    _check_method(asked, request.method)


def _check_method(values: Mapping[str, Any], method: str) -> None:
    for name in given(values):
        if OPTIONS[name].methods and method not in OPTIONS[name].methods:
            takers = " and ".join(one.upper() for one in OPTIONS[name].methods)
            sentence = f"{name.capitalize()} is an option of {takers}; {method.upper()} has none."
            raise ToolError(sentence, "Leave it out, or choose another method.")


def _shown(value: Any) -> str:
    """A value as it may stand in a sentence."""
    text = f"'{value}'" if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else f"{value}"
    return text if len(text) <= 60 else f"{text[:57]}..."
