"""What the tests of tools share: a model small enough to train in seconds, conversations, and patience."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tools import jobdir
from tools.trainer import JobState, JobStatus, Trainer

ROOT = Path(__file__).resolve().parent.parent.parent
STARTER = ROOT / "data" / "starter"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
T = TypeVar("T")
WORDS = "order parcel refund invoice delivery label agent return box card colour size week hello sorry thanks".split()
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def wait_for(look: Callable[[], T], seconds: float = 120.0, every: float = 0.05) -> T:
    """Call `look` until it returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing after {seconds} s"
        time.sleep(every)
    return found


def until(trainer: Trainer, handle: str, *states: JobState) -> JobStatus:
    """The run's status, once it is in one of these states."""
    return wait_for(lambda: (found := trainer.poll(handle)).state in states and found, 60, 0.1)


def end_workers(folder: Path) -> None:
    """Kill every worker that still lives on a job directory in the folder: a run outlives whoever started it."""
    for lock in folder.rglob(jobdir.LOCK):
        if jobdir.alive(lock.parent) and (text := jobdir.read_text(lock)).isdigit():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(text), signal.SIGKILL)


def make_tokenizer(template: str = CHATML):
    """A byte-level tokenizer that was trained on a few words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    core.train_from_iterator([" ".join(WORDS)] * 5, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer.chat_template = template
    return tokenizer


def make_model(folder: Path) -> Path:
    """A random Llama of 150 thousand parameters with tied embeddings."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = LlamaConfig(
        vocab_size=512, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=256, tie_word_embeddings=True, eos_token_id=2, pad_token_id=0, bos_token_id=None,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=0, do_sample=False)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_rows(count: int, seed: int = 0) -> list[list[dict[str, str]]]:
    """Conversations in which the answer repeats the question's last word."""
    pick = random.Random(seed)
    rows = []
    for _ in range(count):
        words = pick.choices(WORDS, k=pick.randint(3, 9))
        rows.append(
            [
                {"role": "system", "content": "You answer briefly."},
                {"role": "user", "content": " ".join(words)},
                {"role": "assistant", "content": f"About your {words[-1]}: thanks."},
            ]
        )
    return rows


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that trains in a second and answers nonsense."""
    return make_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def starter() -> Path:
    """The model that the project ships."""
    return STARTER
