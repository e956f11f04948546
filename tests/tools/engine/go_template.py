"""The part of Go's text/template that Modelfiles of ours use, so that a test can see what Ollama would make of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Scope = dict[str, Any]
_TAG = re.compile(r"\{\{(-?)\s*(.*?)\s*(-?)\}\}", re.S)


def render(source: str, system: str, messages: Sequence[dict[str, str]]) -> str:
    """What a template makes of a system prompt and messages. Raises ValueError for what this part does not know."""
    tokens = _tokens(source)
    said = [{"Role": m["role"], "Content": m["content"]} for m in messages]
    top = {"System": system, "Messages": said, "Response": ""}
    text, rest = _block(tokens, {"$": top, ".": top}, run=True)
    if rest:
        raise ValueError(f"left over: {rest[:2]}")
    return text


def _tokens(source: str) -> list[tuple[str, str]]:
    """("text", ...) and ("tag", ...) in turn, with the blanks that a dash trims already gone."""
    found: list[tuple[str, str]] = []
    place, trim = 0, False
    for tag in _TAG.finditer(source):
        text = source[place : tag.start()]
        text = text.lstrip() if trim else text
        found += [("text", text.rstrip() if tag[1] else text), ("tag", tag[2])]
        place, trim = tag.end(), bool(tag[3])
    return [*found, ("text", source[place:].lstrip() if trim else source[place:])]


def _block(tokens: list[tuple[str, str]], scope: Scope, run: bool) -> tuple[str, list[tuple[str, str]]]:
    """Text up to the tag that ends this block, and the tokens from there on."""
    out = ""
    while tokens:
        kind, value = tokens[0]
        if kind == "tag" and re.match(r"(?:end|else)\b", value):
            return out, tokens
        tokens = tokens[1:]
        if kind == "text":
            out += value if run else ""
        elif value.startswith("if "):
            text, tokens = _if(value[3:], tokens, scope, run)
            out += text
        elif value.startswith("range "):
            text, tokens = _range(value[6:], tokens, scope, run)
            out += text
        elif found := re.match(r"(\$\w+) :?= (.*)$", value):
            if run:
                scope[found[1]] = _value(found[2], scope)
        elif run:
            out += str(_value(value, scope))
    return out, tokens


def _if(condition: str, tokens: list[tuple[str, str]], scope: Scope, run: bool) -> tuple[str, list[tuple[str, str]]]:
    holds = run and bool(_value(condition, scope))
    text, tokens = _block(tokens, scope, holds)
    _, tag = tokens[0]
    if tag == "end":
        return text, tokens[1:]
    if tag.startswith("else if "):
        other, tokens = _if(tag[8:], tokens[1:], scope, run and not holds)
    else:
        other, tokens = _block(tokens[1:], scope, run and not holds)
        tokens = tokens[1:]
    return text + other, tokens


def _range(header: str, tokens: list[tuple[str, str]], scope: Scope, run: bool) -> tuple[str, list[tuple[str, str]]]:
    names, _, over = header.rpartition(":= ")
    index, _, each = (part.strip() for part in names.partition(","))
    out, rest = "", _block(tokens, scope, run=False)[1]
    outer = scope["."]
    for number, value in enumerate(_value(over.strip(), scope) if run else ()):
        scope |= {".": value} | ({index: number} if index else {}) | ({each: value} if each else {})
        out += _block(tokens, scope, run=True)[0]
    scope["."] = outer
    return out, rest[1:]


def _value(text: str, scope: Scope) -> Any:
    """A field, a variable, a literal, or a call: eq, ne, and, len, slice."""
    parts = _parts(text)
    if len(parts) > 1:
        name, values = parts[0], [_value(part, scope) for part in parts[1:]]
        calls = {
            "eq": lambda a, b: a == b,
            "ne": lambda a, b: a != b,
            "and": lambda a, b: a and b,
            "len": len,
            "slice": lambda of, start: of[start:],
        }
        if name not in calls:
            raise ValueError(f"unknown function {name}")
        return calls[name](*values)
    if text.startswith("("):
        return _value(text[1:-1], scope)
    if text.startswith('"'):
        return text[1:-1]
    if text.isdigit():
        return int(text)
    name, _, field = text.partition(".")
    value = scope[name or "."]
    return value[field] if field else value


def _parts(text: str) -> list[str]:
    """A call and its arguments: split at blanks outside brackets and quotes."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += (letter == "(") - (letter == ")")
        if letter.isspace() and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]
