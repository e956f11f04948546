"""The report as one HTML page: styles and plots are inside, nothing is loaded, and it prints on paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AttuneError
from assistant.evidence.answers import differences
from assistant.leaving.report import contents, plot, printing
from assistant.leaving.report.contents import ReportContents
from assistant.record.store import Store

if TYPE_CHECKING:
    from jinja2 import Template

SUFFIX = {"html": ".html", "pdf": ".pdf"}
_TEMPLATE = Path(__file__).with_name("report.html.jinja")
_SAID = {"form": "Form: answers that keep the format", "facts": "Facts: what is said", "score": "Score"}


def html(found: ReportContents) -> str:
    """The page of a report."""
    from markupsafe import Markup

    plots = {kind: Markup(plot.intervals(rows, _SAID[kind])) for kind, rows in found.figures.items()}
    return _template().render(found=found, plots=plots, said=_SAID, pieces=differences.pieces)


def write(store: Store, case: str, file: Path, as_pdf: bool = False, number: int = 0) -> Path:
    """Write the report of a case; the file gets its ending where it has none. Raises AttuneError where it cannot."""
    page = html(contents.read(store, case, number))
    data = printing.pdf(page) if as_pdf else page.encode()
    made = file if file.suffix else file.with_suffix(SUFFIX["pdf" if as_pdf else "html"])
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(data)
    except OSError as error:
        raise AttuneError(f"{made} cannot be written: {error.strerror or error}.", "Name another file.") from error
    return made


def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value, digits=2: "–" if value is None else f"{value:.{digits}f}"
    environment.filters["share"] = lambda value: "–" if value is None else f"{value:.0%}"
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
