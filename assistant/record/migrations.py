"""The schema, as numbered steps that are applied in order and never edited once released."""

from __future__ import annotations

import json

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("attune")

_TYPES: dict[str, type] = {"": str, "int": int, "float": float}


def _columns(names: str) -> dict[str, type]:
    """Read "id:int case score:float" as name and type of each column; text where no type is named."""
    return {name: _TYPES[kind] for name, _, kind in (column.partition(":") for column in names.split())}


_TABLES: dict[str, tuple[dict[str, type], str, list[tuple[str, str, str]]]] = {
    "cases": (_columns("id title owner brief options created"), "id", []),
    "documents": (
        _columns("id:int case name kind text sha256 pages:int warnings created removed"),
        "id",
        [("case", "cases", "id")],
    ),
    "variants": (
        _columns(
            "id case name endpoint model system "
            "shots:int passages:int dataset job:int temperature:float max_tokens:int created"
        ),
        "id",
        [("case", "cases", "id")],
    ),
    "conversations": (_columns("id:int case source created"), "id", [("case", "cases", "id")]),
    "messages": (
        _columns(
            "id:int conversation:int parent:int role content label edited_from:int variant passages details created"
        ),
        "id",
        [("conversation", "conversations", "id")],
    ),
    "datasets": (_columns("id case seed:int train:int test:int dropped created"), "id", [("case", "cases", "id")]),
    "dataset_items": (
        _columns("id:int dataset position:int split messages conversation:int"),
        "id",
        [("dataset", "datasets", "id")],
    ),
    "jobs": (
        _columns("id:int case dataset trainer handle state reason model adapter request metrics created ended"),
        "id",
        [("case", "cases", "id"), ("dataset", "datasets", "id")],
    ),
    "evaluations": (
        _columns("id:int case dataset job:int scorer variants results verdict parity created finished"),
        "id",
        [("case", "cases", "id"), ("dataset", "datasets", "id")],
    ),
    "scores": (
        _columns(
            "id:int evaluation:int variant item:int turn:int answer "
            "score:float prompt_tokens:int completion_tokens:int first_token_s:float total_s:float error"
        ),
        "id",
        [("evaluation", "evaluations", "id")],
    ),
    "switches": (
        _columns("id:int case variant kind reason by evaluation:int created"),
        "id",
        [("case", "cases", "id"), ("variant", "variants", "id")],
    ),
    "proposals": (
        _columns("id:int case kind payload why basis state result created decided"),
        "id",
        [("case", "cases", "id")],
    ),
}


@migrations()
def m001_tables(db: Database) -> None:
    for name, (columns, pk, foreign_keys) in _TABLES.items():
        db.table(name).create(columns, pk=pk, foreign_keys=foreign_keys)
        if "case" in columns:
            db.table(name).create_index(["case"])
    db.table("messages").create_index(["conversation"])
    db.table("dataset_items").create_index(["dataset", "position"], unique=True)
    db.table("scores").create_index(["evaluation", "variant", "item", "turn"], unique=True)


@migrations()
def m002_brief_versions(db: Database) -> None:
    """Every change of a brief is a row; the briefs there are become first versions, of the source "earlier".

    A proposal also says in parts what it means.
    """
    db.table("proposals").add_column("terms", str, not_null_default="{}")
    versions = db.table("brief_versions").create(
        _columns("id:int case number:int brief source restored:int created"),
        pk="id",
        foreign_keys=[("case", "cases", "id")],
    )
    versions.create_index(["case", "number"], unique=True)
    for case in list(db.table("cases").rows):
        if any(json.loads(case["brief"]).values()):
            versions.insert(
                {
                    "case": case["id"],
                    "number": 1,
                    "brief": case["brief"],
                    "source": "earlier",
                    "restored": 0,
                    "created": case["created"],
                }
            )


@migrations()
def m003_refused_documents(db: Database) -> None:
    """A file that could not be used is a row, too, with the reason."""
    db.table("documents").add_column("problem", str, not_null_default="")


@migrations()
def m004_judgements(db: Database) -> None:
    """A dataset freezes the judged answers of its train side, too."""
    judgements = db.table("dataset_judgements").create(
        _columns("id:int dataset position:int prompt chosen rejected conversation:int"),
        pk="id",
        foreign_keys=[("dataset", "datasets", "id")],
    )
    judgements.create_index(["dataset", "position"], unique=True)


@migrations()
def m005_touched(db: Database) -> None:
    """The order in which conversations changed last, so that whoever knows them reads only what is new."""
    db.table("touched").create(_columns("conversation:int number:int"), pk="conversation")
    db.table("touched").create_index(["number"], unique=True)
    db.execute("insert into touched select conversation, conversation from messages group by conversation")
    for event in ("insert", "update"):
        db.execute(
            f"create trigger messages_touched_by_{event} after {event} on messages begin "
            "insert or replace into touched values (new.conversation, "
            "(select coalesce(max(number), 0) + 1 from touched)); end"
        )


@migrations()
def m006_trials(db: Database) -> None:
    """The untrained variants measured by themselves: what was asked, and what each answered."""
    db.table("trials").create(
        _columns("id:int case basis scorer questions variants report created finished"),
        pk="id",
        foreign_keys=[("case", "cases", "id")],
    ).create_index(["case"])
    db.table("trial_answers").create(
        _columns(
            "id:int trial:int variant number:int answer score:float "
            "prompt_tokens:int completion_tokens:int marks:int real:int right:int error"
        ),
        pk="id",
        foreign_keys=[("trial", "trials", "id")],
    ).create_index(["trial", "variant", "number"], unique=True)


@migrations()
def m007_files(db: Database) -> None:
    """Files of programs, uploads in parts, and a key for a job, so that asking twice starts one."""
    db.table("files").create(
        _columns("id owner filename purpose bytes:int sha256 created:int expires:int deleted:int case"), pk="id"
    ).create_index(["owner"])
    db.table("uploads").create(
        _columns("id owner filename purpose bytes:int created:int expires:int file_expires_after:int state file"),
        pk="id",
    )
    db.table("upload_parts").create(
        _columns("id upload bytes:int created:int"), pk="id", foreign_keys=[("upload", "uploads", "id")]
    ).create_index(["upload"])
    db.table("jobs").add_column("key", str, not_null_default="")
    db.execute("create unique index idx_jobs_key on jobs (key) where key <> ''")


@migrations()
def m008_documents_in_use(db: Database) -> None:
    """Every question asks whether the documents are still the same: their texts are not read for that."""
    db.table("documents").create_index(["case", "removed", "problem", "id"])


@migrations()
def m009_built(db: Database) -> None:
    """The order in which datasets were built last: one that is built again, with the same content, is the latest."""
    db.table("datasets").add_column("built", int, not_null_default=0)
    for number, row in enumerate(list(db.table("datasets").rows_where(order_by="created, rowid")), start=1):
        db.table("datasets").update(row["id"], {"built": number})


@migrations()
def m010_proof(db: Database) -> None:
    """An evaluation keeps what its verdict was made from, and what a person said of the answers."""
    db.table("evaluations").add_column("proof", str, not_null_default="{}")
    marks = db.table("marks").create(
        _columns("id:int evaluation:int variant item:int turn:int mark by created"),
        pk="id",
        foreign_keys=[("evaluation", "evaluations", "id")],
    )
    marks.create_index(["evaluation", "item", "turn"])
    votes = db.table("votes").create(
        _columns("id:int evaluation:int item:int turn:int left right choice by created"),
        pk="id",
        foreign_keys=[("evaluation", "evaluations", "id")],
    )
    votes.create_index(["evaluation"])


@migrations()
def m012_allowed_pairs(db: Database) -> None:
    """What a person found to be no leak: two conversations, by a name of their content, and why."""
    db.table("allowed_pairs").create(
        _columns("id:int case pair reason created"), pk="id", foreign_keys=[("case", "cases", "id")]
    ).create_index(["case", "pair"], unique=True)


@migrations()
def m013_digests(db: Database) -> None:
    """What an imported conversation is known by, so that the same file twice adds nothing; "" for those before."""
    db.table("conversations").add_column("digest", str, not_null_default="")
    db.table("conversations").create_index(["case", "source", "digest"])


@migrations()
def m014_traffic(db: Database) -> None:
    """A switch may be for a share of the conversations; answers that failed, or that nobody keeps, leave a row."""
    db.table("switches").add_column("share", int, not_null_default=100)
    db.table("outcomes").create(
        _columns("id:int case variant conversation kind created"),
        pk="id",
        foreign_keys=[("case", "cases", "id"), ("variant", "variants", "id")],
    ).create_index(["case", "variant"])
