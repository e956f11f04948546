"""The command `llm` with a schema, by its file of further models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def ask(tmp_path: Path, model: str, url: str) -> object:
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: attune\n  model_name: {model}\n  api_base: {url}\n  api_key_name: attune\n"
        "  supports_schema: true\n",
        encoding="utf-8",
    )
    (tmp_path / "keys.json").write_text(json.dumps({"attune": os.environ["OPENAI_API_KEY"]}), encoding="utf-8")

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "llm", "-m", "attune", *words],
            env=os.environ | {"LLM_USER_PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_a_prompt(ask) -> None:  # type: ignore[no-untyped-def]
    assert "Paris" in ask("What is the capital of France?")


def test_a_schema(ask) -> None:  # type: ignore[no-untyped-def]
    assert json.loads(ask("--schema", "country, capital", "What is the capital of France?"))["capital"] == "Paris"
