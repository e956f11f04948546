"""What is tested on and known elsewhere, on the command line: shown, left out, let through; and contradictions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.assistant.conversations.test_leaks import HELD, LEAKY, OTHERS
from tests.conftest import Attune


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def test_a_leak_is_shown_and_can_be_let_through(attune: Attune, tmp_path: Path) -> None:
    asked = str(OTHERS[0][0]["content"])
    torn = [{"role": "user", "content": asked.lower()}, {"role": "assistant", "content": "Just below the surface."}]
    for name, rows in (("good", [*OTHERS, LEAKY["forwarded"], torn]), ("held", [HELD])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"messages": row}) + "\n" for row in rows))
    result(attune("new", "Plants", "--json"))
    result(attune("import", "good.jsonl", "--json"))
    result(attune("import", "held.jsonl", "--heldout", "--json"))

    made = result(attune("dataset", "--json"))
    assert made["dropped"] == {"too like a held-out conversation": 1}
    assert len(made["contradictions"]) == 1
    assert "Asked alike and answered differently: conversations" in attune("dataset").stderr

    (found,) = result(attune("dataset", "--leaks", "--json"))["leaks"]
    assert (found["where"], found["part"], found["kept_apart"]) == ("this case", "question", True)
    shown = attune("dataset", "--leaks").stdout
    assert found["pair"] in shown
    assert "left out" in shown

    refusal = attune("dataset", "--allow", found["pair"])
    assert refusal.returncode == 1
    assert "--why" in refusal.stderr
    result(attune("dataset", "--allow", found["pair"], "--why", "she asked us to", "--json"))
    again = result(attune("dataset", "--json"))
    assert (again["train"], again["dropped"]) == (made["train"] + 1, {})
    assert "allowed" in attune("dataset", "--leaks").stdout
