"""The XML parts that office documents are made of."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any


def parsed(data: bytes) -> Any:
    """Parsed without entities, without the network and without size limits being lifted."""
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def texts(element: Any, tag: str) -> list[str]:
    """The texts of all elements of this name below another, whatever their namespace."""
    return [one.text for one in element.iter(f"{{*}}{tag}") if one.text]


def local(element: Any) -> str:
    """The name of an element without its namespace; nothing for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def named(element: Any, name: str) -> str:
    """The value of an attribute, whatever its namespace."""
    return next((str(value) for key, value in element.items() if key.rpartition("}")[2] == name), "")


def rewritten(archive: zipfile.ZipFile, changed: Mapping[str, bytes], left_out: str = "") -> io.BytesIO:
    """A copy of an archive with some of its parts changed, without those in the folder `left_out`."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as copy:
        for info in archive.infolist():
            if not (left_out and info.filename.startswith(left_out)):
                copy.writestr(info.filename, changed.get(info.filename) or archive.read(info))
    held.seek(0)
    return held
