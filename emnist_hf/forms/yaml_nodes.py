"""YAML of a stranger, node by node, so that every fault has its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

import yaml

from emnist_hf.errors import Sentence
from emnist_hf.forms.template_fields import TemplateError

MOST_BYTES = 2_000_000
"""Bytes of a template at the most."""

MOST_DEPTH, LONGEST_TEXT = 8, 200
"""Lists within lists, and characters of a name or a word, at the most."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlReader:
    """Reads the nodes of a file that a stranger may have written, and names the line of what is wrong.

    The text is looked at as events first, and then as nodes, of which nothing is ever constructed (`yaml.compose`): no
    alias, no tag and no other file can be reached through it.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def fail(self, where: Any, template: str, **values: Any) -> NoReturn:
        """Raise `TemplateError` about a node or a mark of the YAML."""
        mark = getattr(where, "start_mark", where)
        problem = Sentence(template, **values)
        raise TemplateError("{file}, line {line}: {problem}", file=self._name, line=mark.line + 1, problem=problem)

    def composed(self, data: bytes) -> Any:
        """Return the root node of a text without aliases, anchors, tags or great depth."""
        try:
            text = data.decode("utf-8-sig")
            depth = 0
            for event in yaml.parse(text, Loader=_LOADER):
                if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                    self.fail(event, "aliases and anchors (* and &) are not allowed: write it out.")
                if getattr(event, "tag", None):
                    self.fail(event, "tags (!) are not allowed: take it out.")
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > MOST_DEPTH:
                    self.fail(event, "lists are in lists more than {most} deep.", most=MOST_DEPTH)
            return yaml.compose(text, Loader=_LOADER)
        except UnicodeDecodeError:
            raise TemplateError("{file} is no text: a template is YAML, in UTF-8.", file=self._name) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            if mark is None:
                raise self._no_yaml() from None
            self.fail(mark, "this is no YAML ({why}).", why=error.problem or "it is broken")
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            if isinstance(error, TemplateError):
                raise
            raise self._no_yaml() from None

    def _no_yaml(self) -> TemplateError:
        return TemplateError("{file} is no YAML: make a template with `form new`.", file=self._name)

    # --- parts of YAML ---

    def mapping(self, node: Any, allowed: Sequence[str], needed: Sequence[str]) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, "names with values are expected here, such as {key}: ...", key=allowed[0])
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in allowed:
                known = ", ".join(allowed)
                self.fail(key, "nothing is called {name} here, only {known}.", name=short(name), known=known)
            if name in found:
                self.fail(key, "{name} is there twice.", name=name)
            found[name] = value
        for name in needed:
            if name not in found:
                self.fail(node, "{name} is missing.", name=name)
        return found

    def items(self, node: Any, most: int) -> list[Any]:
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, "a list is expected here, in this file: no other is opened.")
        if len(node.value) > most:
            self.fail(node.value[most], "there are more than {most} here.", most=most)
        return list(node.value)

    def text(self, node: Any, longest: int = LONGEST_TEXT) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, "a word is expected here, no list.")
        text = node.value.strip()
        if not text or len(text) > longest or not text.isprintable():
            self.fail(node, "1 to {longest} characters that can be printed are expected here.", longest=longest)
        return str(text)

    def texts(self, node: Any) -> tuple[str, ...]:
        texts = tuple(self.text(one) for one in self.items(node, MOST_BYTES))
        if not texts:
            self.fail(node, "the list is empty.")
        return texts

    def whole(self, node: Any) -> int:
        if not isinstance(node, yaml.ScalarNode) or not re.fullmatch(r"-?\d{1,6}", node.value):
            self.fail(node, "a whole number is expected here.")
        return int(node.value)

    def flag(self, node: Any) -> bool:
        said = node.value.lower() if isinstance(node, yaml.ScalarNode) else ""
        if said not in ("true", "false", "yes", "no"):
            self.fail(node, "true or false is expected here.")
        return said in ("true", "yes")


def short(text: str) -> str:
    """Return the beginning of a stranger's word, fit for a sentence."""
    return "".join(c for c in text[:30] if c.isprintable()) + ("..." if len(text) > 30 else "")
