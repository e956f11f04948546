"""Whether a certificate still holds: nothing of what it is about was exchanged since."""

from __future__ import annotations

from assistant.evidence.certificate import identity
from assistant.record.store import Store
from assistant.record.types import Evaluation
from tools.engine.hashes import FileHashes


def broken(store: Store, found: Evaluation, fresh: bool = False) -> str:
    """Why the certificate of an evaluation does not hold, in a sentence; "" where it does, or there is none.

    Costs a look at each file's size and times, and a second for each GB where those have changed, or where `fresh`.
    """
    if not found.parity.get("ok", True):
        failed = next(check for check in found.parity["checks"] if not check["ok"])
        return f"What is served is not what was trained ({failed['name']}: {failed['detail']})."
    files = identity.served_files(found.parity.get("identity", {}))
    folder = store.path.parent
    changed = FileHashes(folder / "hashes.json").changed(folder, files, fresh) if files else ""
    return f"The model has changed since it was measured: {changed}; evaluate again." if changed else ""
