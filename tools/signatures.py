"""A function that takes `**options` shows every training option as a keyword of its own in its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from tools.options import OPTIONS, Option

Function = TypeVar("Function", bound=Callable[..., Any])


def with_options(annotated: Callable[[Option], Any]) -> Callable[[Function], Function]:
    """A decorator: `**options` of a signature becomes a keyword an option, annotated by `annotated`.

    They stand behind the first parameter; whatever else there is is given by its keyword too.
    """

    def expanded(function: Function) -> Function:
        signature = inspect.signature(function, eval_str=True)
        first, *rest = (one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD)
        by_name = inspect.Parameter.KEYWORD_ONLY
        mine = [inspect.Parameter(o.name, by_name, default=o.kind(), annotation=annotated(o)) for o in OPTIONS.values()]
        parameters = [first, *mine, *(one.replace(kind=by_name) for one in rest)]
        hints = {one.name: one.annotation for one in parameters if one.annotation is not one.empty}
        function.__annotations__ = hints | {"return": signature.return_annotation}
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return function

    return expanded
