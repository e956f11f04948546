"""The table of training options: it is whole, it agrees with what the trainers do, and it refuses what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.settings import Settings
from assistant.workbench import trainers
from tests.tools.conftest import make_rows
from tests.tools.vendor_server import BASE
from tools import options
from tools.autotrain.autotrain_trainer import AutoTrainTrainer
from tools.local import checks, recipe
from tools.openai.openai_trainer import OpenAITrainer
from tools.options import OPTIONS, Option
from tools.trainer import ToolError, TrainRequest

NAN, INFINITY = float("nan"), float("inf")


def bad(option: Option) -> list[Any]:
    """Values that the option cannot have: below, above, of another type, not a number, no choice of it."""
    if option.kind is str:
        return [7, NAN, True, ["sft"], *(["ppo", "SFT "] if option.choices else [])]
    fractions = [option.low + 0.5] if option.kind is int else []
    return [-1, option.high + 1, 10**400, "many", "-1", True, [3], NAN, INFINITY, *fractions]


def good(option: Option) -> Any:
    """A value that the option can have and that is not what a request holds anyway."""
    if option.choices:
        return [*option.choices][-1]
    return "some text" if option.kind is str else option.kind(option.high)


EVERY_BAD = [(name, value) for name, option in OPTIONS.items() for value in bad(option)]


@pytest.mark.parametrize(("name", "value"), EVERY_BAD, ids=lambda one: f"{one!r:.20}")
def test_a_value_that_cannot_be_is_one_sentence_and_a_remedy(name: str, value: Any) -> None:
    with pytest.raises(ToolError) as caught:
        options.checked({name: value})
    error = caught.value
    assert error.sentence.endswith(f" for {name}.")
    assert error.remedy in (f"Give {OPTIONS[name].limits}.", f"Choose {OPTIONS[name].limits}.")
    assert len(error.sentence) < 120
    for usual, asked in (({}, {name: value}), ({name: value}, {})):  # the case's own value is checked too
        with pytest.raises(ToolError, match=f"for {name}"):
            options.settled(usual, asked)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_its_ends_are_taken_and_0_and_empty_leave_it_out(option: Option) -> None:
    for value in option.choices or [good(option)]:
        assert options.checked({option.name: value}) == {option.name: value}
    if option.kind is int:
        assert option.check(float(option.high)) == option.high
        assert isinstance(option.check(float(option.high)), int)
        assert option.check(int(option.low)) == option.low
    if option.kind is not str:
        assert option.check(f"{option.high:.0f}") == option.high  # small language models write numbers as texts
    assert options.checked({option.name: None} | {option.name: option.kind()}) == {}
    usual = {"method": "dpo"} | {option.name: good(option)}
    assert options.settled(usual, {option.name: option.kind()}) == usual


def test_what_stands_in_a_request_is_a_field_of_it() -> None:
    fields = set(TrainRequest.__dataclass_fields__)
    assert {o.name for o in OPTIONS.values() if o.in_request} == fields & set(OPTIONS)
    assert options.checked({o.name: o.plain for o in OPTIONS.values() if o.plain}).keys() <= fields


def test_an_option_that_there_is_not_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ToolError, match="no option 'colour'") as caught:
        options.checked({"colour": "red"})
    assert all(name in caught.value.remedy for name in OPTIONS)


def test_an_option_of_other_methods_is_refused_by_name() -> None:
    with pytest.raises(ToolError, match="Beta is an option of DPO and KTO; SFT has none"):
        options.settled({"method": "dpo"}, {"beta": 0.2, "method": "sft"})
    with pytest.raises(ToolError, match="SFT has none"):
        options.settled({}, {"beta": 0.2})
    assert options.settled({"method": "dpo"}, {"beta": 0.2}) == {"method": "dpo", "beta": 0.2}


@pytest.mark.parametrize("option", [o for o in OPTIONS.values() if o.kind is not str and o.in_request])
def test_a_request_is_held_to_the_lower_limits(option: Option, tiny: Path) -> None:
    for value in (-1, NAN):
        with pytest.raises(ToolError, match=f"for {option.name}"):
            checks.checked(TrainRequest(str(tiny), make_rows(4), **{option.name: value}))


def test_what_is_said_of_a_default_is_so(tiny: Path) -> None:
    small, large = (recipe.choose(TrainRequest(str(tiny), make_rows(4)), size) for size in (1, int(recipe.SMALL)))
    assert OPTIONS["lora_rank"].default.startswith(f"{small.lora_rank} for a model under {recipe.SMALL / 1e6:.0f} mill")
    assert OPTIONS["lora_rank"].default.endswith(f"else {large.lora_rank}")
    assert OPTIONS["seed"].default.endswith(str(OPTIONS["seed"].plain))
    for name in ("method", "tuning", "processes"):
        assert OPTIONS[name].default == str(OPTIONS[name].plain)


def test_who_takes_an_option_is_a_trainer_a_method_a_tuning() -> None:
    known = {"trainers": set(trainers(Settings())), **{k: set(OPTIONS[k[:-1]].choices) for k in ("methods", "tunings")}}
    for option in OPTIONS.values():
        for kind, names in known.items():
            assert set(getattr(option, kind)) <= names, option.name


def test_autotrain_refuses_what_the_table_says_it_does_not_take(tiny: Path, tmp_path: Path) -> None:
    trainer = AutoTrainTrainer(tmp_path, tmp_path / "env")
    foreign = [o for o in OPTIONS.values() if o.trainers and "autotrain" not in o.trainers]
    assert foreign
    for option in foreign:
        given = {option.name: good(option)} if option.in_request else {"adapter": "/x"}
        with pytest.raises(ToolError, match=r"(?i)autotrain"):
            trainer.estimate(TrainRequest(str(tiny), make_rows(4), **given))


def test_a_vendor_tells_of_each_option_that_it_does_not_take() -> None:
    foreign = [o for o in OPTIONS.values() if o.trainers and "openai" not in o.trainers]
    assert {o.name for o in foreign} > {o.name for o in OPTIONS.values() if o.left_to}
    for option in foreign:
        request = TrainRequest(BASE, make_rows(12), **{option.name: good(option)})
        if option.left_to:
            assert f"OpenAI itself decides {option.left_to}." in OpenAITrainer("").estimate(request).source
        else:
            with pytest.raises(ToolError, match=f"OpenAI does not offer .* {option.name}"):
                OpenAITrainer("").estimate(request)


def test_a_vendors_lower_limit_holds_there() -> None:
    lower = [o for o in OPTIONS.values() if o.hosted_high]
    assert lower
    for option in lower:
        assert option.hosted_high <= option.high
        with pytest.raises(ToolError, match=f"{option.hosted_high:g}"):
            OpenAITrainer("").estimate(TrainRequest(BASE, make_rows(12), **{option.name: option.hosted_high + 1}))
