"""Whether an answer's JSON keeps to a JSON schema."""

from __future__ import annotations

from typing import Any

from assistant.errors import AttuneError
from assistant.evidence.scorers.json_reading import json_of


def breach(answer: str, schema: dict[str, Any]) -> str | None:
    """How an answer breaks the schema, in one sentence; None where it keeps to it.

    Raises AttuneError for what is no JSON schema, and for one that refers to anything outside itself, which is
    never fetched.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError, best_match
    from jsonschema.validators import validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise AttuneError(f"This is no JSON schema: {error.message}.", "Mend it, then try again.") from error
    try:
        value = json_of(answer, {"object": {}, "array": []}.get(str(schema.get("type"))))
    except ValueError:
        return "The answer holds no such JSON."
    try:
        broken = best_match(kind(schema, registry=Registry()).iter_errors(value))
    except Unresolvable as error:
        remedy = "Write what it refers to under its own $defs."
        raise AttuneError(f"The JSON schema refers to '{error.ref}', which is not in it.", remedy) from error
    return None if broken is None else f"{broken.json_path}: {broken.message[:200]}."
