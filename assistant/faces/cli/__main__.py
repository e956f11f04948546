"""`python -m assistant.faces.cli` is `attune`."""

from assistant.faces.cli.entry import main

main()
