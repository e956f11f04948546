"""The plots: the course of a training run, and the scores of variants with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

RAW, SMOOTH, EVAL, OTHER = "#94a3b8", "#0d9488", "#d97706", "#6366f1"
GRID, INK = "rgba(128,140,155,.25)", "#7b8794"  # readable on white and on black
Events = Sequence[Mapping[str, Any]]


def smoothed(values: Sequence[float], weight: float = 0.85) -> list[float]:
    """Exponential moving average without the bias of its first values."""
    found, mean = [], 0.0
    for count, value in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * value
        found.append(mean / (1 - weight**count))
    return found


def loss(events: Events) -> go.Figure:
    """Loss of every step raw and smoothed, and the eval loss where it was measured."""
    steps = [event for event in events if event.get("type") == "step" and event.get("loss") is not None]
    at, values = [event["step"] for event in steps], [float(event["loss"]) for event in steps]
    evals = [event for event in events if event.get("type") == "eval" and event.get("eval_loss") is not None]
    figure = go.Figure()
    figure.add_scatter(x=at, y=values, name="loss", mode="lines", line={"color": RAW, "width": 1}, opacity=0.7)
    figure.add_scatter(x=at, y=smoothed(values), name="smoothed", mode="lines", line={"color": SMOOTH, "width": 3})
    if evals:
        figure.add_scatter(
            x=[event["step"] for event in evals],
            y=[event["eval_loss"] for event in evals],
            name="eval loss",
            mode="lines+markers",
            line={"color": EVAL, "width": 2, "dash": "dot"},
            marker={"size": 8},
        )
    return _dressed(figure, "Loss", "step")


def rate(events: Events) -> go.Figure:
    """Learning rate of every step."""
    steps = [event for event in events if event.get("type") == "step" and event.get("lr") is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[event["step"] for event in steps],
        y=[event["lr"] for event in steps],
        name="learning rate",
        mode="lines",
        line={"color": OTHER, "width": 2},
    )
    return _dressed(figure, "Learning rate", "step").update_layout(showlegend=False)


def scores(results: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Score of every variant with its 95 % interval, the best on top."""
    known = {name: found for name, found in results.items() if found.get("score") is not None}
    names = sorted(known, key=lambda name: float(known[name]["score"]))
    value = [float(known[name]["score"]) for name in names]
    above = [float(known[name]["high"]) - score for name, score in zip(names, value, strict=True)]
    below = [score - float(known[name]["low"]) for name, score in zip(names, value, strict=True)]
    figure = go.Figure()
    figure.add_scatter(
        x=value,
        y=names,
        mode="markers",
        name="score",
        marker={"size": 13, "color": [SMOOTH if name.startswith("tuned") else RAW for name in names]},
        error_x={"type": "data", "array": above, "arrayminus": below, "color": INK, "thickness": 2, "width": 6},
    )
    figure = _dressed(figure, "Score with 95 % interval", "").update_layout(showlegend=False)
    return figure.update_layout(height=90 + 44 * max(2, len(names))).update_yaxes(automargin=True)


def _dressed(figure: go.Figure, title: str, x: str) -> go.Figure:
    """Transparent, small, and readable in light and dark."""
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True}
    return figure.update_layout(
        title={"text": title, "font": {"size": 14}, "x": 0.02, "xanchor": "left"},
        height=290,
        margin={"l": 48, "r": 14, "t": 42, "b": 36},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": INK, "size": 12},
        legend={"orientation": "h", "y": 1.14, "x": 1, "xanchor": "right"},
        xaxis={**axis, "title": x},
        yaxis=axis,
        template="none",
    )
