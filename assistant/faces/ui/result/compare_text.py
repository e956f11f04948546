"""What was measured, in words and tables (HTML)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.background import Task
from assistant.evidence.certificate import proof as certificate
from assistant.evidence.form.frame import Frame
from assistant.evidence.sanity import MEANS
from assistant.record.traffic.switches import WHOLE, Switch
from assistant.record.types import Evaluation, Variant

TITLES = {
    "switch": "Proved better",
    "stay": "Don't switch",
    "undecided": "Cannot tell yet",
    "baseline": "Only the untrained variants have been measured",
}


def verdict(evaluation: Evaluation | None, scored: str = "") -> str:
    """`scored`: the scorer with what is to be known of it; without it its name alone."""
    if evaluation is None:
        return '<div class="verdict">No trained model has been measured yet.</div>'
    found = evaluation.verdict
    decision = str(found.get("decision", ""))
    title = TITLES.get(decision, decision)
    return (
        f'<div class="verdict {escape(decision)}" role="status"><b>{escape(title)}.</b> '
        f'{escape(str(found.get("reason", "")))}<div class="quiet">Scorer: {escape(scored or f"{evaluation.scorer}.")} '
        f"Measured {escape(evaluation.finished[:16].replace('T', ' '))} UTC.</div></div>"
    )


def table(results: Mapping[str, Mapping[str, Any]], active: str) -> str:
    """A row for every variant, the best first."""
    if not results:
        return ""
    names = sorted(results, key=lambda name: results[name].get("score") or -1.0, reverse=True)
    apart = [key for key in ("form", "facts") if any(one.get(key) is not None for one in results.values())]
    heads = ("variant", *apart, "score", "95 % interval", "tokens a request", "first token", "answer", "conversations")
    return answers(heads, [_row(name, results[name], active, apart) for name in names])


def sanity(proof: Mapping[str, Any], verdict: Mapping[str, Any]) -> str:
    """What answers without a model reach, and the frame that approved answers share."""
    beaten = verdict.get("sanity", {})
    rows = [
        (
            f"<b>{escape(name)}</b><div class=quiet>{escape(MEANS.get(name, ''))}</div>",
            _share(found.get("form")),
            _number(found.get("facts"), ".3f"),
            _number(found.get("score"), ".3f"),
            {True: "beaten", False: "not beaten"}.get(beaten.get(name, {}).get("beaten"), "–"),
        )
        for name, found in proof.get("sanity", {}).items()
    ]
    said = [Frame.from_json([part]).parts[0].sentence for part in proof.get("frame", [])]
    text = "".join(f"<li>{escape(sentence)}</li>" for sentence in said)
    frame = f"<p>Your format, as the approved answers show it: an answer</p><ul>{text}</ul>" if text else ""
    also = " ".join(escape(str(proof.get(part, {}).get("sentence", ""))) for part in ("ledger", "leaks")).strip()
    table = answers(("without any model", "form", "facts", "score", "by the tuned model"), rows) if rows else ""
    return f"{table}{frame}" + (f'<p class="quiet">{also}</p>' if also else "")


def answers(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of HTML cells with a variant in each row; on a narrow screen every cell says what it is."""
    lines = "".join(
        f"<tr><td>{row[0]}</td>"
        + "".join(f'<td class=n data-name="{name}">{cell}</td>' for name, cell in zip(heads[1:], row[1:], strict=True))
        + "</tr>"
        for row in rows
    )
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f'<div class="wide"><table class="plain answers"><tr class="head">{head}</tr>{lines}</table></div>'


def parity(found: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{'✓' if check['ok'] else '✗'} {escape(str(check['name']))}</td>"
        f"<td>{escape(str(check['detail']))}</td></tr>"
        for check in found.get("checks", [])
    )
    return f'<p>{certificate.told(found)}</p><div class="wide"><table class="plain">{rows}</table></div>'


def switches(rows: Sequence[Switch], variants: Mapping[str, Variant]) -> str:
    """The history, newest first."""
    if not rows:
        return '<div class="quiet">Nothing has been switched yet.</div>'
    lines = "".join(
        f"<tr><td class=n>{escape(row.created[:16].replace('T', ' '))}</td><td>{escape(row.kind)}{_part(row)}</td>"
        f"<td>{escape(variants[row.variant].name if row.variant in variants else row.variant)}</td>"
        f"<td>{escape(row.by)}</td><td>{escape(row.reason)}</td></tr>"
        for row in reversed(rows)
    )
    head = "".join(f"<th>{name}</th>" for name in ("when (UTC)", "what", "variant", "by", "why"))
    return f'<div class="wide"><table class="plain"><tr>{head}</tr>{lines}</table></div>'


def aside(evaluation: Evaluation, takes: Mapping[str, Any]) -> str:
    """What is told beside the verdict, a paragraph each: what was forgotten, and what it costs."""
    found = (evaluation.proof.get("forgetting"), takes)
    return "\n\n".join(str(one["sentence"]) for one in found if one)


def _part(row: Switch) -> str:
    return f" ({row.share} of 100)" if row.share < WHOLE else ""


def progress(task: Task | None) -> str:
    """How far the measuring is, or how it ended when it failed."""
    if task is None or task.state == "done":
        return ""
    if task.state == "failed":
        return f'<div class="verdict stay" role="status">{escape(task.error)}</div>'
    return (
        f'<div role="status">{escape(task.message)}<div class="bar" role="progressbar" '
        f'aria-valuenow="{task.fraction:.0%}"><i style="width:{task.fraction:.1%}"></i></div></div>'
    )


def flaws(found: Mapping[str, Any]) -> str:
    """How many answers of a variant failed, were ended by their limit, and repeat themselves, where any did."""
    kinds = (("errors", "failed"), ("cut", "cut"), ("repeats", "repeating"))
    said = [f"{found[key]} {word}" for key, word in kinds if found.get(key)]
    return f" ({', '.join(said)})" if said else ""


def _row(name: str, found: Mapping[str, Any], active: str, apart: Sequence[str]) -> tuple[str, ...]:
    score = _number(found.get("score"), ".3f")
    interval = f"{_number(found.get('low'), '.3f')} to {_number(found.get('high'), '.3f')}"
    now = " · answers now" if found.get("variant") == active else ""
    return (
        f"<b>{escape(name)}</b>{now}",
        *(_share(found.get(key)) if key == "form" else _number(found.get(key), ".3f") for key in apart),
        f"<b>{score}</b>",
        interval,
        _number(found.get("tokens_per_request"), ".0f"),
        f"{_number(found.get('first_token_s'), '.2f')} s",
        f"{_number(found.get('latency_s'), '.2f')} s",
        f"{found.get('n', 0)}{flaws(found)}",
    )


def _share(value: Any) -> str:
    return f"{float(value):.0%}" if value is not None else "–"


def _number(value: Any, form: str) -> str:
    return format(float(value), form) if value is not None else "–"
