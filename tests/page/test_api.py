"""The API as a product: every example of the API page and of docs/api.md runs, in Python and JavaScript; MCP tools."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from gradio_client import Client, handle_file
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from mcp.types import CallToolResult, Tool

from emnist_hf.page.api import EXAMPLE_FILE
from emnist_hf.page.example_strip import FOLDER
from tests.support.node import run_node
from tests.support.server import ROOT

ENDPOINTS = ("/recognize_sketch", "/recognize_image", "/read_image", "/read_form", "/render_text")
DOCUMENT = (ROOT / "docs/api.md").read_text(encoding="utf-8")
MARKER = FOLDER / EXAMPLE_FILE


@pytest.fixture(scope="module")
def endpoints(page_url: str) -> dict[str, Any]:
    found = httpx.get(f"{page_url}/gradio_api/info", timeout=60).json()["named_endpoints"]
    assert set(found) == set(ENDPOINTS)
    return found


def documented_block(language: str, page_url: str) -> str:
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)).replace(
        "http://127.0.0.1:7860", page_url
    )


def with_files(example: Any, as_file: Any) -> Any:
    """An example of the API page, its files given as a client gives them."""
    if isinstance(example, dict) and example.get("meta", {}).get("_type") == "gradio.FileData":
        assert example["path"] == EXAMPLE_FILE
        return as_file(MARKER)
    if isinstance(example, dict):
        return {name: with_files(part, as_file) for name, part in example.items()}
    return example


def examples(endpoint: dict[str, Any], as_file: Any) -> dict[str, Any]:
    return {p["parameter_name"]: with_files(p["example_input"], as_file) for p in endpoint["parameters"]}


def check(name: str, outputs: Any) -> None:
    """The answers to the examples: marker.png is a 3."""
    first = outputs[0]
    if name.startswith("/recognize"):
        assert first["label"] == "3" and len(first["confidences"]) == 5
    elif name == "/read_image":
        assert first == "3" and outputs[1]["characters"][0]["label"] == "3"
    elif name == "/read_form":  # a marker's 3 in no box
        assert first["headers"] == ["field", "value", "score"] and outputs[1]["fields"] == []
    else:
        assert outputs[1]["text"] == "Dear Ann,\nit is done." and outputs[1]["hand"]["in_words"]


def test_every_parameter_has_a_type_a_description_and_an_example(endpoints: dict[str, Any]) -> None:
    for name, endpoint in endpoints.items():
        assert endpoint["description"].endswith(".")
        for parameter in endpoint["parameters"]:
            assert parameter["type"] and parameter["python_type"]["type"], (name, parameter)
            assert parameter["python_type"]["description"].endswith("."), (name, parameter["parameter_name"])
            named = parameter["parameter_name"]
            assert named == "template" or parameter["example_input"] is not None, (name, named)


def test_the_examples_of_the_api_page_run_in_python(page_url: str, endpoints: dict[str, Any], tmp_path: Path) -> None:
    client = Client(page_url, verbose=False, download_files=tmp_path)
    for name, endpoint in endpoints.items():
        check(name, client.predict(**examples(endpoint, handle_file), api_name=name))


def test_the_examples_of_the_api_page_run_in_javascript(
    page_url: str, endpoints: dict[str, Any], node_folder: Path
) -> None:
    calls = [[name, examples(endpoint, lambda path: {"file": str(path)})] for name, endpoint in endpoints.items()]
    printed = run_node(node_folder, "call.mjs", page_url, sent=json.dumps(calls))
    for (name, _), outputs in zip(calls, json.loads(printed)):
        check(name, outputs)


def test_the_python_of_the_document_runs(page_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(FOLDER)
    names: dict[str, Any] = {}
    exec(compile(documented_block("python", page_url), "docs/api.md", "exec"), names)
    assert "\n3 0.9" in capsys.readouterr().out
    assert Path(names["file"]).read_text(encoding="utf-8").startswith("<svg")


def test_the_javascript_of_the_document_runs(page_url: str, node_folder: Path) -> None:
    shutil.copy(MARKER, node_folder)
    (node_folder / "document.mjs").write_text(documented_block("javascript", page_url), encoding="utf-8")
    printed = run_node(node_folder, "document.mjs").splitlines()
    assert printed[0].startswith("3 0.9") and printed[2].startswith("3 ")
    assert printed[1].startswith(page_url) and printed[3].endswith(".svg")


def test_the_shell_commands_of_the_document_run(page_url: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not on the PATH")
    script = documented_block("bash", page_url)
    done = subprocess.run(["bash", "-ec", script], cwd=FOLDER, capture_output=True, text=True, timeout=100, check=True)
    assert "event: complete" in done.stdout and '["3", ' in done.stdout


def test_the_document_names_every_parameter(endpoints: dict[str, Any]) -> None:
    for name, endpoint in endpoints.items():
        row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{name}`"))
        assert re.findall(r"`(\w+)`", row) == [p["parameter_name"] for p in endpoint["parameters"]]


# --- tools for a language model ---


async def ask_tools(url: str, calls: list[tuple[str, dict[str, Any]]]) -> tuple[list[Tool], list[CallToolResult]]:
    async with (
        streamablehttp_client(f"{url}/gradio_api/mcp/") as (incoming, outgoing, _),
        ClientSession(incoming, outgoing) as session,
    ):
        await session.initialize()
        return (await session.list_tools()).tools, [await session.call_tool(*call) for call in calls]


def test_the_endpoints_are_mcp_tools(page_url: str) -> None:
    picture = "data:image/png;base64," + base64.b64encode(MARKER.read_bytes()).decode("ascii")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("recognize_image", {"image": picture, "charset": "digits"}),
        ("recognize_sketch", {"sketch": {"composite": picture}}),
        ("read_image", {"image": picture}),
        ("render_text", {"text": "Ann", "file_format": "svg"}),
        ("recognize_image", {"image": picture, "charset": "klingon"}),
    ]
    with start_blocking_portal() as portal:  # a thread of its own: Playwright's event loop may run in this one
        tools, results = portal.call(ask_tools, page_url, calls)
    assert {f"/{tool.name}" for tool in tools} == set(ENDPOINTS)
    for tool in tools:
        assert len(tool.inputSchema["required"]) == 1
        assert all(part.get("description") for part in tool.inputSchema["properties"].values())
    *answers, refused = results
    assert not any(result.isError for result in answers)
    texts = ["".join(part.text for part in result.content if part.type == "text") for result in answers]
    assert "'label': '3'" in texts[0] and "'label': '3'" in texts[1]
    assert "'3'" in texts[2] and ".svg" in texts[3]
    assert refused.isError and "'klingon' is not one of" in refused.content[0].text  # type: ignore[union-attr]
