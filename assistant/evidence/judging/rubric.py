"""What a judging model is told and what it may reply: a rubric from the brief, JSON that is checked or not counted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.evidence.answers.rows import AnswerRow
from assistant.evidence.scorers import json_of
from assistant.record.types import Brief

RIGHT_FROM = 4  # of 5: what the judge calls right
A, B, TIE = "A", "B", "tie"
_PROMPTS = Path(__file__).resolve().parents[2] / "prompts"
_RULES = (("goal", "Goal"), ("users", "For"), ("must", "Must"), ("must_not", "Must not"), ("format", "Format"))
_MORE = (("tone", "Tone"), ("language", "Language"), ("success", "Good enough means"))
_REASON = 300  # characters that are kept


@dataclass(frozen=True)
class JudgedScore:
    """`score`: a whole number from 1 to 5."""

    score: int
    reason: str = ""


def of_brief(brief: Brief) -> str:
    """The rubric: what the brief asks for, a line each; what it leaves open is left out."""
    lines = []
    for name, called in (*_RULES, *_MORE):
        value = getattr(brief, name)
        text = "; ".join(value) if isinstance(value, tuple) else value
        lines += [f"- {called}: {text}"] if text else []
    return "\n".join(lines) or "- Answer what was asked, rightly and plainly."


def pointwise(rubric: str, row: AnswerRow, answer: str) -> str:
    return _filled("judge.md", rubric, _said(row) | {"answer": answer})


def pairwise(rubric: str, row: AnswerRow, first: str, second: str) -> str:
    return _filled("judge_pair.md", rubric, _said(row) | {"answer A": first, "answer B": second})


def read_score(reply: str) -> JudgedScore | None:
    """The score of a reply; None for anything that is not as it was asked for."""
    found = _object(reply)
    score = found.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not 1 <= score <= 5 or score != int(score):
        return None
    return JudgedScore(int(score), str(found.get("reason", ""))[:_REASON])


def read_better(reply: str) -> str | None:
    """A, B or tie; None for anything else."""
    found = str(_object(reply).get("better", "")).strip()
    return next((one for one in (A, B, TIE) if found.casefold() == one.casefold()), None)


def _said(row: AnswerRow) -> dict[str, Any]:
    talk = [{"role": str(m["role"]), "content": str(m["content"])} for m in row.before]
    return {"conversation": [*talk, {"role": "user", "content": row.asked}], "approved answer": row.approved}


def _filled(name: str, rubric: str, material: dict[str, Any]) -> str:
    """As JSON, so that nothing in the material can look like its end."""
    text = (_PROMPTS / name).read_text(encoding="utf-8").strip()
    before, _, after = text.partition("{rubric}")
    return f"{before}{rubric}{after.replace('{material}', json.dumps(material, ensure_ascii=False, indent=1))}"


def _object(reply: str) -> dict[str, Any]:
    """The JSON object of a reply, also in a code fence; empty where there is none."""
    try:
        found = json_of(reply)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
