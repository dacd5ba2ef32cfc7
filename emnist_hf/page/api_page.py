"""What the API page and the MCP tools say of the endpoints, beyond what gradio gathers itself.

Gradio gives every parameter of a kind the same example: 3 for any number, a picture on the internet for any file. Here
each has one that works, with what the docstring says of it, so that the examples can be run as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLE_FILE = "marker.png"
"""A file beside the program that calls; one of emnist_hf/page/examples."""


def _file(name: str) -> dict[str, Any]:
    return {"path": name, "url": name, "orig_name": name, "meta": {"_type": "gradio.FileData"}}


EXAMPLES: dict[str, Any] = {
    "sketch": {"composite": _file(EXAMPLE_FILE)},
    "image": _file(EXAMPLE_FILE),
    "charset": "digits",
    "text": "Dear Ann,\nit is done.",
    "measure": 12,
    "like": _file(EXAMPLE_FILE),
}
"""By the parameter's name; those with a default take it as their example."""

_FILE_SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "meta": {"type": "object", "properties": {"_type": {"const": "gradio.FileData", "type": "string"}}},
    },
    "required": ["path"],
}
SKETCH_SCHEMA = {
    "type": "object",
    "title": "Sketch",
    "properties": {
        "composite": _FILE_SCHEMA,
        "background": _FILE_SCHEMA,
        "layers": {"type": "array", "items": _FILE_SCHEMA},
    },
}
"""What a sketchpad delivers. Gradio's own schema refers to definitions that an MCP tool's schema does not have."""


def documented(endpoint: Mapping[str, Any], descriptions: Mapping[str, str]) -> dict[str, Any]:
    """An endpoint of `Blocks.get_api_info` with examples that run and a description of every parameter."""
    return dict(endpoint) | {"parameters": [_parameter(p, descriptions) for p in endpoint["parameters"]]}


def _parameter(parameter: Mapping[str, Any], descriptions: Mapping[str, str]) -> dict[str, Any]:
    name, default = parameter["parameter_name"], parameter["parameter_default"]
    described = dict(parameter["python_type"]) | {"description": descriptions.get(name, "")}
    example = EXAMPLES.get(name, default)
    schema = SKETCH_SCHEMA if name == "sketch" else parameter["type"]
    return dict(parameter) | {"python_type": described, "example_input": example, "type": schema}
