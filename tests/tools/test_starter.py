"""The starter model: its corpus, its tokenizer, its training and the files that ship."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.decoders import DecodeStream

from tools.recipe import REPLAY
from tools.starter.batches import batch, encode
from tools.starter.corpus import SKILLS, conversation
from tools.starter.model import Plan
from tools.starter.muon import orthogonal
from tools.starter.pretrain import REPLAY_CHARACTERS, REPLAYED, Run
from tools.starter.pruning import pruned
from tools.starter.sample import Sample, facts, firsts, slots_of, turns
from tools.starter.skills import copying, dialogues, patterns, reading
from tools.starter.style import OPEN_RULES
from tools.starter.tokenizer import JOIN, build
from tools.starter.wording import synonyms
from tools.starter.words import ENTITIES, TEXTS, Words, held_out, lists

SHIPPED = Path(__file__).parents[2] / "data" / "starter"
DEMONSTRATION = re.compile(r"\b(tea|teas|teapots?|coffees?|espresso|kettles?|mugs?|ceramics?|pottery|cups?)\b", re.I)


def draw(count: int, seed: int = 5) -> list[Sample]:
    r, words = Random(seed), Words()
    return [conversation(r, words) for _ in range(count)]


def text_of(sample: Sample) -> str:
    return "\n".join(message["content"] for message in sample.messages)


@pytest.fixture(scope="module")
def corpus() -> list[Sample]:
    return draw(2000)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(SHIPPED)


def test_the_corpus_is_the_same_for_a_seed(corpus: list[Sample]) -> None:
    assert draw(50) == corpus[:50]
    assert draw(50, seed=6) != corpus[:50]


def test_no_two_conversations_are_alike(corpus: list[Sample]) -> None:
    short = {"copying", "nth", "chat", "identity", "listing", "extraction"}  # a repeated "Copy: 7" is no harm
    long = [text_of(one) for one in corpus if one.skill not in short]
    assert len(set(long)) == len(long)
    assert len({text_of(one) for one in corpus}) >= len(corpus) - 10


def test_every_skill_occurs_and_ends_with_the_assistant(corpus: list[Sample]) -> None:
    assert len({one.skill for one in corpus}) >= len(SKILLS) - 1
    for one in corpus:
        roles = [message["role"] for message in one.messages if message["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert all(message["content"].strip() for message in one.messages)


def test_heldout_names_places_and_items_never_occur_in_training(corpus: list[Sample]) -> None:
    everything = "\n".join(text_of(one) for one in corpus)
    common = {word for name, words in lists().items() if name not in ENTITIES for word in words}
    texts = [file for file in TEXTS.iterdir() if file.name != "words.txt"]
    phrases = "\n".join(file.read_text(encoding="utf-8") for file in texts)
    for kind in ENTITIES:
        hidden = [word for word in lists()[kind] if held_out(word)]
        assert len(hidden) >= 8
        for word in set(hidden) - common:
            if word in phrases:  # "washing machine" is an item and part of a sentence
                continue
            assert not re.search(rf"\b{re.escape(word)}\b", everything), word


def test_the_benchmark_sees_only_heldout_names() -> None:
    r, words = Random(1), Words(heldout_entities=True)
    assert all(held_out(words.slot(r, kind)) for kind in ("first", "last", "place", "item", "word") for _ in range(50))


def test_the_demonstration_domain_is_absent(corpus: list[Sample]) -> None:
    assert not [one for one in corpus if DEMONSTRATION.search(text_of(one))]


def test_facts_answer_what_they_state() -> None:
    for fact in facts():
        known = set().union(*map(slots_of, fact.statements), *map(slots_of, fact.questions))
        assert all((fact.statements, fact.questions, fact.answers)), fact.title
        assert all(slots_of(answer) <= known for answer in fact.answers), fact.title


def test_the_template_is_prefix_stable(tokenizer: Any, corpus: list[Sample]) -> None:
    for one in corpus[:200]:
        for i, message in enumerate(one.messages):
            if message["role"] == "assistant":
                asked = tokenizer.apply_chat_template(one.messages[:i], tokenize=False, add_generation_prompt=True)
                told = tokenizer.apply_chat_template(one.messages[: i + 1], tokenize=False)
                assert told.startswith(asked)


def test_training_and_template_give_the_same_tokens(tokenizer: Any, corpus: list[Sample]) -> None:
    for one in corpus[:200]:
        ids, weights = encode(tokenizer.backend_tokenizer, one.messages, room=10**6)
        rendered = tokenizer.apply_chat_template(one.messages, tokenize=True, return_dict=True)
        assert ids == list(rendered["input_ids"])
        own = [token for token, weight in zip(ids, weights, strict=True) if weight == 1]
        assert tokenizer.decode(own).endswith(one.messages[-1]["content"] + tokenizer.eos_token)


def test_a_conversation_that_is_too_long_ends_with_an_answer(tokenizer: Any) -> None:
    bpe = tokenizer.backend_tokenizer
    talk = turns("Answer.", "What is it?", "It is a box.", "And that?", "A tin.")
    whole, first = (encode(bpe, part, room=10**6)[0] for part in (talk, talk[:3]))
    assert encode(bpe, talk, room=len(whole))[0] == whole
    assert encode(bpe, talk, room=len(whole) - 1)[0] == first
    assert encode(bpe, talk, room=len(first) - 1) == ([], [])


def test_an_answer_that_nothing_decides_is_not_learned(tokenizer: Any) -> None:
    bpe = tokenizer.backend_tokenizer
    talk = turns("", "sky", "blort", "sea", "nard", "sky", "blort")
    free = firsts(talk)
    assert free == {0, 1}
    ids, weights = encode(bpe, talk, 10**6, free)
    learned = [id_ for id_, weight in zip(ids, weights, strict=True) if weight == 1]
    assert bpe.decode(learned) == "blort"
    r, words = Random(2), Words()
    assert patterns.invented(r, words).free == {0}
    assert reading.rag(r, words, shots=3).free == {0, 1, 2}
    assert all(not SKILLS[skill][0](r, words).free for skill in ("reading", "context", "extraction", "copying", "desk"))


def test_dense_wordings_vary_and_none_that_is_held_out_comes_about() -> None:
    r, dense = Random(3), Words(dense=True)
    made = {dense.ask(r, options) for options in (reading.GENERIC, OPEN_RULES, copying.REPEAT) for _ in range(2000)}
    written = {*reading.GENERIC, *OPEN_RULES, *copying.REPEAT}
    assert len(made - written) > 100
    assert not [text for text in made if held_out(text)]
    assert all(slots_of(text) in ({"x"}, {"q"}) for text in made)
    assert {Words().ask(r, OPEN_RULES) for _ in range(2000)} <= written
    assert sum(map(len, {*synonyms().values()})) == len(synonyms())  # no word stands in two groups


def test_the_template_marks_what_the_assistant_wrote(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]
    out = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    own = [token for token, mask in zip(out["input_ids"], out["assistant_masks"], strict=True) if mask]
    # The mark that takes the first word's space away has its place in the text at the newline before.
    assert tokenizer.decode(own) == " Good day<|im_end|>\n"


def test_digits_stand_alone(tokenizer: Any) -> None:
    pieces = [tokenizer.decode([one]) for one in tokenizer.encode("order 20417, 9.50 and X77")]
    assert not [piece for piece in pieces if re.search(r"\d", piece) and len(piece) > 1]
    assert tokenizer.decode(tokenizer.encode("Łódź — 5 €\n  two")) == "Łódź — 5 €\n  two"


def test_rare_pieces_are_taken_out_and_nothing_else_changes(tokenizer: Any) -> None:
    before = tokenizer.backend_tokenizer
    after = pruned(before, seed=3, conversations=1000, least=3)
    old, new = before.get_vocab(), after.get_vocab()
    gone = old.keys() - new.keys()
    assert 50 < len(gone) < len(old) / 2
    assert all(new[piece] == old[piece] for piece in old.keys() - gone)  # the weights go on as they are
    assert all(f"<unused{old[piece]}>" in new for piece in gone)
    assert pruned(before, seed=3, conversations=1000, least=3).to_str() == after.to_str()
    unused = {number for piece, number in new.items() if piece.startswith("<unused")}
    for one in draw(100, seed=6):
        told = tokenizer.apply_chat_template(one.messages, tokenize=False)
        ids = after.encode(told, add_special_tokens=False).ids
        assert unused.isdisjoint(ids)
        assert after.decode(ids, skip_special_tokens=False) == before.decode(
            before.encode(told, add_special_tokens=False).ids, skip_special_tokens=False
        )
    greeting = "<|im_start|>user\nHello, where is my order?<|im_end|>\n"  # of common words: cut as before
    assert after.encode(greeting).tokens == before.encode(greeting).tokens


def test_the_shipped_model_loads_answers_and_is_small(tokenizer: Any) -> None:
    from transformers import AutoModelForCausalLM

    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 15_000_000
    model: Any = AutoModelForCausalLM.from_pretrained(SHIPPED)
    assert model.dtype == torch.bfloat16
    assert not model.generation_config.do_sample
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Repeat exactly: 41"}],
        add_generation_prompt=True, return_tensors="pt", return_dict=True,
    )  # fmt: skip
    out = model.generate(**inputs, max_new_tokens=8)
    assert out.shape[1] > inputs["input_ids"].shape[1]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny(out: Path, steps: int) -> Run:
    plan = Plan(
        steps=steps, rows=2, window=1024, width=192, layers=2, heads=3, wired="1", vocabulary=400, tokenizer_texts=50
    )
    return Run(plan, out, compiled=False)


@torch.no_grad()
def repeats_right(model: Any, vocabulary: int) -> float:
    """How often the model says the next token of a random text that it sees for the second time."""
    generator = torch.Generator().manual_seed(4)
    once = torch.randint(3, vocabulary, (4, 100), generator=generator)
    said = model(torch.cat([once, once], 1)).logits.argmax(-1)
    return float((said[:, 105:-1] == once[:, 6:]).float().mean())


def test_what_trainers_mix_in_holds_every_skill_alike_and_nothing_long() -> None:
    rows = [json.loads(line)["messages"] for line in (SHIPPED / REPLAY).read_text(encoding="utf-8").splitlines()]
    assert len(rows) == REPLAYED
    assert all(sum(len(message["content"]) for message in row) < REPLAY_CHARACTERS for row in rows)
    asked = [number for number, row in enumerate(rows) if row[-2]["content"] in dialogues.WHO]
    assert asked == [*range(list(SKILLS).index("identity"), REPLAYED, len(SKILLS))]


def test_a_wired_start_repeats_random_tokens_before_any_training(tmp_path: Path) -> None:
    plan = Plan(1, vocabulary=1000, tokenizer_texts=200)
    wired, noise = (Run(replace(plan, wired=layers), tmp_path, compiled=False).model for layers in ("1,3,5", ""))
    assert repeats_right(wired, 1000) > 0.7
    assert repeats_right(noise, 1000) < 0.05


@pytest.mark.parametrize("shape", [(64, 64), (96, 32), (32, 96)])
def test_an_update_is_near_to_orthogonal(shape: tuple[int, int]) -> None:
    update = orthogonal(torch.randn(shape, generator=torch.Generator().manual_seed(2)))
    values = torch.linalg.svdvals(update)
    assert update.shape == shape
    assert 0.5 < values.min() <= values.max() < 1.4


def test_dense_conversations_ask_more_of_the_same_text() -> None:
    def answers_a_character(dense: bool) -> float:
        r, words = Random(3), Words(dense=dense)
        made = [reading.rag(r, words) for _ in range(40)]
        return sum(len(one.messages) for one in made) / sum(len(text_of(one)) for one in made)

    assert answers_a_character(dense=True) > 1.5 * answers_a_character(dense=False)


def weights_of(run: Run) -> Iterator[tuple[str, torch.Tensor]]:
    yield from sorted(run.model.state_dict().items())


def test_training_twice_gives_the_same_bits_and_resuming_too(tmp_path: Path) -> None:
    runs = [tiny(tmp_path / name, 4) for name in "ab"]
    for run in runs:
        run.go(save_s=0)
    broken = tiny(tmp_path / "c", 4)
    broken.train_step()
    broken.train_step()
    broken.checkpoint()
    resumed = tiny(tmp_path / "c", 4)
    resumed.resume()
    resumed.go()
    for (name, a), (_, b), (_, c) in zip(*map(weights_of, [*runs, resumed]), strict=True):
        assert torch.equal(a, b), name
        assert torch.equal(a, c), name


def test_a_finished_model_is_trained_further_with_its_own_tokenizer(tmp_path: Path) -> None:
    first = tiny(tmp_path / "first", 2)
    first.go()
    first.export(tmp_path / "first" / "model")
    plan = Plan(steps=2, seed=2, rows=2, window=1024, base=str(tmp_path / "first" / "model"))
    second = Run(plan, tmp_path / "second", compiled=False)
    for (name, mine), (_, base) in zip(weights_of(second), weights_of(first), strict=True):
        assert torch.equal(mine, base.bfloat16().float()), name
    assert second.tokenizer.get_vocab() == first.tokenizer.get_vocab()
    assert [replace(plan, steps=20).shape(step) for step in (0, 16)] == [(4, 128), (2, 256)]  # short rows first
    second.go()
    second.export(tmp_path / "second" / "model")
    record = json.loads((tmp_path / "second" / "model" / "training.json").read_text())
    assert record["seed"] == 2
    assert record["base"]["seed"] == 1
    assert record["base"]["steps"] == 2


def test_a_finished_model_can_get_another_tokenizer(tmp_path: Path) -> None:
    first = tiny(tmp_path / "first", 2)
    first.go()
    first.export(tmp_path / "first" / "model")
    plan = Plan(2, 2, rows=2, window=1024, vocabulary=400, tokenizer_texts=70, base=str(tmp_path / "first" / "model"))
    second = Run(replace(plan, retokenized=True), tmp_path / "second", compiled=False)
    old, new = first.tokenizer.get_vocab(), second.tokenizer.get_vocab()
    assert old.keys() != new.keys()
    before, after = (run.model.get_input_embeddings().weight for run in (first, second))
    before = before.bfloat16().float()
    for piece, number in new.items():
        parts = [old[piece]] if piece in old else first.tokenizer.encode(piece.replace("Ġ", " "))
        assert torch.allclose(after[number], before[parts].mean(0)), piece


@pytest.mark.parametrize("text", ["say skex", "skex", '"skex"', "a\nskex", "a-skex!", "(skex)", "@skex.com", "  skex"])
def test_a_word_has_the_same_pieces_wherever_it_stands(text: str) -> None:
    tokenizer = build(1, 400, 50)
    word = tokenizer.encode("\n skex")[1:]
    said = tokenizer.encode("\n" + text)
    assert any(said[i : i + len(word)] == word for i in range(len(said)))
    assert tokenizer.decode(said) == "\n" + text


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=JOIN)))
def test_any_text_comes_back_from_its_tokens(text: str) -> None:
    tokenizer = build(1, 400, 50)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    stream, said = DecodeStream(skip_special_tokens=True), ""
    for one in ids:
        said += stream.step(tokenizer.backend_tokenizer, one) or ""
    assert text.startswith(said)


def test_the_number_of_steps_may_change_before_the_decay_only(tmp_path: Path) -> None:
    early = tiny(tmp_path, 10)
    early.train_step()
    early.checkpoint()
    longer = tiny(tmp_path, 20)
    longer.resume()
    assert longer.step == 1
    early.step = 9
    early.checkpoint()
    with pytest.raises(SystemExit, match="another plan"):
        tiny(tmp_path, 20).resume()


def test_a_batch_is_a_function_of_seed_and_step(tokenizer: Any) -> None:
    bpe = tokenizer.backend_tokenizer
    one, two = (batch(bpe, Words(), 1, 3, range(2), 256) for _ in range(2))
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert not torch.equal(one[0], batch(bpe, Words(), 1, 4, range(2), 256)[0])
    assert one[0].shape == (2, 257)
    assert torch.equal(one[0][1:], batch(bpe, Words(), 1, 3, [1], 256)[0])  # each worker makes its own rows


def test_an_export_holds_what_transformers_needs(tmp_path: Path) -> None:
    run = tiny(tmp_path / "run", 1)
    run.go()
    run.export(tmp_path / "model")
    names = {file.name for file in (tmp_path / "model").iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"} <= names
    config = json.loads((tmp_path / "model" / "tokenizer_config.json").read_text())
    assert "{% generation %}" in config["chat_template"]


def test_the_command_trains_with_two_workers_and_writes_a_model(tmp_path: Path) -> None:
    shape = "--steps 1 --rows 4 --vocabulary 400 --width 192 --heads 3 --layers 2 --wired 1 --eager"
    done = subprocess.run(
        [sys.executable, "-m", "tools.starter.pretrain", *shape.split(), "--out", str(tmp_path)],
        cwd=SHIPPED.parents[1], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "1 steps, seed 1" in done.stdout
    record = json.loads((tmp_path / "model" / "training.json").read_text())
    assert (record["workers"], record["tokens"]) == (2, 4 * 512)
