"""Taking things elsewhere: what is written is whole, says how to serve it, and is the model that was trained."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from safetensors.numpy import save_file

from assistant import variants
from assistant.errors import AttuneError
from assistant.guide.agent import Guide
from assistant.guide.tools import Tools
from assistant.leaving import export, publish
from assistant.workbench import Workbench
from tests.assistant.evidence.measured_case import trained
from tests.assistant.guide.proposing import open_bench
from tests.conftest import Attune
from tests.tools.engine.go_template import render
from tests.tools.hub_server import TOKEN, Hub
from tools.trainer import ToolError


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened, trainer = open_bench(tmp_path / "run")
    trained(opened, trainer)
    yield opened
    opened.close()


CASE = "post-desk"
Take = Callable[..., object]


def give_model(bench: Workbench, adapter: bool = True) -> Path:
    """Let the newest job have made the tiny model, with a folder that stands for its adapter; returns the model's."""
    (job,) = bench.store.jobs(CASE)
    folder = bench.settings.data / "jobs" / "1" / "merged"
    shutil.copytree(bench.settings.chat_model, folder)
    changes = {"model": "jobs/1/merged"}
    if adapter:
        (folder.parent / "adapter").mkdir()
        (folder.parent / "adapter" / "adapter_config.json").write_text("{}")
        save_file({"lora": np.ones((64, 64), np.float32)}, folder.parent / "adapter" / "adapter_model.safetensors")
        changes["adapter"] = "jobs/1/adapter"
    bench.store.set_job(job.id, **changes)
    return folder


def test_a_folder_for_ollama_vllm_and_transformers(bench: Workbench, tmp_path: Path) -> None:
    source = give_model(bench)
    done = export.for_ollama(bench.store, bench.settings, CASE, tmp_path / "out")
    folder = Path(done["folder"])
    assert (folder / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()
    tuned = variants.tuned(bench.store, bench.settings, bench.store.jobs(CASE)[-1])["tuned"]
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


def cut(path: Path) -> None:
    """End a file in its middle, as a full disk or a broken copy leaves it."""
    os.truncate(path, path.stat().st_size // 2)


WEIGHTS: list[tuple[str, str, Take]] = [
    (how, name, take)
    for name, takes in {
        "model.safetensors": (export.model, export.for_ollama, publish.as_gguf),
        "../adapter/adapter_model.safetensors": (export.adapter,),
        "model.gguf": (export.for_ollama, publish.as_gguf),
    }.items()
    for take in takes
    for how in ("cut off", "missing")
    if (name, how) != ("model.gguf", "missing")  # it is made again
]


@pytest.mark.parametrize(("how", "name", "take"), WEIGHTS)
def test_what_is_not_whole_is_not_exported(bench: Workbench, tmp_path: Path, how: str, name: str, take: Take) -> None:
    file = give_model(bench) / name
    cut(file) if how == "cut off" else file.unlink()
    with pytest.raises(AttuneError, match="What job 1 made is not whole") as told:
        take(bench.store, bench.settings, CASE, tmp_path / "out")
    assert "Nothing was exported" in told.value.remedy
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_a_shard_that_its_index_names_has_to_be_there(bench: Workbench, tmp_path: Path) -> None:
    source = give_model(bench)
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (source / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(AttuneError, match="lacks model-00002-of-00002"):
        export.model(bench.store, bench.settings, CASE, tmp_path / "out")


def test_nothing_that_is_not_whole_is_pushed(bench: Workbench, hub: Hub) -> None:
    cut(give_model(bench) / "model.safetensors")
    settings = bench.settings.model_copy(update={"hf_token": SecretStr(TOKEN), "hf_endpoint": hub.url})
    with pytest.raises(AttuneError, match="not whole"):
        publish.push(bench.store, settings, CASE, "desk")
    assert ("model", "ada/desk") not in hub.repos


def test_an_earlier_export_stays_where_a_new_one_fails(bench: Workbench) -> None:
    source = give_model(bench)
    done = export.written(bench.store, bench.settings, CASE, "model")
    (source / "model.safetensors").rename(source / "away")  # the export's link leads to it still
    with pytest.raises(AttuneError, match="not whole"):
        export.written(bench.store, bench.settings, CASE, "model")
    assert (Path(done["folder"]) / "model.safetensors").stat().st_size == (source / "away").stat().st_size


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can become larger, as on a disk that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_without_room_leaves_nothing_that_looks_whole(bench: Workbench, tmp_path: Path) -> None:
    give_model(bench)
    variants.tuned(bench.store, bench.settings, bench.store.jobs(CASE)[-1])  # so that the record need not grow
    for number, take in enumerate((export.model, export.for_ollama, export.adapter, publish.as_gguf)):
        with room_for(8192), pytest.raises(AttuneError, match="cannot be copied"):
            take(bench.store, bench.settings, CASE, tmp_path / f"out-{number}")
    with room_for(512), pytest.raises(AttuneError, match="dataset cannot be written"):
        export.dataset(bench.store, CASE, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "run"]


def test_a_folder_of_ones_own_choice_keeps_ones_umask(bench: Workbench, here: Attune, tmp_path: Path) -> None:
    source = give_model(bench)
    for path in [source, *source.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    before = os.umask(0o022)
    try:
        assert here("export", "--model", "m", "--dataset", "d", "--gguf", "g.gguf").returncode == 0
    finally:
        os.umask(before)
    made = [p for name in ("m", "d", "g.gguf") for p in [tmp_path / name, *(tmp_path / name).rglob("*")]]
    assert {stat.S_IMODE(p.stat().st_mode) for p in made if p.is_dir()} == {0o755}
    assert {stat.S_IMODE(p.stat().st_mode) for p in made if p.is_file()} == {0o644}
