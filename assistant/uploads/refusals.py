"""What a program is refused: a sentence and a remedy as everywhere, and which of its fields is meant."""

from __future__ import annotations

from assistant.errors import AttuneError


class Refused(AttuneError):
    """`param` is the field at fault, `code` and `status` are OpenAI's for this kind of refusal."""

    def __init__(
        self, sentence: str, remedy: str = "", param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(sentence, remedy)
        self.param, self.code, self.status = param, code, status


def missing(kind: str, id: str, param: str | None = None, code: str | None = None) -> Refused:
    """There is no such thing, or it is somebody else's: the same answer for both."""
    remedy = f"List what there is, or check the {kind}'s name."
    return Refused(f"There is no {kind} '{id[:80]}'.", remedy, param, code, 404)
