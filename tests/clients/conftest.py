"""Where the running Attune is, for every client: tests/clients/run.py says so in the environment."""

from __future__ import annotations

import os

import pytest

os.environ.update(OPENAI_AGENTS_DISABLE_TRACING="1", LITELLM_LOCAL_MODEL_COST_MAP="True")  # neither may ask the world


@pytest.fixture
def url() -> str:
    return os.environ["OPENAI_BASE_URL"]


@pytest.fixture
def key() -> str:
    return os.environ["OPENAI_API_KEY"]


@pytest.fixture
def model() -> str:
    return os.environ["ATTUNE_MODEL"]
