"""A folder -> a repository of models on the Hub, private unless asked otherwise."""

from __future__ import annotations

import re
from pathlib import Path

from tools.huggingface.hub_link import Link, Vanished
from tools.trainer import ToolError

NAME = re.compile(r"[\w.-]{1,96}(/[\w.-]{1,96})?")


def push(folder: Path, name: str, token: str, endpoint: str, public: bool = False) -> str:
    """Upload the folder in one commit and return the repository's address.

    A repository that exists keeps its history. Raises ToolError for one that is public where a private one was asked
    for, and for everything that the Hub refuses.
    """
    if not token:
        raise ToolError("There is no token of Hugging Face.", "Set HF_TOKEN to one that may write repositories.")
    if not NAME.fullmatch(name):
        raise ToolError(
            f"'{name[:60]}' is not the name of a repository.", "Use OWNER/NAME, or NAME for your own account."
        )
    link = Link(token, {"endpoint": endpoint, "label": "", "namespace": ""})
    repo = name if "/" in name else f"{link.namespace}/{name}"
    try:
        known = link.ask(link.api.repo_info, repo_id=repo)
    except Vanished:
        known = None
    if known is not None and not known.private and not public:
        raise ToolError(
            f"{repo} exists and is public: everybody could read the model.", "Name another repository, or say --public."
        )
    link.ask(link.api.create_repo, repo_id=repo, private=not public, exist_ok=True)
    link.ask(link.api.upload_folder, repo_id=repo, folder_path=folder, commit_message="A model tuned with Attune")
    return f"{endpoint}/{repo}"
