"""What is sent to Hugging Face Jobs: a script that uv can run with the tested versions, and our tools alone."""

from __future__ import annotations

import ast
import io
import re
import tomllib
import zipfile

from tests.tools.conftest import ROOT
from tools.huggingface import job_script


def test_the_script_is_a_uv_script_with_the_tested_versions() -> None:
    text = job_script.script()
    head = re.search(r"# /// script\n(.*?)# ///\n", text, re.DOTALL)
    assert head is not None
    found = tomllib.loads("".join(line.removeprefix("# ") for line in head[1].splitlines(keepends=True)))
    assert found["dependencies"] == list(job_script.DEPENDENCIES)
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    exact = dict(name.split("==") for name in found["dependencies"] if "==" in name)
    assert exact
    assert all(pins[name] == version for name, version in exact.items())
    ast.parse(text)


def test_qlora_brings_what_computes_in_four_bits() -> None:
    assert job_script.FOUR_BITS in job_script.script("qlora")
    assert "bitsandbytes" not in job_script.script("lora")


def test_the_code_that_is_sent_is_our_tools_and_nothing_else() -> None:
    names = zipfile.ZipFile(io.BytesIO(job_script.code())).namelist()
    assert "tools/workers/elsewhere/hf_remote.py" in names
    assert "tools/workers/finetune.py" in names
    assert all(name.startswith("tools/") and name.endswith(".py") for name in names)
    assert job_script.code() == job_script.code()
