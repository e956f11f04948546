"""Rows with tools on their way to training, to the prompt and to what is measured."""

from __future__ import annotations

from assistant.conversations import judged
from assistant.conversations.training_rows import training_rows
from assistant.evidence import runner
from assistant.jobs import tool_calls
from assistant.knowledge.prompt import composition, shots
from assistant.record.types import Item, Message, Variant
from tools.trainer import TrainRequest

TOOL = {"type": "function", "function": {"name": "tide", "parameters": {}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": "{}"}}
TALK: list[Message] = [
    {"role": "system", "content": "One.", "tools": [TOOL]},
    {"role": "system", "content": "Two."},
    {"role": "user", "content": "When?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "noon", "tool_call_id": "c1"},
    {"role": "assistant", "content": "At noon."},
    {"role": "system", "content": "In French."},
    {"role": "user", "content": "And then?"},
    {"role": "assistant", "content": "A six heures."},
]
ITEM = Item(0, "test", TALK)


def test_training_keeps_tools_and_leaves_later_system_messages_where_they_stand() -> None:
    (row,) = training_rows([ITEM], "S")
    assert row == [{"role": "system", "content": "S\n\nOne.\n\nTwo.", "tools": [TOOL]}, *TALK[2:]]


def test_the_prompt_of_a_later_question_has_the_calls_before_it() -> None:
    variant = Variant("c", "prompt", "local", "m", "S")
    built = composition.build(variant, TALK[:-1], [], [], 4000, lambda messages: len(messages))
    assert built.messages == [{"role": "system", "content": "S\n\nOne.\n\nTwo."}, *TALK[2:-1]]


def test_answers_in_words_to_a_user_are_measured() -> None:
    greeting = Item(1, "test", [{"role": "assistant", "content": "Hello."}, *TALK[2:4]])
    assert [(asked.item, asked.turn, asked.reference) for asked in runner.questions([ITEM, greeting])] == [
        (0, 2, "A six heures.")
    ]


def test_a_call_is_neither_an_example_nor_a_judged_answer() -> None:
    assert shots.shorten(TALK[2:]) == []
    good = judged.to_learn("kto", [], [Item(0, "train", TALK)], 1)
    assert sorted(one.chosen for one in good) == ["A six heures.", "At noon."]


def test_what_becomes_of_calls_is_told_before_a_run() -> None:
    assert tool_calls.told(TrainRequest("vendor/model", [TALK, TALK[2:3]])) == (
        "1 of 2 rows call tools: they are learned as the chat template of vendor/model shows them."
    )
    assert tool_calls.told(TrainRequest("vendor/model", [TALK[6:]])) == ""
