"""Tables of values with a delimiter between them: CSV and its relatives."""

from __future__ import annotations

import io
from pathlib import Path

from assistant.knowledge.reading import dialect
from assistant.knowledge.reading.tables import table
from assistant.knowledge.reading.text import Read, decoded, tidy

_SAMPLE = 1 << 16  # characters that tell the dialect


def read_csv(name: str, path: Path) -> Read:
    """A table of comma, semicolon, tab or bar separated values, by whatever its rows agree on."""
    text, warnings = decoded(name, path)
    text = text.removeprefix("\ufeff")
    delimiter, _ = dialect.sampled(text[:_SAMPLE])
    file = io.StringIO(text, newline="")
    try:
        body, rows, ended = table(cells for _, cells in dialect.rows(file, delimiter, blank=True))
    except dialect.BadTable as error:
        where, why = error.args
        file.seek(0)
        body, rows, ended = table(dialect.as_they_stand(file, delimiter))
        said = f"'{name}', {where}: {why}; its lines were taken as they stand."
        warnings = (*warnings, f"{said} Check the quotes, or export it again.")
    if ended:
        warnings = (*warnings, f"Only the first {rows:,} rows of '{name}' are used; split it to use the rest.")
    return Read("csv", tidy(body), 1, warnings)
