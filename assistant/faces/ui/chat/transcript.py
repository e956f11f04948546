"""A conversation of the record as the chat shows it, and back: every message carries the id of its turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.faces.ui.chat import model_input
from assistant.record import threads
from assistant.record.types import Passage, Turn

Shown = list[dict[str, Any]]  # what gr.Chatbot takes and gives
FEEDBACK = {"approved": "Like", "rejected": "Dislike"}


def shown(turns: Sequence[Turn]) -> Shown:
    """The conversation as it reads now; folded under each answer, its passages and what the model saw."""
    found: Shown = []
    for turn in threads.thread(turns):
        found += message(turn)
    return found


def message(turn: Turn) -> Shown:
    """One turn: its text, and folded messages with the passages and with what the model saw."""
    found: Shown = [{"role": turn.role, "content": turn.content, "metadata": {"id": turn.id}}]
    if turn.passages:
        count = f"{len(turn.passages)} passage{'s' if len(turn.passages) > 1 else ''} used"
        note = str(turn.details.get("note", ""))
        title = f"{count} · search incomplete" if note else count
        found.append(_folded(title, f"passages-{turn.id}", citations(turn.passages, turn.content, note)))
    elif unfound := str(turn.details.get("unfound", "")):
        found.append(_folded("No passage used", f"passages-{turn.id}", _quiet(unfound)))
    if (prompt := turn.details.get("saw")) and prompt["parts"]:  # where documents are quoted no model saw anything
        flaws = {"answer cut": str(turn.details.get("cut", "")), "repeats itself": str(turn.details.get("repeats", ""))}
        title = " · ".join([model_input.title(prompt), *(name for name, told in flaws.items() if told)])
        found.append(_folded(title, f"saw-{turn.id}", "".join(map(_quiet, flaws.values())) + model_input.html(prompt)))
    return found


def citations(passages: Sequence[Passage], answer: str = "", note: str = "") -> str:
    """Passages as HTML, after a note. Their text is the user's documents: shown as text, whatever it contains."""
    return _quiet(note) + model_input.passages(passages, answer)


def _quiet(note: str) -> str:
    return f'<div class="quiet">{model_input.shown(note)}</div>' if note else ""


def _folded(title: str, id: str, html: str) -> dict[str, Any]:
    return {"role": "assistant", "content": html, "metadata": {"title": title, "status": "done", "id": id}}


def feedback(turns: Sequence[Turn]) -> list[str | None]:
    """The thumb of every answer that is shown, in order."""
    return [FEEDBACK.get(turn.label) for turn in threads.thread(turns) if turn.role == "assistant"]


def turn_id(history: Shown, index: int | Sequence[int]) -> int:
    """The turn at this place of the chat; 0 for what is no turn (passages, a status)."""
    place = index if isinstance(index, int) else index[0]
    id = (history[place].get("metadata") or {}).get("id") if place < len(history) else None
    return id if isinstance(id, int) else 0


def last_answer(history: Shown) -> int:
    """The turn that a new question follows: the last answer shown; 0 at the beginning."""
    ids = [turn_id(history, i) for i, message in enumerate(history) if message["role"] == "assistant"]
    return next((id for id in reversed(ids) if id), 0)


def plain(content: Any) -> str:
    """The text of an edited message, which Gradio gives as text or as a list of parts."""
    if isinstance(content, list):
        return "\n".join(plain(part) for part in content)
    return str(content.get("text", "")) if isinstance(content, dict) else str(content)
