"""What may be done once a person says so: one file a kind, a registry of them, and propose, confirm, decline.

Here: what a proposal needs, means and brings about. Not here: what is said about it (checklist.py, replies.py).
"""

from assistant.guide.proposals.decisions import PARTS, change, confirm, current, decline, propose

__all__ = ["PARTS", "change", "confirm", "current", "decline", "propose"]
