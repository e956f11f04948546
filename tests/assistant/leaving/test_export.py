"""Taking things elsewhere: what is written is whole, says how to serve it, and is the model that was trained."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.guide.agent import Guide
from assistant.guide.tools import Tools
from assistant.leaving import export
from assistant.stages import finetune
from assistant.workbench import Workbench
from tests.assistant.evidence.measured_case import trained
from tests.assistant.guide.proposing import open_bench
from tests.conftest import Attune
from tests.tools.engine.go_template import render
from tools.trainer import ToolError


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened, trainer = open_bench(tmp_path / "run")
    trained(opened, trainer)
    yield opened
    opened.close()


CASE = "post-desk"


def give_model(bench: Workbench, adapter: bool = True) -> Path:
    """Let the newest job have made the tiny model, with a folder that stands for its adapter; returns the model's."""
    (job,) = bench.store.jobs(CASE)
    folder = bench.settings.data / "jobs" / "1" / "merged"
    shutil.copytree(bench.settings.chat_model, folder)
    changes = {"model": "jobs/1/merged"}
    if adapter:
        (folder.parent / "adapter").mkdir()
        (folder.parent / "adapter" / "adapter_config.json").write_text("{}")
        changes["adapter"] = "jobs/1/adapter"
    bench.store.set_job(job.id, **changes)
    return folder


def test_a_folder_for_ollama_vllm_and_transformers(bench: Workbench, tmp_path: Path) -> None:
    source = give_model(bench)
    done = export.for_ollama(bench.store, bench.settings, CASE, tmp_path / "out")
    folder = Path(done["folder"])
    assert (folder / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()
    tuned = finetune.variants(bench.store, bench.settings, bench.store.jobs(CASE)[-1])["tuned"]
    text = (folder / "Modelfile").read_text()
    assert text.split('SYSTEM """')[1].startswith(tuned.system)
    assert f"PARAMETER temperature {tuned.temperature:g}" in text
    told = (folder / "README.md").read_text()
    for part in (
        "ollama create post-desk-1 -f Modelfile",
        "vllm serve . --served-model-name post-desk-1",
        "transformers serve",
        tuned.system,
        "Ollama itself was not at hand",
    ):
        assert part in told
    assert "FROM ./model.gguf" in text
    assert (folder / "model.gguf").read_bytes() == (source / "model.gguf").read_bytes()
    assert set(done["files"]) > {"Modelfile", "README.md", "config.json", "tokenizer.json", "model.gguf"}
    with pytest.raises(AttuneError, match="not empty"):
        export.for_ollama(bench.store, bench.settings, CASE, tmp_path / "out")


def test_the_exported_model_loads_and_its_prompts_are_those_of_the_modelfile(bench: Workbench, tmp_path: Path) -> None:
    give_model(bench)
    folder = Path(export.for_ollama(bench.store, bench.settings, CASE, tmp_path / "out")["folder"])
    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is it?"}]
    program = (
        "import json, sys\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "model = AutoModelForCausalLM.from_pretrained(sys.argv[1])\n"
        "tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])\n"
        "text = tokenizer.apply_chat_template(json.loads(sys.argv[2]), tokenize=False, add_generation_prompt=True)\n"
        "ids = tokenizer(text, return_tensors='pt', add_special_tokens=False)\n"
        "made = model.generate(input_ids=ids['input_ids'], max_new_tokens=4, do_sample=False)\n"
        "print(json.dumps({'text': text, 'new': made.shape[1] - ids['input_ids'].shape[1]}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), json.dumps(talk)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    template = (folder / "Modelfile").read_text().split('TEMPLATE """')[1].split('"""')[0]
    assert found["text"] == render(template, "Be brief.", talk)
    assert found["new"] >= 1


def test_an_unknown_template_writes_nothing(bench: Workbench, tmp_path: Path) -> None:
    source = give_model(bench)
    (source / "chat_template.jinja").write_text("{% for m in messages %}## {{ m.role }}: {{ m.content }}{% endfor %}")
    with pytest.raises(ToolError, match="none of those"):
        export.for_ollama(bench.store, bench.settings, CASE, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert export.model(bench.store, bench.settings, CASE, tmp_path / "plain")["job"] == 1


def test_the_adapter_goes_with_the_name_of_its_base(bench: Workbench, tmp_path: Path) -> None:
    with pytest.raises(AttuneError, match="left no adapter"):
        export.adapter(bench.store, bench.settings, CASE, tmp_path / "out")
    give_model(bench)
    done = export.adapter(bench.store, bench.settings, CASE, tmp_path / "out")
    assert {"README.md", "adapter_config.json"} <= set(done["files"])
    assert done["base"] in (tmp_path / "out" / "README.md").read_text()


def test_in_words_it_goes_into_the_data_folder_again_and_again(bench: Workbench) -> None:
    source = give_model(bench)
    guide, said = Guide(bench), ""
    for _ in range(2):
        reply = guide.say(CASE, "export")
        said = reply.text
        assert reply.proposal is None
    folder = bench.settings.data / "exports" / CASE / "job-1-ollama"
    assert str(folder) in said
    assert "ollama create post-desk-1" in said
    assert (folder / "model.safetensors").samefile(source / "model.safetensors"), "no second copy of the weights"
    assert not (source / "Modelfile").exists()
    tools = Tools(bench, CASE)
    assert "job-1-adapter" in tools.export("adapter")["told"]
    told = tools.export("dataset")["told"]
    assert "40 conversations in train.jsonl, 20 in test.jsonl" in told
    with pytest.raises(AttuneError, match="cannot be exported"):
        export.written(bench.store, bench.settings, CASE, "gguf")


def test_the_original_readme_of_a_linked_model_is_kept(bench: Workbench) -> None:
    source = give_model(bench)
    (source / "README.md").write_text("the model's own card")
    export.written(bench.store, bench.settings, CASE, "ollama")
    assert (source / "README.md").read_text() == "the model's own card"


def test_the_command(bench: Workbench, here: Attune, tmp_path: Path) -> None:
    give_model(bench)
    done = here("export", "--ollama", "o", "--adapter", "a", "--dataset", "d", "--json")
    found = json.loads(done.stdout)
    assert found["ollama"]["name"] == "post-desk-1"
    assert found["dataset"]["train"] == 40
    assert (tmp_path / "a" / "README.md").is_file()
    assert "ollama create post-desk-1" in here("export", "--ollama", "again").stdout
    assert "--ollama" in here("export").stderr


def test_without_a_model_there_is_nothing_to_take(bench: Workbench, tmp_path: Path) -> None:
    for take in (export.for_ollama, export.model):
        with pytest.raises(AttuneError, match="not a folder on this machine"):
            take(bench.store, bench.settings, CASE, tmp_path / "out")
    with pytest.raises(AttuneError, match="Job 7 of 'post-desk' has made no model"):
        export.model(bench.store, bench.settings, CASE, tmp_path / "out", 7)
