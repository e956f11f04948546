"""The same weights through our engine and through `transformers serve`: tokens a second, first token, memory.

    python -m tests.bench.engine [--json] [--streams 1,8,32] [--tokens 96] [--repeats 3]

Our engine serves the embedded model's BF16 file; the other serves the same folder in bf16 with continuous batching. It
needs `pip install "transformers[serving]==5.17.0"`, which Attune itself does not. The two take turns; medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from assistant.settings import Settings
from tools import loopback, process
from tools.engine import embedded, local_models
from tools.engine.serving import ServerPool

RULES = "You answer questions of a shop's customers in two or three friendly sentences. " * 8
ASKED = (
    "Do you deliver on Saturdays?",
    "How long can I keep an order?",
    "Which tea is mild?",
    "What does a pot cost?",
    "Can I pay by invoice?",
    "Where is my parcel?",
    "How hot should the water be?",
    "Do you sell gift cards?",
)
SERVE = """
import sys
from transformers.cli.serve import Serve
Serve(force_model=sys.argv[1], port=int(sys.argv[2]), host="127.0.0.1", continuous_batching=True, device="cpu",
      dtype="bfloat16", log_level="error", cb_block_size=128, cb_num_blocks=256, cb_max_batch_tokens=2048)
"""
AIMS = {"one_stream_ratio": 4.0, "most_streams_ratio": 1.0}


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    import psutil

    top = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [top, *top.children(recursive=True)]) / 1e6


@contextmanager
def ours(folder: Path, logs: Path) -> Iterator[tuple[str, str, str, int]]:
    pool = ServerPool(logs)
    try:
        server = pool.endpoint(str(local_models.served(str(folder), folder.parent)))
        assert server.process is not None
        yield server.base_url, server.key, server.model, server.process.pid
    finally:
        pool.close()


@contextmanager
def theirs(folder: Path, logs: Path) -> Iterator[tuple[str, str, str, int]]:
    port = 18765
    command = [sys.executable, "-c", SERVE, str(folder), str(port)]
    environment = process.environment(str(folder)) | {"OMP_WAIT_POLICY": "PASSIVE"}
    with open(logs / "transformers.log", "wb") as log:
        child = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and child.poll() is None:
            try:
                with loopback.opener().open(f"http://127.0.0.1:{port}/health", timeout=2):
                    yield f"http://127.0.0.1:{port}/v1", "none", str(folder), child.pid
                    return
            except OSError:
                time.sleep(0.2)
        sys.exit((logs / "transformers.log").read_text(errors="replace")[-2000:])
    finally:
        child.kill()
        child.wait()


def ask(client: httpx.Client, at: tuple[str, str, str, int], number: int, most: int) -> tuple[float, int]:
    """One streamed greedy answer: seconds to the first token, and the tokens written."""
    url, key, model, _ = at
    messages = [{"role": "system", "content": RULES}, {"role": "user", "content": ASKED[number % len(ASKED)]}]
    body = {
        "model": model,
        "messages": messages,
        "max_tokens": most,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    began, first, pieces = time.perf_counter(), 0.0, 0
    with client.stream("POST", f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}) as got:
        for line in got.iter_lines():
            if line.startswith("data: {"):
                chunk = json.loads(line[6:])
                choices = chunk.get("choices") or [{}]
                if (choices[0].get("delta") or {}).get("content"):
                    first = first or time.perf_counter() - began
                    pieces += 1
                pieces = (chunk.get("usage") or {}).get("completion_tokens") or pieces
    return first, pieces


def measure(at: tuple[str, str, str, int], streams: int, most: int) -> dict[str, float]:
    """Tokens a second of all streams together, median seconds to the first token, the most memory."""
    with httpx.Client(timeout=600, trust_env=False) as client, ThreadPoolExecutor(streams) as pool:
        peak, done = [0.0], threading.Event()

        def watch() -> None:
            while not done.wait(0.2):
                peak[0] = max(peak[0], memory_mb(at[3]))

        watching = threading.Thread(target=watch)
        watching.start()
        began = time.perf_counter()
        got = list(pool.map(lambda n: ask(client, at, n, most), range(streams)))
        seconds = time.perf_counter() - began
        done.set()
        watching.join()
    first = statistics.median(first for first, _ in got)
    return {"tokens_s": sum(n for _, n in got) / seconds, "first_s": first, "mb": peak[0]}


def run(streams: list[int], most: int, repeats: int) -> dict[str, Any]:
    found: dict[str, Any] = {"benchmark": "engine", "tokens": most, "repeats": repeats, "sides": {}}
    with tempfile.TemporaryDirectory() as place:
        folder = embedded.ensure(Settings().models)
        sides = {"llama.cpp BF16": ours, "transformers serve bf16": theirs}
        kept: dict[str, dict[int, list[dict[str, float]]]] = {name: {n: [] for n in streams} for name in sides}
        for turn in range(repeats):
            for name in list(sides) if turn % 2 == 0 else list(sides)[::-1]:
                with sides[name](folder, Path(place)) as at:
                    measure(at, 1, 8)  # warm
                    for number in streams:
                        kept[name][number].append(measure(at, number, most))
                        print(name, number, kept[name][number][-1], file=sys.stderr, flush=True)
    for name, each in kept.items():
        found["sides"][name] = {
            str(number): {key: round(statistics.median(one[key] for one in got), 3) for key in got[0]}
            for number, got in each.items()
        }
    own, other = found["sides"].values()
    found["ratios"] = {n: round(own[n]["tokens_s"] / max(other[n]["tokens_s"], 1e-9), 2) for n in own}
    found["aims"] = AIMS
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--streams", default="1,8,32")
    parser.add_argument("--tokens", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    found = run([int(n) for n in options.streams.split(",")], options.tokens, options.repeats)
    if options.json:
        print(json.dumps(found))
        return
    for name, each in found["sides"].items():
        for number, values in each.items():
            print(f"{name:26} {number:>3} streams {values}")
    print("ratios", found["ratios"])


if __name__ == "__main__":
    main()
