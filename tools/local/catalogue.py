"""Small chat models known to fit: the table `data/models.toml`, which says when its figures were looked up."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "data" / "models.toml"
VOCABULARY = 128_000  # of a model that nothing is known of


@dataclass(frozen=True)
class CatalogueModel:
    """A model of the hub. `window` and `vocabulary` in tokens, the download in GB."""

    id: str
    parameters: int
    licence: str
    window: int
    vocabulary: int
    download_gb: float
    note: str = ""


def models(path: Path = FILE) -> list[CatalogueModel]:
    """Every model, the smallest first."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return sorted((CatalogueModel(**entry) for entry in table["model"]), key=lambda model: model.parameters)


def checked(path: Path = FILE) -> str:
    """The day on which the figures were looked up, as YYYY-MM-DD."""
    return str(tomllib.loads(path.read_text(encoding="utf-8"))["checked"])


def find(id: str) -> CatalogueModel | None:
    """The model of that name; None when the table does not know it."""
    return next((model for model in models() if model.id.lower() == id.lower()), None)
