"""Requests to this machine itself: they go straight there, whatever proxy the environment names for all others."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import MutableMapping

HERE = ("127.0.0.1", "localhost")
EXEMPT = ("no_proxy", "NO_PROXY")  # programs differ in which of the two they read


def bypass(environment: MutableMapping[str, str] | None = None) -> None:
    """Exempt this machine from the proxies of `environment`, of this process where None; harmless to repeat."""
    at = os.environ if environment is None else environment
    if not any(name.lower().endswith("_proxy") and name not in EXEMPT for name in at):
        return  # on macOS an exemption alone would hide the proxies of the system's own settings
    for name, other in (EXEMPT, EXEMPT[::-1]):
        hosts = [host.strip() for host in (at.get(name) or at.get(other) or "").split(",") if host.strip()]
        if "*" not in hosts:
            at[name] = ",".join([*hosts, *(host for host in HERE if host not in hosts)])


def opener() -> urllib.request.OpenerDirector:
    """What opens an address of this machine; it knows no proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
