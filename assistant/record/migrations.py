"""The schema, as numbered steps that are applied in order and never edited once released."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("attune")

_TABLES: dict[str, tuple[dict[str, type], str, list[tuple[str, str, str]]]] = {
    "cases": ({"id": str, "title": str, "owner": str, "brief": str, "options": str, "created": str}, "id", []),
    "documents": (
        {"id": int, "case": str, "name": str, "kind": str, "text": str, "sha256": str, "pages": int,
         "warnings": str, "created": str, "removed": str}, "id", [("case", "cases", "id")]),
    "variants": (
        {"id": str, "case": str, "name": str, "endpoint": str, "model": str, "system": str, "shots": int,
         "passages": int, "dataset": str, "job": int, "temperature": float, "max_tokens": int, "created": str},
        "id", [("case", "cases", "id")]),
    "conversations": (
        {"id": int, "case": str, "source": str, "created": str}, "id", [("case", "cases", "id")]),
    "messages": (
        {"id": int, "conversation": int, "parent": int, "role": str, "content": str, "label": str,
         "edited_from": int, "variant": str, "passages": str, "details": str, "created": str},
        "id", [("conversation", "conversations", "id")]),
    "datasets": (
        {"id": str, "case": str, "seed": int, "train": int, "test": int, "dropped": str, "created": str},
        "id", [("case", "cases", "id")]),
    "dataset_items": (
        {"id": int, "dataset": str, "position": int, "split": str, "messages": str, "conversation": int},
        "id", [("dataset", "datasets", "id")]),
    "jobs": (
        {"id": int, "case": str, "dataset": str, "trainer": str, "handle": str, "state": str, "reason": str,
         "model": str, "adapter": str, "request": str, "metrics": str, "created": str, "ended": str},
        "id", [("case", "cases", "id"), ("dataset", "datasets", "id")]),
    "evaluations": (
        {"id": int, "case": str, "dataset": str, "job": int, "scorer": str, "variants": str, "results": str,
         "verdict": str, "parity": str, "created": str, "finished": str},
        "id", [("case", "cases", "id"), ("dataset", "datasets", "id")]),
    "scores": (
        {"id": int, "evaluation": int, "variant": str, "item": int, "turn": int, "answer": str, "score": float,
         "prompt_tokens": int, "completion_tokens": int, "first_token_s": float, "total_s": float, "error": str},
        "id", [("evaluation", "evaluations", "id")]),
    "switches": (
        {"id": int, "case": str, "variant": str, "kind": str, "reason": str, "by": str, "evaluation": int,
         "created": str}, "id", [("case", "cases", "id"), ("variant", "variants", "id")]),
    "proposals": (
        {"id": int, "case": str, "kind": str, "payload": str, "why": str, "basis": str, "state": str,
         "result": str, "created": str, "decided": str}, "id", [("case", "cases", "id")]),
}  # fmt: skip


@migrations()
def m001_tables(db: Database) -> None:
    for name, (columns, pk, foreign_keys) in _TABLES.items():
        db.table(name).create(columns, pk=pk, foreign_keys=foreign_keys)
        if "case" in columns:
            db.table(name).create_index(["case"])
    db.table("messages").create_index(["conversation"])
    db.table("dataset_items").create_index(["dataset", "position"], unique=True)
    db.table("scores").create_index(["evaluation", "variant", "item", "turn"], unique=True)
