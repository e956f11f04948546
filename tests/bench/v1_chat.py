"""Chat through /v1 and through the same engine directly: tokens a second, and time to the first token.

    python -m tests.bench.v1_chat [--json] [--rounds 5] [--streams 1 8 32]

Attune runs as a process of its own; the other side is a server of the same file.
They are asked in turn, in an order that alternates.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from assistant.settings import EMBEDDED
from tests.serving_v1 import Served, attune_server
from tools.engine import local_models
from tools.engine.serving import ModelServer, ServerPool

MAX_TOKENS = 48
SETTLED = 3.0  # seconds after which a started app has nothing left to prepare
ASKED = "Tell me a long story about {n} teapots."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="measurements a side")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32], help="answers at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "run"
        pool = ServerPool(Path(folder) / "logs")
        engine = pool.endpoint(str(local_models.served(EMBEDDED, data / "models")))
        with attune_server(data, ATTUNE_CHAT_MODEL=EMBEDDED) as served:
            result = asyncio.run(measure(served, engine, options.streams, options.rounds))
        pool.close()
    if options.json:
        print(json.dumps(result))
        return 0
    for row in result["streams"]:
        print(
            f"{row['at_once']:3} at once: direct {row['direct_tps']:7.1f} tokens/s, /v1 {row['v1_tps']:7.1f} "
            f"(ratio {row['ratio']:.3f}); first token {row['direct_first_ms']:.1f} and {row['v1_first_ms']:.1f} ms "
            f"(added {row['added_first_ms']:+.1f} ms; medians of {result['rounds']})"
        )
    return 0


async def measure(served: Served, engine: ModelServer, streams: list[int], rounds: int) -> dict[str, Any]:
    """Medians by how many answers are written at once."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=4)  # servers: 5 s
    async with httpx.AsyncClient(timeout=300, limits=limits, trust_env=False) as client:
        through = (f"{served.base_url}/chat/completions", EMBEDDED, {"Authorization": f"Bearer {served.key}"})
        await _answer(client, *through, 0)  # loads the model
        await asyncio.sleep(SETTLED)
        direct = (f"{engine.base_url}/chat/completions", engine.model, {"Authorization": f"Bearer {engine.key}"})
        rows = [await _compare(client, direct, through, at_once, rounds) for at_once in streams]
    return {"rounds": rounds, "max_tokens": MAX_TOKENS, "model": EMBEDDED, "streams": rows}


async def _compare(client: httpx.AsyncClient, direct: Any, through: Any, at_once: int, rounds: int) -> dict[str, Any]:
    sides: dict[str, list[tuple[float, float]]] = {"direct": [], "v1": []}
    for number in range(rounds + 1):
        for name, side in sorted({"direct": direct, "v1": through}.items(), reverse=number % 2 == 1):
            got = await _round(client, side, at_once)
            if number:  # the first is not counted: connections are opened
                sides[name].append(got)
    tps = {name: statistics.median(one[0] for one in got) for name, got in sides.items()}
    first = {name: statistics.median(one[1] for one in got) * 1000 for name, got in sides.items()}
    pairs = list(zip(sides["v1"], sides["direct"], strict=True))
    return {
        "at_once": at_once,
        "direct_tps": round(tps["direct"], 1),
        "v1_tps": round(tps["v1"], 1),
        "ratio": round(statistics.median(ours[0] / theirs[0] for ours, theirs in pairs), 3),
        "direct_first_ms": round(first["direct"], 1),
        "v1_first_ms": round(first["v1"], 1),
        "added_first_ms": round(statistics.median(ours[1] - theirs[1] for ours, theirs in pairs) * 1000, 1),
    }


async def _round(client: httpx.AsyncClient, side: Any, at_once: int) -> tuple[float, float]:
    """Tokens a second of all together, and the median time to a first token, in seconds."""
    began = time.perf_counter()
    got = await asyncio.gather(*(_answer(client, *side, number) for number in range(at_once)))
    seconds = time.perf_counter() - began
    return sum(tokens for tokens, _ in got) / seconds, statistics.median(first for _, first in got)


async def _answer(
    client: httpx.AsyncClient, url: str, model: str, headers: dict[str, str], number: int
) -> tuple[int, float]:
    """How many chunks of text came, and after how many seconds the first."""
    body = {
        "model": model,
        "stream": True,
        "max_tokens": MAX_TOKENS,
        "messages": [{"role": "user", "content": ASKED.format(n=number)}],
    }
    began, tokens, first = time.perf_counter(), 0, 0.0
    async with client.stream("POST", url, json=body, headers=headers) as answer:
        assert answer.status_code == 200, (await answer.aread()).decode()
        async for piece in answer.aiter_raw():
            tokens += piece.count(b'"content":')
            first = first or (time.perf_counter() - began if tokens else 0.0)
    assert tokens > MAX_TOKENS / 2, f"an answer of {tokens} pieces measures how requests begin"
    return tokens, first


if __name__ == "__main__":
    sys.exit(main())
