"""What hosted training and hosting cost: a dated table that anybody may edit, data/prices.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.trainer import ToolError

TABLE = Path(__file__).resolve().parent.parent / "data" / "prices.toml"
MILLION = 1_000_000
_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class Price:
    """US dollars a million training tokens, where the figure comes from, and the day it was looked up."""

    train: float
    date: str
    source: str

    def of(self, tokens: float) -> float:
        """US dollars for that many training tokens."""
        return round(tokens * self.train / MILLION, 4)

    @property
    def said(self) -> str:
        return f"${self.train:.2f} a million training tokens (price of {self.date})"


@dataclass(frozen=True)
class AnswerPrice:
    """US dollars a million tokens that a model reads and writes, and the day they were looked up."""

    input: float
    output: float
    date: str

    def of(self, read: float, wrote: float) -> float:
        """US dollars of an answer that took so many tokens."""
        return (read * self.input + wrote * self.output) / MILLION


@dataclass(frozen=True)
class Prices:
    """One vendor's part of the table. `own` is a price set by the user, which comes before every row."""

    vendor: str
    path: Path = TABLE
    own: float | None = None

    def training(self, model: str) -> Price:
        """The price of training `model`, a base or a model tuned from it. Raises ToolError when nobody told it."""
        table = self._table()
        if self.own is not None:
            return Price(self.own, self.date, "what you set")
        return Price(float(self._row(model)["train"]), self.date, str(table.get("source", "")))

    def answers(self, model: str, tuned: bool) -> AnswerPrice:
        """The price of answers of `model`, or of one tuned from it. Raises ToolError when nobody told it."""
        row, names = self._row(model), ("input", "output") if tuned else ("base_input", "base_output")
        if missing := [name for name in names if name not in row]:
            raise ToolError(
                f"There is no {missing[0]} for '{model}' in the table of {self.date} ({self.path.name}).",
                "Look it up at the vendor and add it there.",
            )
        return AnswerPrice(float(row[names[0]]), float(row[names[1]]), self.date)

    def _row(self, model: str) -> dict[str, Any]:
        """What the table says of a model. Raises ToolError where it says nothing."""
        rows = dict(self._table().get("models", {}))
        base = model.split(":")[1] if model.startswith("ft:") and ":" in model[3:] else model.split(".ft-")[0]
        row = rows.get(base) or next((rows[n] for n in rows if _DATED.sub("", n) == base), None)
        if row is None:
            known = f" It knows {', '.join(rows)}." if rows else ""
            raise ToolError(
                f"There is no price for '{model}' in the table of {self.date} ({self.path.name}).{known}",
                "Look it up at the vendor and add it there, so that the spending cap can hold.",
            )
        return dict(row)

    def bases(self) -> list[str]:
        """The models with a price, in the order of the table."""
        return list(self._table().get("models", {}))

    def hosting(self, kind: str) -> float:
        """US dollars an hour that a deployment of this kind costs, used or not. Raises ToolError when unknown."""
        rows = self._table().get("hosting", {})
        if kind not in rows:
            raise ToolError(
                f"There is no price for hosting '{kind}' in the table of {self.date} ({self.path.name}).",
                f"Choose one of {', '.join(rows) or 'none known'}, or add it there.",
            )
        return float(rows[kind])

    @property
    def date(self) -> str:
        return str(self._table().get("date", "an unknown day"))

    def _table(self) -> dict[str, Any]:
        try:
            found = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ToolError(f"The price table {self.path} cannot be read: {error}.", "Fix it or remove it.") from error
        return dict(found.get(self.vendor, {}))
