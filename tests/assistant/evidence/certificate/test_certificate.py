"""The certificate: a sound model passes, and every fault that could be planted is found, told in words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from assistant import variants
from assistant.errors import AttuneError
from assistant.evidence.certificate import issue, prompt_ids
from assistant.evidence.certificate.proof import Proof
from assistant.jobs import held_out
from assistant.record.types import Job, Variant
from assistant.settings import Settings
from assistant.stages import evaluate, switch
from assistant.workbench import Workbench, open_workbench
from tests import tinymodel
from tests.assistant.evidence.certificate import planted
from tests.assistant.tuned_case import CASE, HELD_OUT, TunedCase
from tools.engine import model_files
from tools.local import second_look
from tools.local.second_look import SecondLook

pytestmark = pytest.mark.slow
TURNS = HELD_OUT + HELD_OUT // 2


def merged(bench: Workbench, job: Job) -> Path:
    return Path(bench.settings.model_path(job.model))


def certify(bench: Workbench, job: Job, variant: Variant) -> dict[str, str]:
    """Issue the certificate anew: what failed, name -> words."""
    scores = [s for s in bench.store.scores(evaluate.latest(bench.store, CASE).id) if s.variant == variant.id]
    found = issue.issue(bench, job, variant, held_out.prompts(bench, job, variant), scores)
    failed = {check["name"]: check["detail"] for check in found["checks"] if not check["ok"]}
    assert found["ok"] == (not failed)
    return failed


@pytest.fixture(scope="module")
def look(tuned_folder: Path, tiny: Path) -> SecondLook:
    """The model as its trainer reads it, looked at once: what is planted into the served file does not change that."""
    made = Settings(_env_file=None, data=tuned_folder, chat_model=str(tiny), embedding="lexical")
    bench = open_workbench(made)
    (job,) = bench.store.made(CASE)
    alone = variants.tuned(bench.store, bench.settings, job)[variants.TUNED]
    prompts = [prompt.trained for prompt in held_out.prompts(bench, job, alone)]
    found = second_look.look(issue.tuned_model(bench.settings, job), prompts)
    bench.close()
    return found


def compared(case: TunedCase, look: SecondLook, variant: Variant | None = None, longest: int = 2048) -> Proof:
    """What the really served file is fed for the held-out turns, with what it was trained on."""
    bench, job, own = case
    prompts = held_out.prompts(bench, job, variant or own)
    with bench.chat.models.measuring(CASE):
        return prompt_ids.compare(bench.chat, variant or own, prompts, look.ids, look.texts, longest)


def test_a_sound_model_passes_and_says_what_was_compared(tuned_case: TunedCase) -> None:
    bench, job, variant = tuned_case
    found = evaluate.latest(bench.store, CASE).parity
    assert found["ok"], found["checks"]
    told = {check["name"]: check["detail"] for check in found["checks"]}
    assert told["prompts of held-out turns"] == f"{TURNS} of {TURNS} are the same, token by token"
    assert told["files"].startswith("as the run left them; ")
    assert told["merge"] == "every weight is the base's plus the adapter"
    assert told["served file"] == "every tensor is the model's"
    assert "letter" in told["answers in the chat"]
    parts = found["identity"]["files"]
    assert set(parts) == {"served file", "weights", "tokenizer", "chat template", "settings", "adapter"}
    assert all(len(digest) == 64 for files in parts.values() for digest in files.values())
    assert list(parts["served file"].values()) == [found["identity"]["served"]]
    assert found["identity"]["base"]["name"] == bench.settings.chat_model
    assert "model.safetensors" in found["identity"]["base"]["files"]
    assert found["identity"]["seconds"] >= 0
    assert certify(bench, job, variant) == {}


def test_the_model_that_reads_is_compared_with_the_passages_that_it_is_given(tuned_case: TunedCase) -> None:
    bench, job, _ = tuned_case
    reader = variants.tuned(bench.store, bench.settings, job)[variants.READER]
    found = issue.issue(bench, job, reader, held_out.prompts(bench, job, reader), [])
    assert found["ok"], found["checks"]
    prompts = held_out.prompts(bench, job, reader)
    assert all("[1]" in prompt.trained[0]["content"] for prompt in prompts)


# what the chat sends --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changes",
    [{"system": ""}, {"system": "Answer in verse."}, {"passages": 2}],
    ids=["system dropped", "system replaced", "passages added"],
)
def test_another_prompt_than_it_was_trained_on_is_found(tuned_case: TunedCase, look: SecondLook, changes: dict) -> None:
    found = compared(tuned_case, look, replace(tuned_case[2], **changes))
    assert not found.ok
    for part in ("conversation ", ", turn 1, token ", ": trained on ", ", fed "):
        assert part in found.detail


def test_a_prompt_that_does_not_fit_whole_is_left_out_and_counted(tuned_case: TunedCase, look: SecondLook) -> None:
    assert compared(tuned_case, look).detail == f"{TURNS} of {TURNS} are the same, token by token"
    longer = compared(tuned_case, look, longest=1)
    assert longer.ok
    assert longer.detail.endswith(f"; {TURNS} of more than 1 tokens were left out: they do not fit whole")


# the served file ------------------------------------------------------------------------------------------------------
def swapped(file: Path) -> list[str]:
    import gguf

    tokens = gguf.GGUFReader(file).fields["tokenizer.ggml.tokens"].contents()
    first, second = tokens.index("a"), tokens.index("e")
    tokens[first], tokens[second] = tokens[second], tokens[first]
    return tokens


def test_another_template_in_the_served_file_is_found(tuned_case: TunedCase) -> None:
    bench, job, variant = tuned_case
    other = tinymodel.CHATML.replace("<|im_end|>", "<|endoftext|>")
    planted.keys(merged(bench, job) / "model.gguf", tokenizer__chat_template=other)
    failed = certify(bench, job, variant)
    assert {"chat template", "prompts of held-out turns"} <= set(failed)
    assert "<|im_end|>" in failed["prompts of held-out turns"]
    assert "<|endoftext|>" in failed["prompts of held-out turns"]


def test_a_swapped_token_is_found(tuned_case: TunedCase, look: SecondLook) -> None:
    bench, job, _ = tuned_case
    file = merged(bench, job) / "model.gguf"
    planted.keys(file, tokenizer__ggml__tokens=swapped(file))
    assert not compared(tuned_case, look).ok


BEGIN = {"tokenizer__ggml__add_bos_token": True, "tokenizer__ggml__bos_token_id": 0}
TWICE = {"tokenizer__chat_template": "<|im_start|>" + tinymodel.CHATML}


@pytest.mark.parametrize(("keys", "place"), [(BEGIN, 1), (TWICE, 2)], ids=["added", "doubled"])
def test_a_beginning_too_many_is_found(tuned_case: TunedCase, look: SecondLook, keys: dict, place: int) -> None:
    bench, job, _ = tuned_case
    planted.keys(merged(bench, job) / "model.gguf", **keys)
    found = compared(tuned_case, look)
    assert not found.ok
    assert f", turn 1, token {place}: " in found.detail


def test_a_wrong_end_is_found(tuned_case: TunedCase) -> None:
    bench, job, variant = tuned_case
    planted.keys(merged(bench, job) / "model.gguf", tokenizer__ggml__eos_token_id=tinymodel.PAD)
    words = certify(bench, job, variant)["end of an answer"]
    assert words == f"the engine ends at token {tinymodel.PAD}, it was taught {tinymodel.END}"


def test_the_file_of_another_run_is_found(tuned_case: TunedCase, endless: Path) -> None:
    bench, job, variant = tuned_case
    shutil.copyfile(endless / "model.gguf", merged(bench, job) / "model.gguf")
    failed = certify(bench, job, variant)
    assert {"files", "served file"} <= set(failed)
    assert "tensors are not the model's" in failed["served file"]


# the weights ----------------------------------------------------------------------------------------------------------
def without(base: Path, half: bool) -> Callable[[planted.Weights], planted.Weights]:
    """Some layers, or all, as they were before training."""

    def change(found: planted.Weights) -> planted.Weights:
        plain = load_file(base / "model.safetensors")
        return {name: plain[name] if not half or ".layers.1." in name else found[name] for name in found}

    return change


@pytest.mark.parametrize("half", [True, False], ids=["half merged", "not merged"])
def test_an_adapter_that_was_not_merged_is_found(tuned_case: TunedCase, tiny: Path, half: bool) -> None:
    """Though the run itself left those files, and the engine serves exactly them."""
    bench, job, variant = tuned_case
    planted.weights(merged(bench, job), without(tiny, half))
    job = planted.noted(bench, job, merged(bench, job))
    failed = certify(bench, job, variant)
    assert "are not the base's plus the adapter, model.layers." in failed["merge"]
    assert not {"files", "served file"} & set(failed)


def test_a_merge_into_another_base_is_found(tuned_case: TunedCase, tiny: Path, tmp_path: Path) -> None:
    bench, job, variant = tuned_case
    other = load_file(tinymodel.make(tmp_path / "other", seed=1) / "model.safetensors")
    plain = load_file(tiny / "model.safetensors")
    planted.weights(merged(bench, job), lambda found: {name: found[name] - plain[name] + other[name] for name in found})
    job = planted.noted(bench, job, merged(bench, job))
    assert "are not the base's plus the adapter" in certify(bench, job, variant)["merge"]


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "generation_config.json"])
def test_a_part_that_was_exchanged_since_the_run_ended_is_found(
    tuned_case: TunedCase, tmp_path: Path, name: str
) -> None:
    bench, job, variant = tuned_case
    file = merged(bench, job) / name
    if name == "model.safetensors":
        shutil.copyfile(tinymodel.make(tmp_path / "other", seed=2) / name, file)
    else:
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert certify(bench, job, variant)["files"].startswith(f"{name} has the sha256 ")


# after the verdict ----------------------------------------------------------------------------------------------------
def proved(bench: Workbench, variant: Variant) -> None:
    """The evaluation as it is, with a verdict that lets the model take over: four steps prove nothing."""
    found = evaluate.latest(bench.store, CASE)
    said = {"decision": "switch", "reason": "because it is better", "candidate": variant.name}
    bench.store.finish_evaluation(found.id, found.results, found.verdict | said, found.parity)


def ask(bench: Workbench, variant: Variant) -> str:
    return "".join(bench.chat.reply(variant, [{"role": "user", "content": "Does a cactus want water?"}]))


def test_weights_that_were_replaced_after_the_verdict_do_not_take_over(tuned_case: TunedCase, endless: Path) -> None:
    bench, job, variant = tuned_case
    proved(bench, variant)
    assert switch.blocked(bench.store, CASE) is None
    file, before = merged(bench, job) / "model.gguf", switch.active(bench.store, bench.settings, CASE)
    shutil.copyfile(endless / "model.gguf", file)
    words = f"The model has changed since it was measured: {job.model}/model.gguf had the sha256 "
    assert switch.blocked(bench.store, CASE).startswith(words)
    assert switch.proved(bench.store, CASE) is None
    for more in ({}, {"force": True}, {"variant": variant.id, "force": True, "reason": " "}):
        with pytest.raises(AttuneError, match="The model has changed since it was measured"):
            switch.run(bench.store, CASE, **more)
    assert switch.active(bench.store, bench.settings, CASE) == before
    row = switch.run(bench.store, CASE, variant.id, force=True, reason="converted anew by hand")
    assert (row.reason, row.evaluation) == ("overridden: converted anew by hand", 0)
    assert ask(bench, variant)


def test_the_weights_behind_the_served_file_count_too(tuned_case: TunedCase) -> None:
    bench, job, variant = tuned_case
    proved(bench, variant)
    big = merged(bench, job) / "model.safetensors"
    data = bytearray(big.read_bytes())
    data[-1] ^= 1
    big.write_bytes(data)
    with pytest.raises(AttuneError, match=r"model\.safetensors had the sha256"):
        switch.run(bench.store, CASE)


def test_a_model_that_was_exchanged_does_not_answer_when_it_starts(
    opened_again: Callable[[], Workbench], endless: Path
) -> None:
    bench = opened_again()
    (job,) = bench.store.made(CASE)
    variant = variants.tuned(bench.store, bench.settings, job)[variants.TUNED]
    proved(bench, variant)
    switch.run(bench.store, CASE)
    assert ask(bench, variant)
    file = merged(bench, job) / "model.gguf"
    kept = file.read_bytes()
    file.unlink()
    shutil.copyfile(endless / "model.gguf", file)
    for asked in (bench, opened_again()):  # the server that runs would read it anew once it has slept
        with pytest.raises(AttuneError, match=r"file of 'tuned' has changed since it was measured: .* now has") as told:
            ask(asked, variant)
        assert "attune undo" in told.value.remedy
    file.write_bytes(kept)
    assert ask(bench, variant)


def test_an_evaluation_finds_out_what_a_changed_model_is(tuned_case: TunedCase, endless: Path) -> None:
    bench, job, variant = tuned_case
    proved(bench, variant)
    shutil.copyfile(endless / "model.gguf", merged(bench, job) / "model.gguf")
    found = evaluate.run(bench, CASE)
    assert not found.parity["ok"]
    assert switch.blocked(bench.store, CASE) is not None
    with pytest.raises(AttuneError, match="changed since it was measured"):
        ask(bench, variant)


def test_a_damaged_model_fails_with_a_sentence(tuned_case: TunedCase) -> None:
    bench, job, variant = tuned_case
    file = merged(bench, job) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    failed = certify(bench, job, variant)
    assert "certificate" in failed or "files" in failed


def test_hashes_are_those_of_the_files(tuned_case: TunedCase) -> None:
    bench, job, _ = tuned_case
    assert job.metrics["made"]["model"] == model_files.hashed(merged(bench, job))
    assert set(job.metrics["made"]) == {"model", "adapter", "base"}
