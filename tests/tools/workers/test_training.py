"""What our training rests on: its loss, the order of rows, the time of samples; and that no run outlives its folder."""

from __future__ import annotations

import shutil
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.tools.conftest import make_rows, wait_for
from tools import jobdir
from tools.local import machine
from tools.local.trl_trainer import TrlTrainer
from tools.trainer import TrainRequest
from tools.workers import job
from tools.workers.training import token_rows
from tools.workers.training.batches import ByLength


def test_rows_of_a_length_share_a_step_in_another_order_each_epoch() -> None:
    lengths = [(37 * row) % 101 for row in range(43)]
    order = ByLength(lengths, 8, seed=1)
    first, again = list(order), list(order)
    order.set_epoch(1)
    assert sorted(first) == list(range(43))
    assert first == again != list(order)
    steps = [[lengths[row] for row in first[start : start + 8]] for start in range(0, 43, 8)]
    assert max(steps[0]) == max(lengths)
    assert all(max(less) <= min(more) for less, more in pairwise(sorted(steps, key=max)))
    assert [len(step) for step in steps] == [8, 8, 8, 8, 8, 3]


def near(found: Any, wanted: Any) -> bool:
    """Equal but for the rounding of sums in another order: by 1e-5 of the tensor's largest number."""
    return bool((found - wanted).abs().max() <= 1e-5 * wanted.abs().max())


@pytest.mark.parametrize("piece", [50_000_000, 1000])
def test_our_loss_is_the_usual_one(tiny: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Also in pieces, and with its gradient."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tools.workers.compute import loss

    monkeypatch.setattr(loss, "PIECE", piece)
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    built = token_rows.build(tokenizer, make_rows(4), 256, frozenset([2])).rows
    longest = max(len(row["input_ids"]) for row in built)
    fills = {"input_ids": 0, "attention_mask": 0, "labels": token_rows.IGNORED}
    batch = {
        name: torch.tensor([row[name] + [fill] * (longest - len(row[name])) for row in built])
        for name, fill in fills.items()
    }
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    usual = model(**batch)
    usual.loss.backward()
    wanted = {name: weights.grad.clone() for name, weights in model.named_parameters()}
    model.zero_grad()
    assert loss.fits(model)
    loss.learn_only(model)
    found = model(**batch)
    found.loss.backward()
    assert float(found.loss) == pytest.approx(float(usual.loss), rel=1e-5)
    counted = batch["labels"][:, 1:] != token_rows.IGNORED
    right = (usual.logits[:, :-1].argmax(-1) == batch["labels"][:, 1:]) & counted
    assert (int(found.right), int(found.learned)) == (int(right.sum()), int(counted.sum()))
    for name, weights in model.named_parameters():
        assert near(weights.grad, wanted[name]), name
    assert "logits" in model(input_ids=batch["input_ids"])  # without labels it is the model that it was


def test_our_attention_learns_what_the_usual_one_does(tiny: Path) -> None:
    """Rows that are padded and rows that are not: the same loss, the same gradients."""
    import torch
    from transformers import AttentionInterface, AutoModelForCausalLM
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    from tools.workers.compute import attention

    ids = torch.randint(3, 400, (2, 24), generator=torch.Generator().manual_seed(0))
    padded = torch.tensor([[1] * 24, [1] * 15 + [0] * 9])
    for mask in (torch.ones_like(padded), padded):
        labels = ids.masked_fill(mask == 0, token_rows.IGNORED)
        found = []
        for install in (lambda: None, attention.install):
            install()
            model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32, attn_implementation="sdpa")
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
            loss.backward()
            AttentionInterface.register("sdpa", sdpa_attention_forward)
            found.append((loss.item(), [weights.grad for weights in model.parameters()]))
        (usual, wanted), (ours, given) = found
        assert ours == pytest.approx(usual, rel=1e-5)
        assert all(near(one, other) for one, other in zip(given, wanted, strict=True))


def test_sample_answers_take_a_share_of_the_run_at_most(tmp_path: Path) -> None:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from tools.workers.training.progress import LEAST_SECONDS, ROUNDS, ProgressCallback

    given: list[float] = []

    def slow(seconds: float) -> list[dict[str, str]]:
        given.append(seconds)
        time.sleep(2.0)  # whatever it was given
        return []

    progress = ProgressCallback(job.JobFolder(tmp_path), slow, resumed=False, expected=100.0)
    args = TrainingArguments(str(tmp_path), use_cpu=True, save_steps=1000)
    state, control = TrainerState(max_steps=4), TrainerControl()
    progress.on_train_begin(args, state, control)
    assert given == [pytest.approx(0.025 * 100 / ROUNDS)]
    for state.global_step in (1, 2, 3, 4):
        progress.on_step_end(args, state, control)
    assert len(given) == 1  # the steps took no time: that round was more than all of them may take
    assert LEAST_SECONDS < 2.0


def test_what_processors_say_of_bf16(tmp_path: Path) -> None:
    told = tmp_path / "cpuinfo"
    for text, there in (
        ("flags\t\t: fpu avx512f avx512_bf16 amx_tile\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu avx2\n", False),
    ):
        told.write_text(f"processor\t: 0\n{text}")
        assert machine.has_bf16(told) is there
    assert not machine.has_bf16(tmp_path / "nothing")


def test_a_run_whose_folder_is_removed_ends(tiny: Path, tmp_path: Path) -> None:
    root = tmp_path / "jobs"
    trainer = TrlTrainer(root)
    made = make_rows(16)
    handle = Path(trainer.start(TrainRequest(str(tiny), made, max_steps=100_000)))
    wait_for(lambda: (handle / jobdir.LOCK).read_text().isdigit() and (handle / jobdir.EVENTS).exists())
    worker = Path("/proc", (handle / jobdir.LOCK).read_text())
    if not worker.exists():
        pytest.skip("this system tells no processes by files")
    shutil.rmtree(root)
    wait_for(lambda: not worker.exists() or "zombie" in (worker / "status").read_text(), 60)
