"""What a model card says of the proof: the same figures as the report, as Markdown."""

from __future__ import annotations

from assistant.leaving.report.contents import ReportContents
from assistant.leaving.report.figures import FACTS, FORM, SCORE, Figure


def scores(found: ReportContents) -> str:
    """A row a variant, the verdict, the answers that need no model, and the certificate."""
    rows = [f"| variant | form | facts | {found.evaluation.scorer} |", "|---|---|---|---|"]
    for name in found.table.names:
        cells = (_cell(found.figure(kind, name)) for kind in (FORM, FACTS, SCORE))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    decision = found.verdict.get("decision", "none")
    lines = ["\n".join(rows), f"Verdict: {decision}. {found.reason}".rstrip()]
    if found.sanity:
        told = "; ".join(
            f"{one.means}: facts {'–' if one.facts is None else f'{one.facts:.2f}'}" for one in found.sanity
        )
        lines.append(f"For scale, answers that need no model: {told}.")
    if found.evaluation.parity:
        same = "is" if found.evaluation.parity.get("ok") else "is not"
        lines.append(f"What was served when it was measured {same} what was trained.")
    return "\n\n".join(lines)


def _cell(one: Figure | None) -> str:
    return "–" if one is None else f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})"
