"""Labels, formats, near-duplicates and the split."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversations import duplicates, labels, split
from assistant.conversations.formats import json_lines, openai_rows
from assistant.errors import AttuneError
from assistant.knowledge.search import near_duplicates
from assistant.record.store import Store
from assistant.record.types import Case


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "attune.db")
    store.add_case(Case("c"))
    return store


def talk(question, answer):
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def row(number, question):
    return labels.Row(number, "import", talk(question, f"answer {number}"))


WORDS = "amber basin cedar dune ember fjord grove heath islet jetty knoll ledge marsh north ocean plain quarry".split()


def questions(count, seed=0):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=12)) for _ in range(count)]


# labels ---------------------------------------------------------------------------------------------------------------
def test_approved_answer_is_a_row_and_an_unlabelled_one_is_context(store):
    chat = store.add_conversation("c", "chat")
    u1 = store.add_turn(chat.id, 0, "user", "one")
    a1 = store.add_turn(chat.id, u1.id, "assistant", "first")
    u2 = store.add_turn(chat.id, a1.id, "user", "two")
    a2 = store.add_turn(chat.id, u2.id, "assistant", "second", label="approved")
    store.add_turn(chat.id, a2.id, "user", "never answered")
    (found,) = labels.approved_rows(store, "c")
    assert [m["content"] for m in found.messages] == ["one", "first", "two", "second"]
    assert [m.get("weight", 1) for m in found.messages] == [1, 0, 1, 1]


def test_an_edit_gives_a_row_and_a_pair_and_keeps_the_original(store):
    chat = store.add_conversation("c", "chat")
    user = store.add_turn(chat.id, 0, "user", "q")
    first = store.add_turn(chat.id, user.id, "assistant", "clumsy")
    store.add_turn(chat.id, user.id, "assistant", "polished", label="approved", edited_from=first.id)
    turns = store.turns(chat.id)
    assert labels.approved_rows(store, "c")[0].messages[-1]["content"] == "polished"
    (pair,) = labels.pairs(turns)
    assert (pair.chosen, pair.rejected, pair.prompt) == ("polished", "clumsy", [{"role": "user", "content": "q"}])
    assert store.turn(first.id).content == "clumsy"


def test_regenerate_then_approve_is_a_pair_and_reject_a_negative(store):
    chat = store.add_conversation("c", "chat")
    user = store.add_turn(chat.id, 0, "user", "q")
    store.add_turn(chat.id, user.id, "assistant", "bad", label="rejected")
    assert labels.approved_rows(store, "c") == []
    store.add_turn(chat.id, user.id, "assistant", "good", label="approved")
    turns = store.turns(chat.id)
    assert [(p.chosen, p.rejected) for p in labels.pairs(turns)] == [("good", "bad")]
    assert [t.content for t in labels.negatives(turns)] == ["bad"]


def test_two_approved_siblings_are_no_pair(store):
    chat = store.add_conversation("c", "chat")
    user = store.add_turn(chat.id, 0, "user", "q")
    store.add_turn(chat.id, user.id, "assistant", "good", label="approved")
    store.add_turn(chat.id, user.id, "assistant", "also good", label="approved")
    assert labels.pairs(store.turns(chat.id)) == []


# formats --------------------------------------------------------------------------------------------------------------
GOOD = '{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}'


def test_a_byte_order_mark_and_empty_lines_are_harmless():
    text = json_lines.decode(b"\xef\xbb\xbf" + GOOD.encode() + b"\n\n", "f")
    assert json_lines.parse(text) == [talk("hi", "hello")]


def test_latin_1_is_refused_with_its_line():
    data = GOOD.encode() + b"\n" + GOOD.replace("hello", "caf\u00e9").encode("latin-1")
    with pytest.raises(AttuneError, match=r"f\.jsonl, line 2: .*UTF-8"):
        json_lines.decode(data, "f.jsonl")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{broken", "not valid JSON"),
        ("9" * 5000, "not valid JSON"),
        ("[1]", 'no list called "messages"'),
        (GOOD.replace('"assistant"', '"bot"'), 'role "bot"'),
        (GOOD.replace("hello", "  "), "assistant message is empty"),
        (GOOD.replace('"hello"', "7"), "is not text"),
        ('{"messages": [{"role": "user", "content": "hi"}]}', "the last message is not from the assistant"),
        ('{"messages": [{"role": "assistant", "content": "hi"}]}', "there is nothing before the answer"),
        ('{"messages": ["hi"]}', "not an object"),
        (GOOD.replace('"hello"', '"hello", "weight": 2'), "weight"),
        (GOOD.replace("hello", "hi \\ud83d"), r"the assistant message holds \ud83d, half of a character: remove it"),
        (GOOD.replace("hello", "hi \ude00"), r"\ude00, half of a character"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(line, words):
    with pytest.raises(AttuneError) as caught:
        json_lines.parse(f"{GOOD}\n{line}\n", "talks.jsonl")
    assert "line 2" in caught.value.sentence
    assert words in caught.value.sentence
    assert "Nothing was imported" in caught.value.remedy


HALF = "\\ud83d"  # as JSON writes it
PAIR = (
    '{"input": {"messages": [{"role": "user", "content": "hi"}]}, '
    '"preferred_output": [{"role": "assistant", "content": "hello"}], '
    '"non_preferred_output": [{"role": "assistant", "content": "no"}]}'
)


def test_a_file_is_checked_without_keeping_its_rows():
    data = b'{"key": "value of some length"}\n' * 50_000
    tracemalloc.start()
    openai_rows.check_lines(data, "rows.jsonl")
    peak = tracemalloc.get_traced_memory()[1]
    with pytest.raises(AttuneError, match=r"line 1: .*line 3: .*and 49997 more"):
        openai_rows.check_lines(b"x\n" * 50_000, "rows.jsonl")
    worst = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(data) / 4
    assert worst < len(data) / 4


@pytest.mark.parametrize(("read", "line"), [(openai_rows.conversations, GOOD), (openai_rows.pairs, PAIR)])
def test_half_of_a_character_is_refused_in_a_training_file(read, line):
    whole, broken = line.replace("hello", f"hello {HALF}\\ude00"), line.replace("hello", f"hello {HALF}")
    assert len(read(f"{whole}\n{line}".encode(), "f.jsonl", 2)) == 2
    with pytest.raises(AttuneError, match=r"f\.jsonl, line 2: .* holds \\ud83d, half of a character: remove it"):
        read(f"{line}\n{broken}".encode(), "f.jsonl", 2)


def test_an_empty_file_is_refused():
    with pytest.raises(AttuneError, match="holds no conversation"):
        json_lines.parse("\n\n")


def test_what_is_written_reads_back(tmp_path):
    rows = [talk("q", "a"), [*talk("q2", "a2"), *talk("more \u2028 text", "ok")]]
    assert json_lines.write(tmp_path / "out.jsonl", rows) == 2
    assert json_lines.read(tmp_path / "out.jsonl") == rows


# duplicates and split -------------------------------------------------------------------------------------------------
def test_near_duplicates_share_a_group_and_others_do_not():
    base = "Where is my parcel with the order number from last Tuesday morning please"
    texts = [base, base.lower() + "!!", "Do you ship pottery to the islands in winter", base + " now"]
    groups = duplicates.groups([talk(text, "a") for text in texts])
    assert groups == [0, 0, 2, 0]


def test_heldout_is_the_test_split_and_nothing_like_it_is_trained_on():
    asked = questions(30)
    held = [row(100 + i, text) for i, text in enumerate(asked[:5])]
    rows = [row(i, text) for i, text in enumerate([*asked[5:], asked[0] + "!", asked[1].upper()])]
    cut = split.make(rows, held, seed=1, test_share=0.2)
    assert {item.conversation for item in cut.test} == {100, 101, 102, 103, 104}
    assert len(cut.train) == 25
    assert cut.dropped == {"too like a held-out conversation": 2}


def test_the_split_does_not_depend_on_the_order_of_import():
    rows = [row(i, text) for i, text in enumerate(questions(40))]
    first = split.make(rows, [], seed=1, test_share=0.2)
    second = split.make(rows[::-1], [], seed=1, test_share=0.2)
    assert split.content_hash(first.items, 1) == split.content_hash(second.items, 1)
    assert (len(first.train), len(first.test)) == (32, 8)


@settings(deadline=None, max_examples=40)  # the machine may be busy
@given(st.lists(st.sampled_from(questions(25, seed=5)), min_size=5, max_size=40), st.integers(0, 50))
def test_no_conversation_straddles_the_split(texts, seed):
    rows = [row(i, text + "?" * (i % 3)) for i, text in enumerate(texts)]
    cut = split.make(rows, [], seed, 0.3)
    train = {near_duplicates.key(item.messages) for item in cut.train}
    test = {near_duplicates.key(item.messages) for item in cut.test}
    assert not train & test
    assert len(cut.items) + sum(cut.dropped.values()) == len(rows)
