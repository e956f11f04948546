"""A page printed to PDF by the browser that is installed: it has the fonts of every script, and draws what people see.

No library does that without fonts or system libraries of its own (docs/decisions/0021-the-browser-prints.md).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from assistant.errors import AttuneError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome", "msedge")
PLACES = (  # where they are installed without being on the PATH
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # the page asks for nothing, and nothing is asked for
)
SECONDS = 120
_REMEDY = "Save the HTML page instead and print it from your browser."


def browser() -> str | None:
    """The browser that prints; None where there is none."""
    found = (shutil.which(name) for name in NAMES)
    return next(filter(None, found), None) or next((place for place in PLACES if Path(place).is_file()), None)


def pdf(page: str, program: str | None = None) -> bytes:
    """An HTML page that needs nothing else, as PDF. Raises AttuneError where no browser can print it."""
    program = program or browser()
    if program is None:
        raise AttuneError("No Chromium, Chrome or Edge is installed, which would make the PDF.", _REMEDY)
    with tempfile.TemporaryDirectory(prefix="attune-print-") as place:
        source, made = Path(place, "page.html"), Path(place, "page.pdf")
        source.write_text(page, encoding="utf-8")
        alone = [f"--user-data-dir={Path(place, 'profile')}"]
        root = hasattr(os, "geteuid") and os.geteuid() == 0  # its sandbox refuses root; the page is ours
        command = [program, *_QUIET, *alone, *(["--no-sandbox"] if root else []), f"--print-to-pdf={made}"]
        try:
            done = subprocess.run([*command, source.as_uri()], capture_output=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AttuneError(f"The browser did not print the page: {error}.", _REMEDY) from error
        if done.returncode or not made.is_file():
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise AttuneError(f"The browser did not print the page: {lines[-1] if lines else 'no reason'}.", _REMEDY)
        return made.read_bytes()
