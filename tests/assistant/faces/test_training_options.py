"""Every training option at every face: it is there, with the table's help and limits, and a wrong value is refused."""

from __future__ import annotations

import asyncio
import json
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import typer
from langchain_core.utils.function_calling import convert_to_openai_tool

from assistant.conversations.formats import case_folder
from assistant.errors import AttuneError
from assistant.faces.api.schemas import objects
from assistant.faces.cli import entry
from assistant.faces.mcp.server import server
from assistant.faces.ui.guide.proposal_card import ProposalCard, described
from assistant.faces.ui.session import Session
from assistant.faces.ui.train.training_tab import TrainingTab
from assistant.guide import proposals
from assistant.guide.agent_tools import AgentTools
from assistant.stages import finetune
from assistant.workbench import Workbench
from tests.assistant.faces.api.quick import data, file, serving
from tests.assistant.guide.proposing import Opened, open_bench, ready
from tests.tools.test_options import bad, good
from tools.options import OPTIONS, Option, given
from tools.trainer import ToolError

__all__ = ["data"]  # a fixture
ROOT = Path(__file__).resolve().parents[3]
AGENTS = ("propose_training", "estimate_training")
MORE = """
import sys
from pathlib import Path
from tools.options import OPTIONS, Option
OPTIONS["warmup"] = Option("warmup", int, "Warm-up", "Steps of warm-up.", "none", low=1, high=77)
from tests.assistant.faces.test_training_options import everywhere
everywhere(Path(sys.argv[1]))
"""


def opened_page(bench: Workbench) -> tuple[TrainingTab, ProposalCard]:
    with gr.Blocks():
        return TrainingTab(bench, Session()), ProposalCard(bench)


def agents_tools(bench: Workbench) -> dict[str, Any]:
    """The arguments of each tool of the MCP server, as it lists them."""
    found = _alone(server(bench).list_tools())
    return {tool.name: tool.input_schema["properties"] for tool in found}


def _alone(work: Any) -> Any:
    """On a thread of its own: a browser driven by earlier tests leaves an event loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def everywhere(folder: Path) -> None:
    """Find every option of the table at every face, with what the table says of it."""
    bench, _ = open_bench(folder / "run", embedding="lexical")
    case = ready(bench)
    group: Any = typer.main.get_command(entry.app)
    flags = {flag: one for one in group.commands["finetune"].params for flag in one.opts}
    tab, card = opened_page(bench)
    proposed = proposals.propose(bench, case, "train", {})
    shown = described(replace(proposed, payload={name: good(option) for name, option in OPTIONS.items()}))
    (guides,) = (convert_to_openai_tool(t) for t in AgentTools(bench, case).wrapped() if t.name == "propose_training")
    arguments = guides["function"]["parameters"]["properties"]
    agents = agents_tools(bench)
    page = runpy.run_path(str(ROOT / "docs/generate.py"))["options"]()  # the page itself is held fresh by the house
    for name, option in OPTIONS.items():
        assert flags[option.flag].help == option.about
        assert flags[option.flag].show_default == option.default
        _is_its_schema(arguments[name], option)
        for verb in AGENTS:
            _is_its_schema(agents[verb][name], option)
        assert name in case_folder.SECTIONS["train"]
        assert f"<td>{option.label}</td><td class=n>{good(option)}</td>" in shown
        assert f"| `{option.flag}` | {option.help} | {option.limits} | {option.default} | {option.takers} |" in page
        for inputs in (tab.inputs, card.inputs) if name != "trainer" else ():
            _is_its_input(inputs[name], option)
    assert len(tab.options) == len(OPTIONS)
    assert (tab.trainer.label, card.trainer.label) == (OPTIONS["trainer"].label,) * 2
    bench.close()


def _is_its_schema(found: dict[str, Any], option: Option) -> None:
    assert found["description"] == option.told
    assert found["default"] == option.kind()
    if option.choices:
        assert found["enum"] == ["", *option.choices]
    elif option.kind is not str:
        assert (found["minimum"], found["maximum"]) == (0, option.high)
        assert option.limits in found["description"].lower()


def _is_its_input(found: Any, option: Option) -> None:
    assert (found.label, found.info) == (option.label, option.help if option.choices else option.about)
    if option.choices:
        assert [value for _, value in found.choices] == ["", *option.choices]
        assert [said for said, _ in found.choices[1:]] == list(option.choices.values())
    elif option.kind is not str:
        assert option.limits in found.info.lower()


def test_every_face_has_every_option_with_the_tables_words_and_limits(tmp_path: Path) -> None:
    everywhere(tmp_path)


def test_one_entry_in_the_table_is_an_option_at_every_face(tmp_path: Path) -> None:
    """A new option is added before anything else is imported, and is found wherever the others are."""
    done = subprocess.run(
        [sys.executable, "-c", MORE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr


def test_v1_has_the_options_that_openai_has_with_openais_limits() -> None:
    theirs = {o.openai: o for o in OPTIONS.values() if o.openai}
    schema = objects.JobCreate.model_json_schema()
    fields = schema["$defs"]["DpoHyperparameters"]["properties"]
    assert {*fields, "seed"} == {*theirs, "learning_rate_multiplier"}  # a factor of the rate that would be chosen
    for name in fields.keys() & theirs.keys():
        (limits,) = (one for one in fields[name]["anyOf"] if "maximum" in one)
        assert limits["maximum"] == theirs[name].hosted_high
    (limits,) = (one for one in schema["properties"]["seed"]["anyOf"] if "maximum" in one)
    assert (limits["minimum"], limits["maximum"]) == (OPTIONS["seed"].low, OPTIONS["seed"].high)


def test_the_form_of_a_card_holds_what_was_chosen_and_nothing_that_is_filled_in(opened: Opened) -> None:
    bench, _ = opened
    case = ready(bench)
    made = proposals.propose(bench, case, "train", {"epochs": 2.0, "patience": 3})
    _, card = opened_page(bench)
    _, _, trainer, *inputs, variant = card.edit(made.id)
    form = {name: each["value"] for name, each in zip(card.inputs, inputs, strict=True)}
    assert given(form) == {"epochs": 2.0, "patience": 3}
    assert card.changed(made.id, trainer.value, *form.values(), variant.value) == made  # nothing was changed
    changed = card.changed(made.id, trainer.value, *(form | {"patience": 0, "tuning": "full"}).values(), variant.value)
    assert "patience" not in changed.payload
    assert changed.payload["tuning"] == "full"


# wrong values ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_a_wrong_value_is_refused_at_every_face_and_nothing_is_recorded(
    option: Option, opened: Opened, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    bench, trainer = opened
    case = ready(bench)
    before = proposals.propose(bench, case, "train", {"epochs": 2.0})
    tab, card = opened_page(bench)
    (tool,) = (t for t in AgentTools(bench, case).wrapped() if t.name == "propose_training")
    agents = server(bench)
    for value in bad(option):
        one = {option.name: value}
        for ask in (finetune.estimate, finetune.run):
            _refused(lambda ask=ask, one=one: ask(bench, case, **one), option)
        _refused(lambda one=one: proposals.change(bench, before.id, one), option)
        _is_told(json.loads(tool.func(**one)), option)  # type: ignore[attr-defined]
        for verb in AGENTS:
            answer = _alone(agents.call_tool(verb, one))
            assert answer.is_error
            _is_told(answer.structured_content, option)
        if option.name != "trainer":
            values = ["", *(one.get(name, OPTIONS[name].kind()) for name in tab.inputs)]
            told, _ = tab.show_forecast(case, "training", *values)
            assert f"for {option.name}. " in told
            _refused(lambda values=values: tab.start_training(case, *values), option)
            form = ["instant", *(one.get(name, OPTIONS[name].kind()) for name in card.inputs), ""]
            _refused(lambda form=form: card.changed(before.id, *form), option)
        _refused(lambda one=one: case_folder.read(_folder(tmp_path / "folder", one)), option, "case.toml: ")
        if option.kind is not str and not isinstance(value, str | list | bool):
            assert entry.run(["finetune", option.flag, str(value)]) == 2
            said = capsys.readouterr().err
            assert f"'{option.flag}': '{value}' is not {option.limits}. See `attune --help`." in said
    assert (bench.store.jobs(), trainer.started) == ([], [])
    assert bench.store.proposals(case, "open") == [before]


@pytest.mark.parametrize("option", [o for o in OPTIONS.values() if o.choices], ids=lambda o: o.name)
def test_a_choice_that_is_none_is_refused_at_the_command_line(
    option: Option, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.run(["finetune", option.flag, "ppo"]) == 2
    assert f"'{option.flag}': 'ppo' is not {option.limits}." in capsys.readouterr().err


def test_a_wrong_value_at_v1_is_told_by_the_tables_limit(data: Path) -> None:
    with serving(data) as (v1, trainer):
        order = {"model": v1.model, "training_file": file(v1, 0)}
        for option in (o for o in OPTIONS.values() if o.openai and o.hosted_high):
            inner = {"type": "dpo", "dpo": {"hyperparameters": {}}}
            for value in (-1, option.hosted_high + 1, "many", True, [1]):
                inner["dpo"] = {"hyperparameters": {option.openai: value}}
                answer = v1.http.post("/fine_tuning/jobs", json=order | {"method": inner})
                assert answer.status_code == 400
                assert f"to {option.hosted_high:g}" in answer.json()["error"]["message"]
        for value in (-1, OPTIONS["seed"].high + 1):
            assert v1.http.post("/fine_tuning/jobs", json=order | {"seed": value}).status_code == 400
        assert trainer.begun() == []
        assert v1.bench.store.jobs() == []


def _refused(ask: Any, option: Option, before: str = "") -> None:
    with pytest.raises(ToolError) as caught:
        ask()
    assert caught.value.sentence.startswith(before)
    _is_told({"error": caught.value.sentence, "remedy": caught.value.remedy}, option)


def _is_told(said: Any, option: Option) -> None:
    assert set(said) == {"error", "remedy"}
    assert said["error"].endswith(f" for {option.name}.")
    assert said["remedy"] in (f"Give {option.limits}.", f"Choose {option.limits}.")


def _folder(folder: Path, options: dict[str, Any]) -> Path:
    """A case folder whose case.toml has these options."""
    folder.mkdir(exist_ok=True)
    (folder / "conversations.jsonl").touch()
    lines = [f"{name} = {'true' if value is True else json.dumps(value)}" for name, value in options.items()]
    text = "\n".join(["[train]", *lines]).replace("NaN", "nan").replace("Infinity", "inf")
    (folder / "case.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_case_file_takes_every_option(tmp_path: Path) -> None:
    wanted = {name: good(option) for name, option in OPTIONS.items()}
    row = {"messages": [{"role": "user", "content": "Which?"}, {"role": "assistant", "content": "This."}]}
    folder = _folder(tmp_path / "folder", wanted)
    (folder / "conversations.jsonl").write_text(json.dumps(row), encoding="utf-8")
    assert case_folder.read(folder).options == wanted
    with pytest.raises(AttuneError, match=r"\[train\] has no option 'colour'"):
        case_folder.read(_folder(folder, {"colour": "red"}))
