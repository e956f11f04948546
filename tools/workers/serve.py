"""Serve one model on loopback, OpenAI-compatible: `python -m tools.workers.serve MODEL`.

It is `transformers serve` with continuous batching, plus what a child of ours needs: it ends when its standard
input closes (so it never outlives the app, however that one dies), and it says READY, with its address, once it
has answered.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tools import basemodel, loopback, recipe

READY, LOADING = "attune: ready", "attune: loading model"
# Left to itself, continuous batching takes most of the machine's memory for its cache (15.7 GB of 24 for a model of
# 6 million parameters) and a minute to fill it with zeros. 16384 tokens are enough for 16 conversations at once.
CPU_CACHE = {"cb_block_size": 128, "cb_num_blocks": 128, "cb_max_batch_tokens": 2048}
GPU_CACHE = {"cb_max_memory_percent": 0.5}  # the rest is left to training


def main(argv: list[str] | None = None) -> int:
    """Serve until standard input closes. Ends with status 1 when the model cannot be loaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="folder of the model: also its name in requests")
    parser.add_argument("--temperature", type=float, default=0.0, help="of every answer; 0 = greedy")
    options = parser.parse_args(argv)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while waiting starve everyone else
    if basemodel.parameters(Path(options.model)) < recipe.SMALL:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # as fast as two on two idle cores, much faster on busy ones
    print(LOADING, flush=True)
    with _reserved() as reserved:
        port = reserved.getsockname()[1]
        warm_up = threading.Thread(target=_warm_up, args=(options.model, port, options.temperature), daemon=True)
        warm_up.start()
        _serve(options.model, port)
    return 1  # a server that ends by itself could not begin


def _reserved() -> socket.socket:
    """A free port, bound but not listened on: no one else is given it in the seconds until the server listens."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # which lets the server bind beside us
    reserved.bind(("127.0.0.1", 0))
    return reserved


def _serve(model: str, port: int) -> None:
    import torch
    from transformers.cli.serve import Serve

    accelerated = torch.accelerator.is_available()
    cache: dict[str, Any] = GPU_CACHE if accelerated else CPU_CACHE
    small = basemodel.parameters(Path(model)) <= recipe.MIDDLE
    Serve(
        force_model=model,
        continuous_batching=True,
        device="auto" if accelerated else "cpu",
        dtype="float32" if small and not accelerated else "auto",  # in bf16 an answer depends on who asks beside it
        host="127.0.0.1",
        port=port,
        log_level="error",
        **cache,
    )


def _end_with_parent() -> None:
    """The parent holds the other end of standard input: end of file means that it is gone."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def _warm_up(model: str, port: int, temperature: float) -> None:
    """Answer one request before saying READY.

    Continuous batching takes its sampling parameters from the first request that it sees and keeps them: this
    one decides them, for good, whatever later requests ask for.
    """
    hello = [{"role": "user", "content": "Hi"}]
    body = {"model": model, "messages": hello, "max_tokens": 1, "temperature": temperature}
    if temperature:
        body["generation_config"] = json.dumps(_sampling(Path(model), temperature))
    data = json.dumps(body).encode()
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    while True:
        try:
            request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
            with loopback.opener().open(request) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            print(f"The first request failed: {error.read().decode(errors='replace')[:300]}", flush=True)
            os._exit(1)
        except OSError:
            time.sleep(0.05)
            continue
        print(f"{READY} http://127.0.0.1:{port}/v1", flush=True)
        return


def _sampling(model: Path, temperature: float) -> dict[str, Any]:
    """The model's own generation settings, its stop tokens above all, with sampling switched on."""
    own = model / "generation_config.json"
    settings: dict[str, Any] = json.loads(own.read_text(encoding="utf-8")) if own.is_file() else {}
    return settings | {"do_sample": True, "temperature": temperature, "top_p": settings.get("top_p", 0.95)}


if __name__ == "__main__":
    sys.exit(main())
