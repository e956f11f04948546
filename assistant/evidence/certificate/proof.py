"""One thing that a certificate proves, with what was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Proof:
    """`ok` is False only where something was seen to be wrong; what could not be looked at says so in `detail`."""

    name: str
    ok: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def certificate(proofs: Sequence[Proof], identity: dict[str, Any]) -> dict[str, Any]:
    """{"ok", "checked", "checks": [...], "identity"}, as an evaluation keeps it."""
    checks = [proof.to_json() for proof in proofs]
    return {"ok": all(proof.ok for proof in proofs), "checked": True, "checks": checks, "identity": identity}


def told(found: Mapping[str, Any]) -> str:
    """What a certificate comes to, in a sentence."""
    if not found.get("ok"):
        return "What answers is not what was trained."
    if not found.get("checked", True):
        return "Whether what answers is what was trained is not checked: it is served elsewhere."
    return "What answers is what was trained."


def unchecked(why: str) -> dict[str, Any]:
    """The same for a model that is served elsewhere: nothing of it can be looked at here."""
    checks = [Proof("certificate", True, f"not checked: {why}").to_json()]
    return {"ok": True, "checked": False, "checks": checks, "identity": {}}
