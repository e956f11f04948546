"""What is sent to Hugging Face Jobs: our own worker packed up, and a uv script that unpacks and runs it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import jobdir

TOOLS = Path(__file__).resolve().parents[1]
CODE, SCRIPT = "code.zip", "job.py"
BASE, ADAPTER = "base", "adapter"  # folders of this machine that are sent along, under their names in the request
MARK = "ATTUNE "  # begins every line of the job's log that is an event of ours
DEPENDENCIES = (
    "torch==2.13.0",
    "transformers==5.17.0",
    "trl==1.14.0",
    "peft>=0.21",
    "accelerate>=1.15",
    "datasets>=4.7,<5",
    "huggingface_hub>=1.33,<2",
)
FOUR_BITS = "bitsandbytes>=0.46.1"  # what transformers asks for; of QLoRA alone, since it needs a GPU


def write(folder: Path, request: Mapping[str, Any]) -> None:
    """Fill `folder` with everything the job needs: the script, the code, the request, a local base and an adapter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCRIPT).write_text(script(str(request.get("tuning", ""))), encoding="utf-8")
    (folder / CODE).write_bytes(code())
    local = {
        name: Path(request[name]) for name in (BASE, ADAPTER) if request.get(name) and Path(request[name]).is_dir()
    }
    kept = dict(request) | {name: name for name in local}
    (folder / jobdir.REQUEST).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    for name, source in local.items():
        _link_files(source, folder / name)


def _link_files(source: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_file() and not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())


def code() -> bytes:
    """Our tools package as a zip; the same code gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(TOOLS.rglob("*.py")):
            name = zipfile.ZipInfo(f"tools/{path.relative_to(TOOLS).as_posix()}")
            packed.writestr(name, path.read_bytes())
    return out.getvalue()


def script(tuning: str = "lora") -> str:
    """The uv script of a run that tunes so. Its token is HF_TOKEN, which the job gets as a secret."""
    names = (*DEPENDENCIES, FOUR_BITS) if tuning == "qlora" else DEPENDENCIES
    wanted = "".join(f'#   "{name}",\n' for name in names)
    return _SCRIPT.replace("# WANTED\n", wanted)


_SCRIPT = '''# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
# WANTED
# ]
# ///
"""A training run of Attune. Arguments: the dataset repository with the run, the model repository for its result."""

import os
import sys
import zipfile
from pathlib import Path

from huggingface_hub import snapshot_download

data, result = sys.argv[1:3]
folder = Path("attune-job").resolve()
given = Path(snapshot_download(data, repo_type="dataset", local_dir=folder / "given"))
zipfile.ZipFile(given / "code.zip").extractall(folder / "code")
os.environ["PYTHONPATH"] = str(folder / "code")
sys.path.insert(0, str(folder / "code"))
from tools.workers.elsewhere.hf_remote import main  # noqa: E402

sys.exit(main(given, folder / "run", result))
'''
