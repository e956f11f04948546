"""What lies on a PDF's pages and is no text of them: fields of forms with what is filled in, comments (pypdf)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from assistant.knowledge.reading.tables import cell

_COMMENTS = ("/Text", "/FreeText", "/Highlight", "/Underline", "/StrikeOut", "/Squiggly", "/Stamp", "/Caret")
_SLACK = 3.0  # points that a label may stand above or below its field
_DEEPEST = 20  # fields within fields


Piece = tuple[float, float, str]  # where a text begins, in points from the left and from below, and the text


def notes(page: Any, pieces: Sequence[Piece] = ()) -> str:
    """The filled fields and the comments of a page, a line each: "- Name: value", "- Comment: ...".

    `pieces`: the texts of the page, one of which may stand before a field and say what belongs into it.
    """
    said = dict.fromkeys(line for one in _annotations(page) for line in _said(one, pieces))
    return "\n".join(f"- {line}" for line in said)


def _annotations(page: Any) -> Iterator[Any]:
    held = page.get("/Annots")
    for one in (held.get_object() if held is not None else None) or []:
        found = one.get_object()
        if hasattr(found, "get"):
            yield found


def _said(annotation: Any, pieces: Sequence[Piece]) -> Iterator[str]:
    kind = annotation.get("/Subtype")
    if kind == "/Widget":
        name = _name(annotation, pieces)
        value = _value(annotation)
        if value:
            yield f"{name}: {value}" if name else value
    elif kind in _COMMENTS:
        said, author = cell(_text(annotation.get("/Contents"))), cell(_text(annotation.get("/T")))
        if said:
            yield f"Comment of {author}: {said}" if author and kind != "/FreeText" else f"Comment: {said}"


def _name(field: Any, pieces: Sequence[Piece]) -> str:
    """What a reader is shown for the field, else its own name with those of the fields that it lies in."""
    shown = cell(_text(_inherited(field, "/TU"))) or _label(field, pieces)
    names = [_text(one.get("/T")) for one in _above(field)]
    return shown or cell(".".join(reversed([name for name in names if name])))


def _label(field: Any, pieces: Sequence[Piece]) -> str:
    """The text on the line of the field that begins nearest to the left of it."""
    place = [float(_object(number)) for number in _list(field.get("/Rect"))]
    if len(place) != 4:
        return ""
    left, low, high = min(place[0], place[2]), min(place[1], place[3]), max(place[1], place[3])
    beside = [(x, text) for x, y, text in pieces if low - _SLACK <= y <= high + _SLACK and x < left and text.strip()]
    return cell(max(beside)[1]).rstrip(" :._") if beside else ""


def _value(field: Any) -> str:
    """What is filled in. Of buttons only those that are switched on say something; a password stays one."""
    kind, flags = _inherited(field, "/FT"), int(_inherited(field, "/Ff") or 0)
    value = _inherited(field, "/V")
    if kind == "/Btn":
        state = field.get("/AS") or value
        on = _text(state).lstrip("/")
        if flags & 1 << 16 or on in ("", "Off"):  # it is pressed, and holds nothing
            return ""
        return "yes" if on.lower() in ("yes", "on", "1", "true") else cell(on)
    if kind == "/Sig" or flags & 1 << 13:
        return ""
    options = {}
    for option in _list(_inherited(field, "/Opt")):
        pair = _list(option)
        if len(pair) == 2:
            options[_text(pair[0])] = _text(pair[1])
    values = [_text(one) for one in _list(value)] if isinstance(_object(value), list) else [_text(value)]
    return cell(", ".join(options.get(one, one) for one in values if one))


def _above(field: Any) -> Iterator[Any]:
    """The field and those that it lies in."""
    for _ in range(_DEEPEST):
        if field is None:
            return
        yield field
        parent = field.get("/Parent")
        field = parent.get_object() if parent is not None else None


def _inherited(field: Any, key: str) -> Any:
    return next((one[key] for one in _above(field) if key in one), None)


def _object(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _list(value: Any) -> list[Any]:
    held = _object(value)
    return held if isinstance(held, list) else []


def _text(value: Any) -> str:
    """A string of the PDF; a long one may be a stream."""
    held = _object(value)
    if held is None:
        return ""
    if hasattr(held, "get_data"):
        return bytes(held.get_data()).decode("utf-8", "replace")
    return str(held)
