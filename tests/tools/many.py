"""Runs of the training worker one after another in one process: `python -m tests.tools.many DIRECTORY...`.

Each is the real program on a real job directory; only the imports, most of a small run's time, are shared.
"""

from __future__ import annotations

import sys

from tools.workers import finetune

if __name__ == "__main__":
    for directory in sys.argv[1:]:
        finetune.main([directory.removeprefix("+"), *(["--resume"] if directory.startswith("+") else [])])
