"""Who asks: a bearer key stands for an owner. Only a key's hash is kept, and only in memory."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass

from fastapi import Request
from fastapi.requests import HTTPConnection

from assistant.errors import AttuneError
from assistant.settings import Settings
from assistant.uploads.refusals import Refused

LEAST = 8  # characters of a key
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,39}):(.+)")


@dataclass(frozen=True)
class Keys:
    """Owners by the hash of their key. `passing`: made for this run, so it is good on loopback only."""

    owners: dict[bytes, str]
    passing: bool = False

    def owner(self, authorization: str) -> str | None:
        """The owner of the key in an Authorization header; None for a key that nobody has."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return None
        given, found = _hash(key.strip()), None
        for known, owner in self.owners.items():  # all of them, so that the time tells nothing
            if hmac.compare_digest(known, given):
                found = owner
        return found


def keys(settings: Settings) -> tuple[Keys, str]:
    """The keys of the settings; with none, one for this run, which is returned to be told once (else "")."""
    text = settings.api_key.get_secret_value().strip()
    if not text:
        made = f"attune-{secrets.token_urlsafe(24)}"
        return Keys({_hash(made): settings.owner}, passing=True), made
    owners: dict[bytes, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        named = _NAMED.fullmatch(part)
        owner, key = (named[1], named[2].strip()) if named else (settings.owner, part)
        if len(key) < LEAST:
            raise AttuneError(f"A key in ATTUNE_API_KEY has fewer than {LEAST} characters.", "Use a longer one.")
        if _hash(key) in owners:
            raise AttuneError("ATTUNE_API_KEY gives one key to two names.", "Give each name a key of its own.")
        owners[_hash(key)] = owner
    return Keys(owners), ""


def owner(request: Request) -> str:
    """The owner whose key the request brings, their request counted. Raises Refused (401, 403, 429)."""
    found = known(request)
    request.app.state.limits.request(found)
    return found


def known(request: HTTPConnection) -> str:
    """The owner whose key the request brings; looks at nothing but its headers. Raises Refused (401, 403)."""
    keys: Keys = request.app.state.keys
    if keys.passing and not (request.client and loopback(request.client.host)):
        raise Refused(
            "/v1 answers on loopback only while ATTUNE_API_KEY is not set.",
            "Set ATTUNE_API_KEY and start Attune again.",
            code="loopback_only",
            status=403,
        )
    found = keys.owner(request.headers.get("authorization", ""))
    if found is None:
        raise Refused(
            "There is no valid key in the header Authorization: Bearer KEY.",
            "Use a key of ATTUNE_API_KEY, or the one that Attune printed when it started.",
            code="invalid_api_key",
            status=401,
        )
    return found


def loopback(host: str) -> bool:
    """Whether an address or a host's name is this machine's own, which nobody else reaches."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
