"""Which tokens a model learns: the assistant's, up to the one that ends the turn, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinymodel import CHATML
from tests.tools.conftest import make_tokenizer
from tools.engine import templates
from tools.workers.training import token_rows

STOPS = frozenset({2})
# Templates whose earlier turns change as the conversation goes on, as those of reasoning models do.
LAST_MARKED = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}{% if loop.last %} (last){% endif %}\n"
    "{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
THINKING = CHATML.replace("<|im_start|>assistant\n{% endif %}", "<|im_start|>assistant\n<think></think>\n{% endif %}")
NO_END = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}" + (
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def talk(*turns: str, **weights: int) -> list[dict]:
    """user, assistant, user, ... ; `talk("a", "b", w1=0)` gives the message at index 1 the weight 0."""
    messages: list[dict] = [
        {"role": ("user", "assistant")[index % 2], "content": turn} for index, turn in enumerate(turns)
    ]
    for name, weight in weights.items():
        messages[int(name[1:])]["weight"] = weight
    return messages


def learned(tokenizer, row) -> str:
    return tokenizer.decode([label for label in row["labels"] if label != token_rows.IGNORED])


def build(tokenizer, *conversations, window: int = 256) -> token_rows.TokenRows:
    return token_rows.build(tokenizer, conversations, window, STOPS)


def test_only_the_answer_and_its_end_are_learned(tokenizer):
    built = build(tokenizer, talk("hello", "sorry"))
    (row,) = built.rows
    assert learned(tokenizer, row) == "sorry<|im_end|>"
    assert tokenizer.decode(row["input_ids"]).startswith("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n")
    assert all(
        label in (token_rows.IGNORED, token) for token, label in zip(row["input_ids"], row["labels"], strict=True)
    )


def test_every_turn_of_a_conversation_in_one_row(tokenizer):
    built = build(tokenizer, talk("hello", "sorry", "order", "thanks"))
    (row,) = built.rows
    assert learned(tokenizer, row) == "sorry<|im_end|>thanks<|im_end|>"


def test_weight_zero_stays_as_context(tokenizer):
    (row,) = build(tokenizer, talk("hello", "sorry", "order", "thanks", w1=0)).rows
    assert learned(tokenizer, row) == "thanks<|im_end|>"
    assert "sorry" in tokenizer.decode(row["input_ids"])


def test_a_row_without_anything_to_learn_is_dropped_and_counted(tokenizer):
    built = build(tokenizer, talk("hello", "sorry", w1=0), talk("hello"))
    assert (built.rows, built.dropped) == ([], 2)


def test_an_opening_greeting_is_context(tokenizer):
    conversation = [{"role": "assistant", "content": "hello"}, *talk("order", "thanks")]
    (row,) = build(tokenizer, conversation).rows
    assert learned(tokenizer, row) == "thanks<|im_end|>"
    assert "hello" in tokenizer.decode(row["input_ids"])


def test_what_is_cut_is_counted(tokenizer):
    whole = build(tokenizer, talk("hello", "sorry thanks sorry")).rows[0]["input_ids"]
    built = build(tokenizer, talk("hello", "sorry thanks sorry"), window=len(whole) - 4)
    assert (built.cut, built.tokens_cut, built.dropped) == (1, 4, 0)
    assert built.rows[0]["input_ids"] == whole[:-4]
    gone = build(tokenizer, talk("hello " * 40, "sorry"), window=20)
    assert (gone.cut, gone.dropped, gone.rows) == (1, 1, [])


def test_a_template_that_rewrites_the_past_makes_one_row_a_turn():
    tokenizer = make_tokenizer(LAST_MARKED)
    built = build(tokenizer, talk("hello", "sorry", "order", "thanks"))
    assert [learned(tokenizer, row) for row in built.rows] == ["sorry<|im_end|>", "thanks<|im_end|>"]
    for row, asked in zip(built.rows, (talk("hello"), talk("hello", "sorry", "order")), strict=True):
        prompt = token_rows.prompt(tokenizer, asked)
        assert row["input_ids"][: len(prompt)] == prompt


def test_a_template_that_opens_answers_differently_learns_the_answer_after_the_served_prompt():
    tokenizer = make_tokenizer(THINKING)
    (row,) = build(tokenizer, talk("hello", "sorry")).rows
    assert learned(tokenizer, row) == "sorry<|im_end|>"
    assert tokenizer.decode(row["input_ids"]).endswith("<think></think>\nsorry<|im_end|>\n")


def test_a_template_without_an_end_of_turn_gets_one():
    tokenizer = make_tokenizer(NO_END)
    (row,) = build(tokenizer, talk("hello", "sorry")).rows
    assert learned(tokenizer, row).endswith("sorry\n<|im_end|>")


def test_a_template_that_refuses_is_named(tokenizer):
    tokenizer = make_tokenizer("{{ raise_exception('no system role') }}")
    with pytest.raises(ValueError, match="conversation 1: no system role"):
        build(tokenizer, talk("hello", "sorry"))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXT, TEXT, st.integers(0, 1)), min_size=1, max_size=4))
def test_any_text_is_learned_to_the_letter(tokenizer, turns):
    conversation = [
        message
        for asked, said, weight in turns
        for message in ({"role": "user", "content": asked}, {"role": "assistant", "content": said, "weight": weight})
    ]
    built = build(tokenizer, conversation, window=100_000)
    expected = "".join(f"{said}<|im_end|>" for _, said, weight in turns if weight)
    assert "".join(learned(tokenizer, row) for row in built.rows) == expected


# tools ----------------------------------------------------------------------------------------------------------------
CALL = {"id": "c1", "type": "function", "function": {"name": "order", "arguments": '{"a": "sorry"}'}}
CALLING = [
    {"role": "user", "content": "hello", "tools": [{"type": "function", "function": {"name": "order"}}]},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "thanks", "tool_call_id": "c1"},
    {"role": "assistant", "content": "sorry"},
]
SILENT = CHATML.replace("{% for m", "{% if tools %}{% endif %}{% for m")  # knows tools, and shows no call


def test_a_call_is_learned_as_it_is_served(tokenizer):
    built = build(tokenizer, CALLING, window=1024)
    (row,) = built.rows
    call = '<tool_call>\n{"name": "order", "arguments": {"a": "sorry"}}\n</tool_call>'
    assert learned(tokenizer, row) == f"{call}<|im_end|>sorry<|im_end|>"
    whole = tokenizer.decode(row["input_ids"])
    assert '{"name": "order"}' in whole
    assert "Result: thanks" in whole
    assert (built.calls, built.calls_left_out) == (1, 0)


def test_a_call_that_the_template_does_not_show_is_counted(tokenizer):
    own = tokenizer.chat_template
    tokenizer.chat_template = SILENT
    try:
        built = build(tokenizer, CALLING, CALLING[:2], window=1024)
    finally:
        tokenizer.chat_template = own
    assert [learned(tokenizer, row) for row in built.rows] == ["sorry<|im_end|>"]
    assert (built.calls, built.calls_left_out, built.dropped) == (0, 2, 1)


def test_whether_calls_are_shown_is_known_before_a_run():
    assert templates.calls_shown(CHATML, {})
    assert not templates.calls_shown(SILENT, {})
