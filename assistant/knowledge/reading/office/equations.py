"""Equations -> a line of text, such as (a + b)/2 or x^2: Word's and PowerPoint's (OMML), OpenDocument's (MathML)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assistant.knowledge.reading.office.parts import local, named

_PROPERTIES = ("Pr",)  # elements whose names end so say how something looks


def linear(element: Any) -> str:
    """The text of an equation of Word's and PowerPoint's, or of a part of one."""
    return " ".join(_linear(element).split())


def of_mathml(element: Any) -> str:
    """The text of an equation of OpenDocument: what was typed, where that is kept, else what it shows."""
    typed = next((one.text for one in element.iter("{*}annotation") if one.text), "")
    return " ".join((typed or _mathml(element)).split())


def _linear(element: Any) -> str:
    name = local(element)
    if name == "t":
        return element.text or ""
    if name in _SHAPES:
        return _SHAPES[name](element)
    return "".join(_linear(child) for child in element if not local(child).endswith(_PROPERTIES))


def _child(element: Any, name: str) -> str:
    return "".join(_linear(child) for child in element if local(child) == name).strip()


def _children(element: Any, name: str) -> list[str]:
    return [_linear(child).strip() for child in element if local(child) == name]


def _wrapped(text: str) -> str:
    """In brackets, where what stands beside it would take only a part of it."""
    return (
        text
        if text.isalnum() or (text.startswith("(") and text.endswith(")") and text.count("(") == 1)
        else f"({text})"
    )


def _scripts(element: Any, below: str = "sub", above: str = "sup") -> str:
    sub, sup = _child(element, below), _child(element, above)
    return (f"_{_wrapped(sub)}" if sub else "") + (f"^{_wrapped(sup)}" if sup else "")


def _sign(element: Any, name: str, default: str) -> str:
    """A character that the properties of an element name; an empty one is none."""
    for one in element.iter(f"{{*}}{name}"):
        if local(one.getparent()).endswith("Pr") and one.getparent().getparent() is element:
            return named(one, "val")
    return default


def _fraction(element: Any) -> str:
    return f"{_wrapped(_child(element, 'num'))}/{_wrapped(_child(element, 'den'))}"


def _root(element: Any) -> str:
    degree = _child(element, "deg")
    return f"{degree}√{_wrapped(_child(element, 'e'))}"


def _sum(element: Any) -> str:
    return f"{_sign(element, 'chr', '∫')}{_scripts(element)} {_child(element, 'e')}"


def _brackets(element: Any) -> str:
    inner = _sign(element, "sepChr", "|").join(_children(element, "e"))
    return f"{_sign(element, 'begChr', '(')}{inner}{_sign(element, 'endChr', ')')}"


def _function(element: Any) -> str:
    return f"{_child(element, 'fName')}{_wrapped(_child(element, 'e'))}"


def _matrix(element: Any) -> str:
    rows = [", ".join(_children(row, "e")) for row in element if local(row) == "mr"]
    return f"[{'; '.join(rows)}]"


_SHAPES: dict[str, Callable[[Any], str]] = {
    "f": _fraction,
    "sSup": lambda element: _child(element, "e") + _scripts(element),
    "sSub": lambda element: _child(element, "e") + _scripts(element),
    "sSubSup": lambda element: _child(element, "e") + _scripts(element),
    "sPre": lambda element: _scripts(element) + _child(element, "e"),
    "limLow": lambda element: _child(element, "e") + _scripts(element, "lim", ""),
    "limUpp": lambda element: _child(element, "e") + _scripts(element, "", "lim"),
    "rad": _root,
    "nary": _sum,
    "d": _brackets,
    "func": _function,
    "m": _matrix,
    "eqArr": lambda element: "; ".join(_children(element, "e")),
}


def _mathml(element: Any) -> str:
    name, parts = local(element), [_mathml(child) for child in element]
    if name == "mfrac" and len(parts) == 2:
        return f"{_wrapped(parts[0])}/{_wrapped(parts[1])}"
    if name in ("msup", "mover") and len(parts) == 2:
        return f"{parts[0]}^{_wrapped(parts[1])}"
    if name in ("msub", "munder") and len(parts) == 2:
        return f"{parts[0]}_{_wrapped(parts[1])}"
    if name in ("msubsup", "munderover") and len(parts) == 3:
        return f"{parts[0]}_{_wrapped(parts[1])}^{_wrapped(parts[2])}"
    if name in ("msqrt", "mroot"):
        return f"{parts[1] if name == 'mroot' and len(parts) == 2 else ''}√{_wrapped(''.join(parts[:1] or parts))}"
    return " ".join(filter(None, [(element.text or "").strip(), *parts]))
