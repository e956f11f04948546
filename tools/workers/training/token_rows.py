"""Conversations -> token rows in which only the assistant's turns are learned.

Every turn is rendered twice with the model's own chat template: as the prompt that serving would build, and with
the answer in place. What the second adds to the first is what the model has to learn to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from tools import chat_rows
from tools.engine import templates

IGNORED = -100  # the label that no loss looks at
Message = dict[str, Any]
Row = dict[str, list[int]]


class Tokenizer(Protocol):
    """What is used of a transformers tokenizer."""

    eos_token_id: int | None

    def apply_chat_template(self, conversation: list[Message], **options: Any) -> Any: ...

    def __call__(self, text: str, **options: Any) -> Any: ...


@dataclass
class TokenRows:
    """Token rows (`input_ids`, `labels`, `attention_mask`) and what happened on the way."""

    rows: list[Row] = field(default_factory=list)
    cut: int = 0  # rows longer than the window
    tokens_cut: int = 0
    dropped: int = 0  # rows without anything left to learn
    calls: int = 0  # answers that call tools and are learned
    calls_left_out: int = 0  # those that the template does not show

    @property
    def tokens(self) -> int:
        return sum(len(row["input_ids"]) for row in self.rows)

    @property
    def trained_tokens(self) -> int:
        return sum(label != IGNORED for row in self.rows for label in row["labels"])

    def summary(self) -> dict[str, int]:
        return {
            "rows": len(self.rows),
            "tokens": self.tokens,
            "trained_tokens": self.trained_tokens,
            "rows_cut": self.cut,
            "tokens_cut": self.tokens_cut,
            "rows_dropped": self.dropped,
            "tool_calls": self.calls,
            "tool_calls_left_out": self.calls_left_out,
        }


@dataclass(frozen=True)
class TokenTurn:
    """One answer: the prompt's tokens, the answer's tokens, and whether it is to be learned."""

    prompt: list[int]
    answer: list[int]
    learned: bool


def build(
    tokenizer: Tokenizer, conversations: Iterable[list[Message]], max_length: int, stops: frozenset[int]
) -> TokenRows:
    """Token rows of at most `max_length` tokens. `stops` are the ids at which generation ends."""
    built = TokenRows()
    for number, conversation in enumerate(conversations, 1):
        try:
            turns = _turns(tokenizer, conversation)
            rows = _rows(turns, tokenizer, stops)
        except Exception as error:  # a template is a program of the model's author: it may raise anything
            raise ValueError(f"The model's chat template cannot render conversation {number}: {error}") from error
        calling = [turn for message, turn in zip(_answers(conversation), turns, strict=True) if _calls(message)]
        built.calls += sum(turn is not None and turn.learned for turn in calling)
        built.calls_left_out += sum(turn is None for turn in calling)
        if not rows:
            built.dropped += 1
        for ids, labels in rows:
            _add(built, ids, labels, max_length)
    return built


def _answers(conversation: list[Message]) -> list[Message]:
    """What the assistant says; an opening greeting answers nothing: it is context."""
    return [message for message in conversation[1:] if message.get("role") == "assistant"]


def _calls(message: Message) -> list[Message]:
    return message.get("tool_calls") or []


def _turns(tokenizer: Tokenizer, conversation: list[Message]) -> list[TokenTurn | None]:
    """Each answer of the conversation; None for one that the template leaves out."""
    return [
        _turn(tokenizer, conversation, index)
        for index, message in enumerate(conversation)
        if index and message.get("role") == "assistant"
    ]


def _rows(
    turns: list[TokenTurn | None], tokenizer: Tokenizer, stops: frozenset[int]
) -> list[tuple[list[int], list[int]]]:
    kept = [turn for turn in turns if turn is not None]
    if kept and len(kept) == len(turns) and _stable(kept):
        return [_joined(kept, tokenizer, stops)]
    return [_joined([turn], tokenizer, stops) for turn in kept if turn.learned]


def answered(
    tokenizer: Tokenizer, asked: list[Message], answer: str, stops: frozenset[int]
) -> tuple[list[int], list[int]] | None:
    """The tokens of a prompt and of one answer to it, up to and including the token that ends the answer.

    None when the template leaves the answer out.
    """
    turn = _turn(tokenizer, [*asked, {"role": "assistant", "content": answer}], len(asked))
    if turn is None:
        return None
    ids, labels = _joined([turn], tokenizer, stops)
    said = [label for label in labels[len(turn.prompt) :] if label != IGNORED]
    return ids[: len(turn.prompt)], said


def prompt(tokenizer: Tokenizer, messages: list[Message]) -> list[int]:
    """The tokens that serving would feed for these messages."""
    return _ids(tokenizer, render(tokenizer, messages, generation=True))


def _turn(tokenizer: Tokenizer, conversation: list[Message], index: int) -> TokenTurn | None:
    """The turn at `index`, or None when the template leaves the answer out."""
    before = render(tokenizer, conversation[:index], generation=True)
    after = render(tokenizer, conversation[: index + 1], generation=False)
    learned = conversation[index].get("weight", 1) != 0
    asked = _ids(tokenizer, before)
    said = after[len(before) :] if after.startswith(before) else after
    if any(call["function"]["name"] not in said for call in _calls(conversation[index])):
        return None
    if after.startswith(before):
        whole = _ids(tokenizer, after)
        if whole[: len(asked)] == asked:
            return TokenTurn(asked, whole[len(asked) :], learned)
        return TokenTurn(asked, _ids(tokenizer, after[len(before) :]), learned)
    content = str(conversation[index].get("content", "")).strip()
    found = after.rfind(content) if content else -1  # the template opens an answer differently than it records one
    return TokenTurn(asked, _ids(tokenizer, after[found:]), learned) if found >= 0 else None


def _stable(turns: list[TokenTurn]) -> bool:
    """Whether each prompt continues the turn before it, token for token."""
    pairs = pairwise(turns)
    return all((first.prompt + first.answer) == second.prompt[: _length(first)] for first, second in pairs)


def _length(turn: TokenTurn) -> int:
    return len(turn.prompt) + len(turn.answer)


def _joined(turns: list[TokenTurn], tokenizer: Tokenizer, stops: frozenset[int]) -> tuple[list[int], list[int]]:
    """Ids and labels of one row: learned up to and including the token that ends each answer."""
    ids: list[int] = []
    labels: list[int] = []
    for turn in turns:
        ids += turn.prompt[len(ids) :]
        labels += [IGNORED] * (len(ids) - len(labels))
        ids += turn.answer
        labels += _answer_labels(turn, stops)
    last = turns[-1]
    if last.learned and not stops.intersection(last.answer) and tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)  # a template without an end of turn: the model would never stop
        labels.append(tokenizer.eos_token_id)
    return ids, labels


def _answer_labels(turn: TokenTurn, stops: frozenset[int]) -> list[int]:
    """What follows the stop token (a newline, often) is the template's, never the model's."""
    if not turn.learned:
        return [IGNORED] * len(turn.answer)
    ends = [index for index, token in enumerate(turn.answer) if token in stops]
    end = ends[-1] + 1 if ends else len(turn.answer)
    return turn.answer[:end] + [IGNORED] * (len(turn.answer) - end)


def _add(built: TokenRows, ids: list[int], labels: list[int], max_length: int) -> None:
    if len(ids) > max_length:
        built.cut += 1
        built.tokens_cut += len(ids) - max_length
        ids, labels = ids[:max_length], labels[:max_length]
    # The first label is never predicted, so it does not count as something to learn.
    if all(label == IGNORED for label in labels[1:]):
        built.dropped += 1
        return
    built.rows.append({"input_ids": ids, "labels": labels, "attention_mask": [1] * len(ids)})


def render(tokenizer: Tokenizer, messages: list[Message], generation: bool) -> str:
    """The text of messages, with tools where there are some; `generation`: opened for an answer."""
    return str(
        tokenizer.apply_chat_template(
            list(map(_shown, messages)),
            tokenize=False,
            add_generation_prompt=generation,
            **_with_tools(tokenizer, messages),
        )
    )


def _with_tools(tokenizer: Tokenizer, messages: list[Message]) -> dict[str, Any]:
    """What a template gets beside messages with tools in them: the tools, and itself as it will be served."""
    tools = messages[0].get("tools") if messages else None
    if not tools and not any(_calls(message) or message.get("role") == "tool" for message in messages):
        return {}
    own = getattr(tokenizer, "chat_template", None)
    given: dict[str, Any] = {"tools": tools} if tools else {}
    return given | ({"chat_template": templates.taught(own)} if isinstance(own, str) else {})


def _shown(message: Message) -> Message:
    """A message as templates know it: the arguments of calls are objects; a name is only a tool's."""
    shown = {key: value for key, value in message.items() if key not in ("weight", *chat_rows.DECLARED)}
    if message.get("role") != "tool":
        shown.pop("name", None)
    if _calls(message):
        shown["tool_calls"] = [call | {"function": _object(call["function"])} for call in _calls(message)]
    return shown


def _object(function: dict[str, Any]) -> dict[str, Any]:
    try:
        arguments = json.loads(function["arguments"])
    except (TypeError, ValueError):
        return function
    return function | {"arguments": arguments} if isinstance(arguments, dict) else function


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
