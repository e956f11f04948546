"""The plain types of the record. They import nothing of ours."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

Message = dict[str, Any]  # {"role", "content"}, and "weight": 0 where a turn is context only
QUOTE = "quote"  # the endpoint of a variant that quotes the documents and asks no model

BRIEF_QUESTIONS = tuple(
    "goal users must_not language tone format must success alternatives costs benefits examples bad_example".split()
)
FIRST_FIELDS = ("goal", "users", "must_not")  # the baseline waits for these; for the others no stage does
OPTIONAL_FIELDS = ("examples", "bad_example")
LIST_FIELDS = ("must", "must_not", "examples")


@dataclass(frozen=True)
class Brief:
    """What the interview found. An empty field is a gap; `skipped` are those the user chose not to answer.
    `examples` are good answers as they should be sent, each of one or more lines; `bad_example` is one to avoid.
    """

    goal: str = ""
    users: str = ""
    must_not: tuple[str, ...] = ()
    language: str = ""
    tone: str = ""
    format: str = ""
    must: tuple[str, ...] = ()
    success: str = ""
    alternatives: str = ""
    costs: str = ""
    benefits: str = ""
    examples: tuple[str, ...] = ()
    bad_example: str = ""
    skipped: tuple[str, ...] = ()

    @property
    def gaps(self) -> list[str]:
        """Fields not answered and not skipped, in the order they are asked."""
        return [name for name in BRIEF_QUESTIONS if not getattr(self, name) and name not in self.skipped]

    @property
    def missing(self) -> list[str]:
        """The gaps that the baseline waits for."""
        return [name for name in self.gaps if name in FIRST_FIELDS]

    def to_json(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Brief:
        """A brief from JSON, also an older one: unknown fields are left out, missing ones are empty.

        One that was complete before the optional questions existed stays complete: they count as skipped.
        """
        brief = cls(**{f.name: _typed(value[f.name], f.name) for f in fields(cls) if value.get(f.name)})
        older = not set(OPTIONAL_FIELDS) & set(value)
        return brief.settled() if older else brief

    def settled(self) -> Brief:
        """The same brief; where only optional questions are open, they count as skipped."""
        return replace(self, skipped=(*self.skipped, *self.gaps)) if set(self.gaps) <= set(OPTIONAL_FIELDS) else self


def _typed(value: Any, name: str) -> Any:
    """A value of a brief in its field's own type: text, or a tuple of texts."""
    parts = tuple(str(part) for part in (value if isinstance(value, list | tuple) else [value]))
    return parts if name in (*LIST_FIELDS, "skipped") else " ".join(parts)


@dataclass(frozen=True)
class BriefVersion:
    """A brief as it stood after one change. `number` counts from 1 within a case.
    `source` is where the change came from: guide, form, file or command line ("earlier": before versions were kept);
    `restored` is the number of the version that it brought back, 0 where it did not.
    """

    id: int
    case: str
    number: int
    brief: Brief
    source: str
    restored: int = 0
    created: str = ""


@dataclass(frozen=True)
class Case:
    """One use case. `options` are the thresholds and defaults of its case file: trainer, base, epochs, scorer..."""

    id: str
    title: str = ""
    owner: str = "local"
    brief: Brief = field(default_factory=Brief)
    options: dict[str, Any] = field(default_factory=dict)
    created: str = ""


@dataclass(frozen=True)
class Document:
    """A document's text as it was read. `sha256` is of the original bytes.

    `pages` counts slides, sheets or chapters, too. `problem`: why the file could not be used; nothing is read then.
    """

    id: int
    case: str
    name: str
    kind: str
    text: str
    sha256: str
    pages: int = 1
    warnings: tuple[str, ...] = ()
    created: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Variant:
    """Everything needed to reproduce an answer. Its id is the hash of the rest.

    `endpoint`: "local" (served by this app), "chat" (the server of ATTUNE_CHAT_BASE_URL), or the hosted trainer whose
    server answers: "openai", "azure", "compatible"; "quote": no model answers, the documents are quoted.
    `shots`: examples before the question; `dataset`: the frozen dataset whose train split they come from,
    empty = the approved conversations of the moment. `passages`: how many the retriever adds.
    """

    case: str
    name: str  # prompt | few-shot | rag | rag+few-shot | quote | tuned | tuned+rag
    endpoint: str
    model: str
    system: str
    shots: int = 0
    passages: int = 0
    dataset: str = ""
    job: int = 0  # the job that made the model; 0 = untrained
    temperature: float = 0.0
    max_tokens: int = 512
    id: str = ""

    @property
    def tuned(self) -> bool:
        return self.job > 0


@dataclass(frozen=True)
class Passage:
    """A retrieved piece of a document. `score`: higher is better; `mark`: its [n] in the prompt."""

    document: str
    heading: str
    text: str
    score: float = 0.0
    mark: int = 0


@dataclass(frozen=True)
class Turn:
    """A message of a conversation. Answers to the same question are siblings: they share `parent`."""

    id: int
    conversation: int
    parent: int  # 0 = first message
    role: str
    content: str
    label: str = ""  # "", approved, rejected
    edited_from: int = 0
    variant: str = ""
    passages: tuple[Passage, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)  # tokens, latency, what was dropped from the prompt
    created: str = ""


@dataclass(frozen=True)
class Conversation:
    """`source`: chat, import or heldout. A held-out one can only ever be tested on."""

    id: int
    case: str
    source: str
    created: str = ""


@dataclass(frozen=True)
class Item:
    """One frozen row of a dataset."""

    position: int
    split: str  # train | test
    messages: list[Message]
    conversation: int = 0


@dataclass(frozen=True)
class Dataset:
    """A frozen split. Its id is the hash of its content, seed included."""

    id: str
    case: str
    seed: int
    train: int
    test: int
    dropped: dict[str, int] = field(default_factory=dict)
    created: str = ""


@dataclass(frozen=True)
class Job:
    """One training run: a row plus the handle that its trainer understands."""

    id: int
    case: str
    dataset: str
    trainer: str
    handle: str
    state: str
    reason: str = ""
    model: str = ""
    adapter: str = ""
    request: dict[str, Any] = field(default_factory=dict)  # without the rows: the dataset holds them
    metrics: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    ended: str = ""
    key: str = ""  # whatever asked for it: asking twice with one key starts one job

    @property
    def waits(self) -> bool:
        """Whether it stands in the queue, so that nothing was begun yet."""
        return self.state == "queued" and bool(self.request.get("waits_since"))


@dataclass(frozen=True)
class Evaluation:
    """Held-out conversations x variants. `verdict`, `parity` and `proof` are filled when it has finished."""

    id: int
    case: str
    dataset: str
    job: int
    scorer: str
    variants: list[str]
    results: dict[str, Any] = field(default_factory=dict)
    verdict: dict[str, Any] = field(default_factory=dict)
    parity: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    finished: str = ""
    proof: dict[str, Any] = field(default_factory=dict)  # frame, sanity baselines, checks, ledger, leaks


@dataclass(frozen=True)
class Score:
    """One answer of one variant to one held-out turn. `score` is None when it could not be scored."""

    evaluation: int
    variant: str
    item: int  # the dataset item's position
    turn: int  # which assistant turn of the item, from 0
    answer: str
    score: float | None
    prompt_tokens: int
    completion_tokens: int
    first_token_s: float
    total_s: float
    error: str = ""


@dataclass(frozen=True)
class Proposal:
    """Something that costs or changes something and waits for a person. `basis` is what it was based on, hashed.

    `why` is the whole of it as text; `terms` the same in parts: what, why, takes, costs, leaves (alone).
    """

    id: int
    case: str
    kind: str  # train | switch | evaluate ...
    payload: dict[str, Any]
    why: str
    basis: str
    state: str = "open"  # open | confirmed | declined | expired
    result: str = ""
    created: str = ""
    decided: str = ""
    terms: dict[str, str] = field(default_factory=dict)
