"""What may stand in a `.env`, and where it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.settings import Settings
from assistant.workbench import trainers
from tools.local.local_trainer import LocalTrainer


def read(folder: Path, *lines: str) -> Settings:
    """The settings of a `.env` with these lines."""
    file = folder / ".env"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return Settings(_env_file=file)  # type: ignore[call-arg]


def test_an_optional_number_may_be_left_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path, "ATTUNE_TUNE_PRICE=").tune_price is None
    assert read(tmp_path, "ATTUNE_TUNE_PRICE=0.4").tune_price == 0.4
    monkeypatch.setenv("ATTUNE_TUNE_PRICE", "")
    assert Settings().tune_price is None
    with pytest.raises(ValueError, match="tune_price"):
        read(tmp_path, "ATTUNE_TUNE_PRICE=-1").model_validate({"tune_price": "dear"})


def test_the_token_of_a_env_file_reaches_every_trainer_on_this_machine(tmp_path: Path) -> None:
    settings = read(tmp_path, "HF_TOKEN=hf_marked", "HF_ENDPOINT=http://127.0.0.1:9")
    local = [one for one in trainers(settings).values() if isinstance(one, LocalTrainer)]
    assert [one.name for one in local] == ["trl", "unsloth", "autotrain"]
    assert all(one.hub == {"HF_TOKEN": "hf_marked", "HF_ENDPOINT": "http://127.0.0.1:9"} for one in local)
    assert "HF_TOKEN" not in trainers(read(tmp_path, ""))["trl"].hub  # type: ignore[attr-defined]
