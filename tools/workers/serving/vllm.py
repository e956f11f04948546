"""Serve a model's folder by vLLM on a CUDA GPU: `python -m tools.workers.serving.vllm FOLDER`. It was never run by us.

Its server runs as a child of this process, which does for it what serving/llama.py does: it says READY with its address
once it answers, and ends with whoever started it.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from tools import loopback
from tools.workers.serving.llama import LOADING, READY, end_with_parent

GPU_SHARE = "0.5"  # of its memory: the rest is left to training


def main(argv: list[str] | None = None) -> int:
    """Serve until standard input closes. Ends with the server's status when it ends by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="the model's folder")
    folder = parser.parse_args(argv).folder
    key = sys.stdin.buffer.readline().decode().strip()
    print(LOADING, flush=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "vllm.entrypoints.openai.api_server",
        "--model",
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--gpu-memory-utilization",
        GPU_SHARE,
    ]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={**os.environ, "VLLM_API_KEY": key})
    threading.Thread(target=_tell, args=(port,), daemon=True).start()
    threading.Thread(target=end_with_parent, args=(child.terminate,), daemon=True).start()
    return child.wait()


def _tell(port: int) -> None:
    while True:
        try:
            with loopback.opener().open(f"http://127.0.0.1:{port}/health", timeout=2):
                print(f"{READY} http://127.0.0.1:{port}/v1", flush=True)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
