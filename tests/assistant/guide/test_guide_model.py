"""The guide's model chosen in the app: it is used from the next message on, and its key stays in memory alone."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from assistant.errors import AttuneError
from assistant.faces.ui.guide.guide_model import chosen
from assistant.guide.agent import Guide
from assistant.settings import Settings
from assistant.stages import interview
from tests.assistant.guide.proposing import open_bench
from tests.assistant.guide.test_guide_llm import Llm

SET = Settings(guide_base_url="https://a.example/v1", guide_model="wise", guide_api_key=SecretStr("sk-of-a"))


def test_a_model_chosen_in_the_app_answers_the_next_message(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    llm = Llm()
    llm.script = ["Welcome! What should it do?", 500]
    threading.Thread(target=llm.serve_forever, daemon=True).start()
    bench, _ = open_bench(tmp_path / "run")
    guide, case = Guide(bench), interview.new(bench.store, "Tea shop").id
    guide.opening(case)
    bench.settings = chosen(bench.settings, f" {llm.url} ", " wise ", " sk-typed-in ")
    assert guide.say(case, "hello").text == "Welcome! What should it do?"
    assert llm.requests[0]["key"] == "Bearer sk-typed-in"
    assert "built-in guide takes this turn" in guide.say(case, "Answer mails").text
    bench.settings = bench.settings.model_copy(update={"guide_model": ""})
    assert "wise" not in guide.say(case, "status").text
    bench.close()
    llm.shutdown()
    llm.server_close()
    written = [path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert written
    assert not [data for data in written if b"sk-typed-in" in data]
    assert "sk-typed-in" not in caplog.text
    assert "sk-typed-in" not in f"{bench.settings!r}"


def test_a_key_is_sent_to_no_other_address_than_its_own() -> None:
    assert chosen(SET, "https://a.example/v1", "other", "").guide_api_key.get_secret_value() == "sk-of-a"
    for url in ("https://b.example/v1", "", "https://a.example/v1/x"):
        assert chosen(SET, url, "wise", "").guide_api_key.get_secret_value() == ""
    assert chosen(SET, "https://b.example/v1", "wise", "sk-of-b").guide_api_key.get_secret_value() == "sk-of-b"


@pytest.mark.parametrize(
    ("url", "model"), [("https://a.example/v1", " "), ("a.example", "wise"), ("file:///x", "wise")]
)
def test_what_cannot_be_a_model_is_refused(url: str, model: str) -> None:
    with pytest.raises(AttuneError) as caught:
        chosen(SET, url, model, "")
    assert caught.value.remedy
