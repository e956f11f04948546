"""Training options as inputs of the page. The stage checks what they hold: a wrong value is said as everywhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr

from tools.options import OPTIONS, Option

IN_A_ROW = 3
NAMES = tuple(name for name in OPTIONS if name != "trainer")  # whose choices are this workbench's


def inputs(names: Iterable[str] = NAMES, prefix: str = "") -> dict[str, Any]:
    """The inputs by name, a few in a row; `prefix` goes before their element ids."""
    wanted = list(names)
    made: dict[str, Any] = {}
    for start in range(0, len(wanted), IN_A_ROW):
        with gr.Row():
            made |= {name: _input(OPTIONS[name], prefix) for name in wanted[start : start + IN_A_ROW]}
    return made


def _input(option: Option, prefix: str) -> Any:
    known = {"label": option.label, "elem_id": f"{prefix}{option.flag[2:]}"}
    if option.choices:
        choices = [("The usual one", ""), *((said, value) for value, said in option.choices.items())]
        return gr.Dropdown(choices, value="", info=option.help, min_width=320, **known)
    if option.kind is str:
        return gr.Textbox(info=option.about, min_width=180, **known)
    return gr.Number(0, step=option.step or 1, info=option.about, min_width=180, **known)
