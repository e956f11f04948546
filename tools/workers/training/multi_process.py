"""Start the training worker in several processes: `accelerate launch`, deaf to the signal that asks a run to end.

The processes see the job's `cancel` file themselves and end together after a step; a launcher that ended at once
would take them along in the middle of it.
"""

from __future__ import annotations

import signal


def main() -> None:
    """Hand the arguments on to accelerate."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    from accelerate.commands import launch  # type: ignore[import-untyped]

    launch.main()


if __name__ == "__main__":
    main()
