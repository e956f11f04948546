"""`attune mcp` as a coding agent uses it: the official client, standard input and output, a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from assistant.faces.mcp.server import server
from assistant.guide import proposals
from tests.assistant.evidence.reading_server import ReadingServer
from tests.assistant.guide.proposing import open_bench, ready
from tests.assistant.material import add_documents, new_case
from tests.assistant.stages.test_baseline_measured import skip_the_rest

ROOT = Path(__file__).resolve().parents[3]
SHOP = ROOT / "data" / "examples" / "teashop"
VERBS = {
    "list_cases",
    "new_case",
    "status",
    "open_questions",
    "record_answer",
    "add_document",
    "add_files",
    "import_conversations",
    "build_baseline",
    "ask",
    "approve_answer",
    "reject_answer",
    "build_dataset",
    "estimate_training",
    "propose_training",
    "job_status",
    "propose_evaluation",
    "verdict",
    "propose_switch",
    "propose_undo",
    "list_proposals",
    "results",
    "look_up",
    "explain",
    "propose_baseline_measurement",
    "baseline_report",
}
Call = Callable[..., Awaitable[Any]]


def with_agent(folder: Path, talk: Callable[[Client, Call], Awaitable[None]], **more: str) -> str:
    """Let `talk` use a server on this data folder; returns what the server wrote to standard error."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "assistant.faces.cli", "mcp"],
        cwd=folder,
        env={
            "PYTHONPATH": str(ROOT),
            "ATTUNE_DATA": str(folder / "run"),
            "OMP_NUM_THREADS": "1",
            "ATTUNE_CHAT_MODEL": os.environ["ATTUNE_CHAT_MODEL"],
            "ATTUNE_EMBEDDING": "lexical",
            **more,
        },
    )

    async def session() -> None:
        with (folder / "stderr").open("w") as errors:
            async with Client(stdio_client(parameters, errlog=errors), raise_exceptions=True) as client:

                async def call(tool: str, /, **arguments: Any) -> Any:
                    answer = await client.call_tool(tool, arguments)
                    value = answer.structured_content
                    assert json.loads(answer.content[0].text) == value  # type: ignore[union-attr]
                    assert answer.is_error == ("error" in value), value
                    return value

                await talk(client, call)

    _run(session)
    return (folder / "stderr").read_text()


def _run(talk: Callable[[], Awaitable[None]]) -> None:
    """On a thread of its own: a browser driven by earlier tests leaves an event loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, talk).result()


def test_a_case_from_interview_to_proposal(tmp_path: Path, attune: Any) -> None:
    brief = tomllib.loads((SHOP / "case.toml").read_text(encoding="utf-8"))["brief"]

    async def talk(client: Client, call: Call) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == VERBS
        assert all(len(tool.description or "") > 40 for tool in tools)
        assert not [tool.name for tool in tools if "confirm" in tool.name]
        assert "cannot confirm" in (client.instructions or "").replace("\n", " ")

        assert await call("list_cases") == {"cases": []}
        assert (await call("new_case", title="Tea shop"))["case"] == "tea-shop"
        first = (await call("open_questions"))["open"][0]
        assert (first["field"], len(first["examples"])) == ("goal", 2)
        for name in [each["field"] for each in (await call("open_questions"))["open"]]:
            said = brief.get(name, "skip")
            await call("record_answer", field=name, answer="\n".join(said) if isinstance(said, list) else str(said))
        status = await call("status")
        assert status["gaps"] == []
        assert status["brief"]["goal"] == " ".join(brief["goal"].split())

        await call("add_document", name="note.md", text="# Note\n\nThe blue tin is called Harbour Evening.")
        files = [str(path) for path in sorted((SHOP / "documents").iterdir())]
        assert len((await call("add_files", paths=files))["documents"]) == len(files) == 7
        some = [json.loads(line) for line in (SHOP / "conversations.jsonl").read_text("utf-8").splitlines()[:30]]
        assert (await call("import_conversations", conversations=some))["imported"] == 30
        held = await call("import_conversations", path=str(SHOP / "heldout.jsonl"), heldout=True)
        assert held["imported"] == 40
        assert (await call("build_baseline"))["active"] == "rag+few-shot"
        assert "proposal" in await call("build_baseline")  # something answers already: now it is only proposed

        wanted = await call("propose_baseline_measurement", why="Before anybody trains.")
        assert (wanted["kind"], "Before anybody trains." in wanted["why"]) == ("measure", True)
        assert "has not been measured" in (await call("baseline_report"))["error"]

        told = await call("ask", question="What is the blue tin called?")
        assert told["answer"]
        assert any(each["document"] == "note.md" for each in told["passages"])
        better = await call("approve_answer", number=told["number"], better="It is called Harbour Evening.")
        assert better["instead_of"] == told["number"]
        assert await call("reject_answer", number=told["number"]) == {"rejected": told["number"]}

        made = await call("build_dataset")
        assert made["test"] == 40
        assert made["train"] >= 25
        forecast = await call("estimate_training", epochs=1)
        assert 0 < forecast["estimate"]["seconds"]["low"] <= forecast["estimate"]["seconds"]["high"]
        proposal = await call("propose_training", epochs=1, why="The tone is not there yet.")
        assert "Nothing has started" in proposal["note"]
        assert "The tone is not there yet." in proposal["why"]
        assert (await call("job_status"))["jobs"] == []
        assert (await call("propose_evaluation"))["kind"] == "evaluate"
        assert (await call("propose_switch", variant="prompt"))["kind"] == "switch"
        assert "nothing to undo" in (await call("propose_undo"))["error"]
        assert "Nothing has been measured" in (await call("verdict"))["error"]
        assert "fine-tune" in (await call("explain", term="LoRA"))["text"]
        assert (await call("look_up", question="How many examples does fine-tuning need?"))["sections"]
        assert (await call("results", about="cost"))["about"] == "cost"
        open_ones = [each for each in (await call("list_proposals"))["proposals"] if each["state"] == "open"]
        assert {each["kind"] for each in open_ones} >= {"train", "evaluate", "switch"}

    errors = with_agent(tmp_path, talk)
    assert "Traceback" not in errors
    shown = json.loads(attune("status", "--json").stdout)  # a person sees the same proposals, and decides
    wanted = next(each["id"] for each in shown["proposals"] if each["kind"] == "switch")
    assert json.loads(attune("confirm", str(wanted), "--json").stdout)["state"] == "confirmed"
    assert shown["jobs"] == []


def test_an_agent_proposes_to_measure_a_person_confirms_and_the_agent_reads(tmp_path: Path, attune: Any) -> None:
    made, store = new_case(tmp_path / "run")
    add_documents(made, store)
    skip_the_rest(store)
    store.close()
    proposed: list[int] = []

    async def propose(_: Client, call: Call) -> None:
        proposed.append((await call("propose_baseline_measurement"))["proposal"])
        assert "error" in await call("baseline_report")

    async def read(_: Client, call: Call) -> None:
        report = await call("baseline_report")
        assert report["best"] == "rag"
        assert report["basis"] == "generated"
        assert report["differences"]["rag"]["mean"] > 0

    with ReadingServer() as chat:
        server = {"ATTUNE_CHAT_BASE_URL": chat.url, "ATTUNE_CHAT_MODEL": "reads", "ATTUNE_EMBEDDING": "lexical"}
        with_agent(tmp_path, propose, **server)
        assert chat.asked == []  # words started nothing
        said = json.loads(attune("confirm", str(proposed[0]), "--json", **server).stdout)
        assert said["state"] == "confirmed"
        assert "Best: rag" in said["result"]
        with_agent(tmp_path, read, **server)


def test_whatever_is_wrong_is_a_sentence_and_a_remedy(tmp_path: Path) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("status", {}, "no case yet"),
        ("status", {"case": "nobody"}, "no case called"),
        ("launch", {}, "no tool 'launch'"),
        ("confirm", {"proposal": 1}, "no tool 'confirm'"),
        ("new_case", {}, "title"),
        ("new_case", {"title": "?!"}, "no usable name"),
        ("new_case", {"title": ["a"]}, "title"),
        ("new_case", {"title": "a", "colour": "red"}, "no argument 'colour'"),
        ("record_answer", {"field": "colour", "answer": "red"}, "no 'colour'"),
        ("record_answer", {"field": "goal", "answer": "x" * 5000}, "5000 characters"),
        ("add_files", {"paths": ["/no/such/file.md"]}, "cannot be read"),
        ("add_files", {"paths": ["\0"]}, "cannot be read"),
        ("add_files", {"paths": []}, "No file"),
        ("add_document", {"name": "a.pdf", "text": "no PDF"}, "a.pdf"),
        ("import_conversations", {}, "no conversations"),
        ("import_conversations", {"path": "/no/such.jsonl"}, "cannot be read"),
        ("import_conversations", {"conversations": [{"messages": []}]}, "line 1"),
        ("import_conversations", {"conversations": "many"}, "conversations"),
        ("build_baseline", {}, "still lacks"),
        ("propose_baseline_measurement", {}, "still lacks"),
        ("propose_baseline_measurement", {"why": 7}, "why"),
        ("baseline_report", {}, "has not been measured"),
        ("build_dataset", {}, "0 of at least"),
        ("estimate_training", {}, "no dataset"),
        ("propose_training", {"epochs": "many"}, "epochs"),
        ("propose_training", {}, "no dataset"),
        ("propose_evaluation", {}, "held-out"),
        ("propose_switch", {"variant": "oracle"}, "no variant"),
        ("ask", {"question": " "}, "empty"),
        ("approve_answer", {"number": 7}, "no answer with the number 7"),
        ("explain", {"term": "abracadabra"}, "no explanation"),
    ]

    async def talk(_: Client, call: Call) -> None:
        for name, arguments, expected in wrong:
            if expected == "no 'colour'":
                await call("new_case", title="Shop")  # what follows needs a case
            value = await call(name, **arguments)
            assert set(value) == {"error", "remedy"}, (name, value)
            assert expected in value["error"], (name, value)
            assert value["error"].endswith("."), (name, value)
            assert value["remedy"].endswith("."), (name, value)
            assert "pydantic" not in str(value)

    assert "Traceback" not in with_agent(tmp_path, talk)


def test_standard_output_holds_the_protocol_alone(tmp_path: Path) -> None:
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "new_case", "arguments": {"title": "A"}},
        },
        "no JSON at all",
        {"jsonrpc": "2.0", "id": 3, "method": "tools/list"},
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "assistant.faces.cli", "mcp"],
        cwd=tmp_path,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ATTUNE_DATA": str(tmp_path / "run")},
    )
    assert process.stdin
    assert process.stdout
    heard = []
    for line in lines:
        process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        process.stdin.flush()
        if isinstance(line, dict) and "id" in line:
            while not heard or heard[-1].get("id") != line["id"]:
                heard.append(json.loads(process.stdout.readline()))
    rest, errors = process.communicate(timeout=60)  # closing standard input ends the server
    assert process.returncode == 0, errors
    assert not [line for line in rest.splitlines() if "jsonrpc" not in json.loads(line)]
    assert {each["id"] for each in heard if "result" in each} == {1, 2, 3}


def test_the_app_starts_without_the_sdk() -> None:
    """Gradio would load it at every start, for a feature that the app does not use; afterwards it is there as ever."""
    program = (
        "import sys, assistant.faces.ui\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'mcp'])\n"
        "import mcp.server.mcpserver\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_entry_for_an_agents_settings(attune: Any, tmp_path: Path) -> None:
    entry = json.loads(attune("mcp", "--json").stdout)["mcpServers"]["attune"]
    assert entry["args"][-1] == "mcp"
    assert entry["env"] == {"ATTUNE_DATA": str(tmp_path / "run")}


def test_no_verb_confirms(tmp_path: Path) -> None:
    """In the process itself: every tool called with every open proposal leaves all of them open."""
    bench, trainer = open_bench(tmp_path / "run")
    case = ready(bench)
    wanted: dict[str, dict[str, Any]] = {"train": {}, "evaluate": {}, "measure": {}, "switch": {"variant": "few-shot"}}
    made = [proposals.propose(bench, case, kind, payload).id for kind, payload in wanted.items()]

    async def press() -> None:
        async with Client(server(bench)) as client:
            known: dict[str, Any] = {
                "case": case,
                "seed": made[0],
                "field": "goal",
                "epochs": 1.0,
                "base": "",
                "why": "",
            }
            usual = {"integer": made[0], "number": 0.0, "array": [], "boolean": False}
            for tool in (await client.list_tools()).tools:
                values = {
                    name: known.get(name, usual.get(schema.get("type", ""), "confirm"))
                    for name, schema in tool.input_schema.get("properties", {}).items()
                }
                if tool.name != "ask":
                    await client.call_tool(tool.name, values)

    _run(press)
    assert not trainer.started
    assert not bench.store.jobs()
    assert {bench.store.proposal(id).state for id in made} <= {"open", "expired"}
    assert bench.background.task(f"measure:{case}") is None
    bench.close()
