"""The contract every trainer keeps: a request goes in, a handle comes back, and the handle can be polled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

PROBE_TOKENS = 32  # the longest answer to a probe; whoever compares answers must cut at the same place
Message = dict[str, Any]  # {"role", "content", "weight"?}: the one currency from the chat to the trainer


@dataclass(frozen=True)
class Preference:
    """One judgement. DPO reads both answers; KTO may leave one of them empty."""

    prompt: list[Message]
    chosen: str = ""
    rejected: str = ""


class ToolError(Exception):
    """Something the user can fix: one sentence about what is wrong and one about the remedy."""

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(f"{sentence} {remedy}".strip())
        self.sentence = sentence
        self.remedy = remedy


class Unsure(ToolError):
    """The vendor may have started the run and did not say so: it is looked for by its key, never started again."""


class JobState(StrEnum):
    """Where a training run stands. `UNKNOWN` means: the vendor said something new, still polling."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)

    @property
    def rests(self) -> bool:
        """Ended or paused: nothing more happens unless somebody asks for it."""
        return self.ended or self is JobState.PAUSED


@dataclass(frozen=True)
class TrainRequest:
    """Everything a trainer needs. What may be chosen is described in tools/options.py; 0 leaves it to the trainer.

    `train` and `test` are lists of conversations (lists of messages); `test` is used for the eval loss only.
    """

    base: str  # a local folder or a hub id
    train: list[list[Message]]
    test: list[list[Message]] = field(default_factory=list)
    epochs: float = 0.0
    learning_rate: float = 0.0  # peak, per optimiser step
    batch_size: int = 0  # rows a step, accumulation included
    lora_rank: int = 0
    max_steps: int = 0
    max_length: int = 0  # tokens a row; 0 = the model's window
    seed: int = 3407
    suffix: str = ""
    samples: list[list[Message]] = field(default_factory=list)  # fixed prompts answered while training
    probes: list[list[Message]] = field(default_factory=list)  # answered greedily before merging, for the parity check
    method: str = "sft"
    preferences: list[Preference] = field(default_factory=list)  # what dpo and kto learn from, in place of `train`
    test_preferences: list[Preference] = field(default_factory=list)  # for their eval loss only
    beta: float = 0.0
    adapter: str = ""  # an earlier result to go on from: an adapter's folder, or a vendor's model
    tuning: str = "lora"
    patience: int = 0
    processes: int = 1
    threads: int = 0  # that compute, of a run here; 0 leaves it to the worker: a run that is repeated needs as many
    key: str = ""  # of this confirmation: a trainer that costs money never starts two jobs for one key

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TrainRequest:
        judged = {
            name: [Preference(**one) for one in value[name]]
            for name in ("preferences", "test_preferences")
            if name in value
        }
        return cls(**{**value, **judged})


@dataclass(frozen=True)
class Range:
    """A forecast between `low` and `high`, in the unit of the field that holds it."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to take, and where the forecast comes from."""

    seconds: Range
    memory_gb: Range
    money_usd: Range
    source: str
    steps: int = 0
    rows_cut: int = 0  # rows longer than the window: what is past it is not learned
    note: str = ""  # what else whoever decides should know of the rows


@dataclass(frozen=True)
class Checkpoint:
    """A model as it was at a step, where the trainer keeps it: a folder, or a vendor's model name."""

    step: int
    model: str
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobStatus:
    """What is true of a run now. `events` are those since `after` was asked for; `reason` is set when it ended."""

    state: JobState
    reason: str = ""
    step: int = 0
    steps: int = 0
    eta_seconds: float | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    model: str = ""  # path of the merged model or the vendor's model name, when succeeded
    adapter: str = ""  # path of the adapter, when there is one
    metrics: dict[str, Any] = field(default_factory=dict)  # final_loss, eval_loss, seconds, tokens
    resumable: bool = False
    checkpoints: list[Checkpoint] = field(default_factory=list)


@runtime_checkable
class Hosted(Protocol):
    """What a trainer on a vendor's machines tells beside the contract."""

    def bases(self) -> list[str]:
        """The models that it tunes, the usual one first; empty when it does not know."""


class Trainer(Protocol):
    """A way to tune a model. Stateless: the handle is all that has to be remembered."""

    @property
    def name(self) -> str:
        """What it is called in settings, commands and the record."""

    def unavailable(self) -> str | None:
        """One sentence and a remedy; None when ready."""

    def estimate(self, request: TrainRequest) -> Estimate:
        """Seconds, memory and money as ranges. Raises ToolError for a request that cannot run."""

    def start(self, request: TrainRequest) -> str:
        """Start at once and return a handle: a job directory, or a vendor's id.

        Raises ToolError when nothing was started, Unsure when that cannot be told.
        """

    def find(self, key: str) -> str | None:
        """The handle of the run that was started for this key; None when there is none. Raises ToolError when it
        cannot be told now."""

    def poll(self, handle: str, after: int = 0) -> JobStatus:
        """The run's true state; `events` holds those from index `after` on."""

    def cancel(self, handle: str) -> None:
        """Ask the run to end; harmless when it has ended."""

    def pause(self, handle: str) -> None:
        """Stop for now, to `resume` later; `poll` says PAUSED once it has. Raises ToolError where that cannot be."""

    def resume(self, handle: str) -> None:
        """Go on from the last checkpoint. Raises ToolError when there is none or the run still lives."""
