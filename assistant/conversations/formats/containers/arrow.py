"""Parquet files and the Arrow files of Hugging Face datasets, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError

ROWS = 500  # a batch
PARQUET, ARROW_FILE = b"PAR1", b"ARROW1"


def records(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    """Each row as a record. Raises AttuneError for a damaged file."""
    import pyarrow as pa

    number = 0
    try:
        for batch in _batches(path):
            batch.validate(full=True)  # what a damaged file points to lies anywhere in memory
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", row
    except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as error:
        raise AttuneError(f"{name} is damaged: it ends or breaks after row {number}.", "Export it again.") from error


def is_stream(head: bytes) -> bool:
    """Whether this begins an Arrow stream, as datasets write them: a mark, a length, a schema."""
    return head.startswith(b"\xff\xff\xff\xff") and len(head) > 8


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(PARQUET):
        with pq.ParquetFile(path) as opened:
            yield from opened.iter_batches(batch_size=ROWS)
        return
    with pa.OSFile(str(path)) as source:
        if head.startswith(ARROW_FILE):
            reader = pa.ipc.open_file(source)
            yield from (reader.get_batch(n) for n in range(reader.num_record_batches))
        else:
            yield from pa.ipc.open_stream(source)
