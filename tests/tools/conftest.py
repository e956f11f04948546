"""What the tests of tools share: conversations to train on, and patience."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tests import tinymodel
from tools import jobdir
from tools.trainer import JobState, JobStatus, Trainer

ROOT = Path(__file__).resolve().parent.parent.parent
T = TypeVar("T")
WORDS = "order parcel refund invoice delivery label agent return box card colour size week hello sorry thanks".split()


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


def make_tokenizer(template: str = tinymodel.CHATML):
    """The tiny model's tokenizer with another chat template, as a trainer sees it."""
    from transformers import PreTrainedTokenizerFast

    end, pad = tinymodel.SPECIAL[tinymodel.END], tinymodel.SPECIAL[tinymodel.PAD]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tinymodel.tokenizer(), eos_token=end, pad_token=pad)
    tokenizer.chat_template = template
    return tokenizer


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
