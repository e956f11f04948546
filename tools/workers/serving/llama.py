"""Serve one GGUF file on loopback by llama.cpp: `python -m tools.workers.serving.llama FILE`.

It is llama.cpp's own server, OpenAI-compatible, in this process, plus what a child of ours needs: it ends when its
standard input closes (so it never outlives the app, however that one dies), and it says READY, with its address, once
it answers. The first line of its standard input is the key that requests have to bring: a page in a browser can reach
loopback too. Embedding models are served the same way.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.engine import CONTEXT, templates
from tools.engine.gguf import gguf_file
from tools.local import machine

READY, LOADING = "attune: ready", "attune: loading model"
SLOTS = 32  # answers written at once; more wait for their turn
EMBEDDED_AT_ONCE = 8  # texts
WARNINGS = 2  # and errors are what the log gets: not some lines for every request
CACHE_MB = 256  # of prompts read earlier; llama.cpp's own limit is 8 GB


def main(argv: list[str] | None = None) -> int:
    """Serve until standard input closes. Ends with status 1 when the model cannot be loaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="the model, a GGUF file")
    parser.add_argument("--context", type=int, default=CONTEXT, help="tokens kept for all answers together")
    parser.add_argument("--alias", default="", help="the model's name in answers")
    parser.add_argument("--idle", type=int, default=900, help="seconds without a request after which memory is freed")
    parser.add_argument("--embedding", type=int, default=0, help="make vectors of texts of at most so many tokens")
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while waiting starve everyone else
    print(LOADING, flush=True)
    try:
        server = _serve(options, sys.stdin.buffer.readline().decode().strip())
    except Exception as error:  # what llama.cpp says of a file is all there is to know
        print(f"llama.cpp cannot load {os.path.basename(options.file)}: {error}", flush=True)
        return 1
    print(f"{READY} {server.listening_address}/v1", flush=True)
    end_with_parent()
    return 0


def end_with_parent(last: Callable[[], object] = lambda: None) -> None:
    """End this process, after `last`, once its parent is gone, which holds the other end of standard input."""
    while os.read(0, 4096):
        pass
    last()
    os._exit(0)  # not by the way of destructors: they would wait for answers that nobody reads


def _serve(options: argparse.Namespace, key: str) -> Any:
    import xllamacpp

    if not gguf_file.is_gguf(Path(options.file)):  # llama.cpp would end the process
        raise ValueError("it is not a GGUF file")
    params = xllamacpp.CommonParams()
    params.model.path = options.file
    params.model_alias = {options.alias or os.path.basename(options.file)}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key] if key else []
    params.n_ctx = options.context
    params.n_parallel = SLOTS
    params.kv_unified = True  # one long conversation may use what many short ones leave
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = machine.cores()
    params.use_jinja = True
    params.prefill_assistant = False  # an answer is a message of its own, whoever spoke last
    if template := templates.with_tools(Path(options.file)):
        params.chat_template = template
    params.cache_ram_mib = CACHE_MB
    params.sleep_idle_seconds = options.idle
    params.endpoint_slots = True
    params.ui = False
    params.verbosity = WARNINGS
    if options.embedding:
        params.embedding = True
        params.n_parallel = EMBEDDED_AT_ONCE
        params.n_ctx = EMBEDDED_AT_ONCE * options.embedding
        # A text is read in one piece, and with others beside it each looks at all of them: no larger than it must be.
        params.n_batch = params.n_ubatch = options.embedding
        # Half of the processors: the chat's model needs the others.
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, machine.cores() // 2)
    return xllamacpp.Server(params)


if __name__ == "__main__":
    sys.exit(main())
