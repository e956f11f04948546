"""Embed texts on loopback, OpenAI-compatible: `python -m tools.workers.serving.embed MODEL`, a folder or a hub's name.

It answers `POST /v1/embeddings`, or with `--rerank`, where MODEL is a cross-encoder, `POST /v1/rerank`. It says READY
with its address once the model has done something, and ends when its standard input closes: it never outlives the app.
"""

from __future__ import annotations

import argparse
import base64
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from tools.workers.serving.llama import LOADING, READY, end_with_parent

if TYPE_CHECKING:
    from fastapi import FastAPI

MOST_THREADS = 4  # a small model gains nothing from more
BATCH = 16


class Request(BaseModel):
    """What OpenAI's endpoint takes, and `input_type`: some models embed a question otherwise than a passage."""

    input: str | list[str]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"
    input_type: Literal["query", "document"] = "document"


class RerankRequest(BaseModel):
    """What Jina's and Cohere's endpoints take."""

    query: str
    documents: list[str]
    model: str = ""
    top_n: int | None = None


def main(argv: list[str] | None = None) -> int:
    """Serve until standard input closes. Ends with status 1 when the model cannot be loaded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="folder or name of a sentence-transformers model")
    parser.add_argument("--rerank", action="store_true", help="it is a cross-encoder, which ranks")
    options = parser.parse_args(argv)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while waiting starve everyone else
    os.environ.setdefault("OMP_NUM_THREADS", str(_threads()))
    print(LOADING, flush=True)
    try:
        model = _load_ranking(options.model) if options.rerank else _load(options.model)
    except Exception as error:  # whatever is wrong with a folder, its last word has to say it in one line
        print(f"{options.model} cannot be loaded: {' '.join(str(error).split())[:300]}", flush=True)
        return 1
    _serve((_ranking_app if options.rerank else _app)(model, options.model))
    return 0


def _load(name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    _spare_processors()
    model = SentenceTransformer(name)
    model.encode(["Hello"])
    return model


def _load_ranking(name: str) -> Any:
    from sentence_transformers import CrossEncoder

    _spare_processors()
    model = CrossEncoder(name)
    if model.predict([("Hello", "Hello")], show_progress_bar=False).shape != (1,):
        raise ValueError("it gives several numbers for a pair of texts, and a reranker gives one")
    return model


def _spare_processors() -> None:
    import torch

    if not torch.accelerator.is_available():
        torch.set_num_threads(_threads())


def _app(model: Any, name: str) -> FastAPI:
    from fastapi import FastAPI

    app = FastAPI()
    one_at_a_time = threading.Lock()

    @app.post("/v1/embeddings")
    def embeddings(request: Request) -> dict[str, Any]:
        texts = [request.input] if isinstance(request.input, str) else request.input
        encode = model.encode_query if request.input_type == "query" else model.encode_document
        with one_at_a_time:
            vectors = encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        rows = [
            {"object": "embedding", "index": index, "embedding": _encoded(vector, request.encoding_format)}
            for index, vector in enumerate(vectors)
        ]
        return {"object": "list", "data": rows, "model": name, "usage": {"prompt_tokens": 0, "total_tokens": 0}}

    return app


def _ranking_app(model: Any, name: str) -> FastAPI:
    from fastapi import FastAPI

    app = FastAPI()
    one_at_a_time = threading.Lock()

    @app.post("/v1/rerank")
    def rerank(request: RerankRequest) -> dict[str, Any]:
        pairs = [(request.query, text) for text in request.documents]
        with one_at_a_time:
            scores = model.predict(pairs, batch_size=BATCH, show_progress_bar=False) if pairs else []
        rows = [{"index": index, "relevance_score": float(score)} for index, score in enumerate(scores)]
        rows.sort(key=lambda row: -row["relevance_score"])
        return {"model": name, "results": rows[: request.top_n]}

    return app


def _encoded(vector: Any, form: str) -> str | list[float]:
    """Base64 of little-endian 32-bit floats is what the OpenAI client asks for; it is far quicker than digits."""
    if form == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return [float(value) for value in vector]


def _serve(app: FastAPI) -> None:
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        print(f"{READY} http://127.0.0.1:{listening.getsockname()[1]}/v1", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listening])


def _threads() -> int:
    """Half of the processors: the chat model and the page need the others."""
    return max(1, min(MOST_THREADS, len(os.sched_getaffinity(0)) // 2 if hasattr(os, "sched_getaffinity") else 1))


if __name__ == "__main__":
    sys.exit(main())
