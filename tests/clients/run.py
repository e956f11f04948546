"""Real clients, each in its own way, ask a running Attune: `make clients`.

    python -m tests.clients.run [FILE ...]

Attune is started with the embedded default on a data folder of its own; what each client got is printed at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from assistant.settings import EMBEDDED
from tests.serving_v1 import attune_server

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = HERE.parent.parent / ".venv-clients"
OLDER = ("ask_instructor.py", "ask_litellm.py")  # these need an environment of their own: requirements-instructor.txt


def main(wanted: list[str]) -> int:
    files = [path for path in sorted(HERE.glob("ask_*.py")) if not wanted or path.name in wanted or path.stem in wanted]
    with tempfile.TemporaryDirectory() as folder, attune_server(Path(folder) / "run") as served:
        environment = os.environ | {
            "OPENAI_BASE_URL": served.base_url,
            "OPENAI_API_KEY": served.key,
            "ATTUNE_MODEL": EMBEDDED,
        }
        environment.pop("PYTHONPATH", None)
        codes = [
            _ask(name, [str(path) for path in files if (path.name in OLDER) == (name == "instructor")], environment)
            for name in ("newest", "instructor")
        ]
    return max(codes)


def _ask(name: str, files: list[str], environment: dict[str, str]) -> int:
    """Run these files with the clients of one environment."""
    if not files:
        return 0
    python = ENVIRONMENTS / name / "bin" / "python"
    return subprocess.run(
        [str(python), "-m", "pytest", "-c", str(HERE / "pytest.ini"), *files], env=environment
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
