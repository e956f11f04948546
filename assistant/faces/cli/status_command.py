"""Where a case stands, in one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, show, table

if TYPE_CHECKING:
    from assistant.record.types import Case, Variant


def status(case: CaseId = "", as_json: AsJson = False) -> None:
    """Tell where a case stands, or all of them."""
    from assistant import stages
    from assistant.stages import switch as switching
    from assistant.traffic import returning

    with open_bench() as bench:
        store = bench.store
        if not case and len(store.cases()) != 1:
            rows = [(c.id, c.title, stages.current(store, c.id)) for c in store.cases()]
            listed = [{"case": id, "title": title, "stage": stage} for id, title, stage in rows]
            text = table(rows, ("case", "title", "stage")) if rows else "No case yet. Next: attune new TITLE"
            show({"cases": listed}, text, as_json)
            return
        chosen = pick(store, case)
        active = switching.active(store, bench.settings, chosen.id)
        shares = switching.shares(store, bench.settings, chosen.id)
        value = {
            "case": chosen.id,
            "title": chosen.title,
            "stage": stages.current(store, chosen.id),
            "progress": list(stages.progress(store, chosen.id)),
            "gaps": chosen.brief.gaps,
            "documents": [d.name for d in store.documents(chosen.id)],
            "conversations": {s: len(store.conversations(chosen.id, s)) for s in ("chat", "import", "heldout")},
            "active": {"id": active.id, "name": active.name, "model": active.model},
            "shares": {store.variant(id).name: share for id, share in shares.items()},
            "switches": [
                {"variant": store.variant(s.variant).name, "kind": s.kind, "share": s.share, "by": s.by}
                | {"reason": s.reason, "created": s.created}
                for s in store.switches(chosen.id)
            ],
            "traffic": returning.told(store, chosen.id),
            "variants": [{"id": v.id, "name": v.name, "model": v.model} for v in store.variants(chosen.id)],
            "jobs": [{"id": j.id, "trainer": j.trainer, "state": j.state} for j in store.jobs(chosen.id)],
            "proposals": [{"id": p.id, "kind": p.kind, "why": p.why} for p in store.proposals(chosen.id, "open")],
        }
        show(value, _status_text(value, chosen, active), as_json)


def _status_text(value: dict[str, Any], case: Case, active: Variant) -> str:
    marks = {"done": "x", "current": ">", "todo": " "}
    lines = [f"{case.id}: {case.title}"]
    lines += [f"  [{marks[step.state]}] {step.title}  {step.note}".rstrip() for step in value["progress"]]
    now = ", ".join(f"{name} {share} of 100 conversations" for name, share in value["shares"].items())
    lines.append(f"  answers now: {now if len(value['shares']) > 1 else f'{active.name} ({active.model})'}")
    lines += [f"  {value['traffic']}"] if value["traffic"] else []
    counts = value["conversations"]
    lines.append(
        f"  {len(value['documents'])} documents, {counts['chat']} chats, {counts['import']} imported and "
        f"{counts['heldout']} held-out conversations, {len(value['jobs'])} jobs"
    )
    lines += [f"  waits for you: {p['why'] or p['kind']} (attune confirm {p['id']})" for p in value["proposals"]]
    return "\n".join(lines)
