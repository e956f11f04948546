"""What a model saw: the very text it was fed, cut into its parts, with the tokens of each."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from assistant.knowledge.prompt.composition import Part, Prompt
from assistant.knowledge.prompt.tokens import Counter, estimate

Json = dict[str, Any]
FRAME = "frame"  # what the chat template puts around the messages


def record(built: Prompt, counter: Counter) -> Json:
    """A prompt as plain values, to be kept with its answer.

    `parts`: [what it is, text, tokens]. `exact`: the texts joined are what the model was fed, to the letter, and the
    tokens are its own; else the server renders the messages itself, and tokens are estimated. `dropped` says what did
    not fit and why, `left_out` names it; `window` is how many tokens the model reads at once. `note` is the prompt's.
    """
    parts = _rendered(built, counter) if counter.cut else None
    return {
        "exact": parts is not None,
        "parts": parts or _as_sent(built),
        "window": counter.window,
        "dropped": list(built.dropped),
        "left_out": [list(part) for part in built.left_out],
        "note": built.note,
    }


def _rendered(built: Prompt, counter: Counter) -> list[list[Any]] | None:
    """The rendered prompt in its parts; None where the template changes what a message says."""
    if counter.cut is None:
        return None
    text, starts = counter.cut(built.messages)
    pieces: list[Part] = []
    place = 0
    for kind, said in (part for message in built.parts for part in message):
        at = text.find(said, place)
        if at < 0:
            said = said.strip()  # templates may trim a message
            at = text.find(said, place)
        if at < 0:
            return None
        pieces += [(FRAME, text[place:at]), (kind, said)]
        place = at + len(said)
    pieces.append((FRAME, text[place:]))
    found: list[list[Any]] = []
    place = 0
    for kind, piece in pieces:
        if piece:
            end = place + len(piece)
            found.append([kind, piece, bisect_left(starts, end) - bisect_left(starts, place)])
            place = end
    return found


def _as_sent(built: Prompt) -> list[list[Any]]:
    """The messages as they were sent, each after its role."""
    found: list[list[Any]] = []
    for message, parts in zip(built.messages, built.parts, strict=False):  # none where messages were sent as given
        found.append([FRAME, f"{message['role']}\n", 0])
        found += [[kind, text, estimate(text)] for kind, text in parts]
        found.append([FRAME, "\n\n", 0])
    return found
