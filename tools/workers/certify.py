"""Look at a tuned model as its trainer does: `python -m tools.workers.certify < ORDER`, one JSON object on each side.

ORDER names the folders `tokenizer`, `base`, `adapter` and `model` ("" where there is none), the GGUF file `served`, and
`prompts`, lists of messages. The answer holds what `SecondLook` of tools/local/second_look.py does. No model is loaded:
files are compared, and the prompts are cut by transformers' tokenizer and template.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tools.engine.gguf import gguf_file, lineage
from tools.local import base_model
from tools.workers.training import token_rows


def main() -> int:
    """Read the order, write the answer; a traceback and status 1 where something cannot be read."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints is not the answer
    order = json.load(sys.stdin)
    model, served = Path(order["model"]), gguf_file.opened(Path(order["served"]))
    found = _tokens(Path(order["tokenizer"]), model, order["prompts"]) | {
        "merged": _merged(order["base"], order["adapter"], model),
        "packed": lineage.packed(model, served),
        "engine_ends": lineage.ends(served),
    }
    with os.fdopen(out, "w", encoding="utf-8") as answer:
        json.dump(found, answer)
    return 0


def _tokens(folder: Path, model: Path, prompts: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The prompts' token ids by the very function that the training rows are made with, and each id's text."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    ids = [token_rows.prompt(tokenizer, prompt) for prompt in prompts]
    texts = {str(id_): tokenizer.decode([id_]) for id_ in sorted({id_ for prompt in ids for id_ in prompt})}
    return {"ids": ids, "texts": texts, "ends": _ends(model, tokenizer)}


def _ends(model: Path, tokenizer: Any) -> list[int]:
    """The ids at which training taught the model to end."""
    settings = model / "generation_config.json"
    configured = json.loads(settings.read_text(encoding="utf-8")).get("eos_token_id") if settings.is_file() else None
    ids = configured if isinstance(configured, list) else [configured]
    return sorted({int(id_) for id_ in [*ids, tokenizer.eos_token_id] if id_ is not None})


def _merged(base: str, adapter: str, model: Path) -> str | None:
    if not (base and adapter):
        return None
    base_model.check_whole(Path(base))
    return lineage.merged(Path(base), Path(adapter), model)


if __name__ == "__main__":
    sys.exit(main())
