"""Markdown from the templates beside this file, such as cards and reports."""

from __future__ import annotations

from functools import cache
from typing import Any

import jinja2


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("emnist_hf.evaluation"),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    formats = {"thousands": "{:,}", "percent": "{:.1%}", "share": "{:.4f}"}
    environment.filters |= {name: text.format for name, text in formats.items()}
    return environment


def render(template: str, **values: Any) -> str:
    """Return a template of `templates/`, named without .md, with its values filled in.

    Beside Jinja's own filters there are `thousands` (12,345), `percent` (12.3%) and `share` (0.1234).
    """
    return _environment().get_template(f"{template}.md").render(values)
