"""A recipe: the settings of a training run and of its augmentation in one YAML file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from emnist_hf.augment import Augmentation
from emnist_hf.settings import TrainConfig, TrainingError


def read_recipe(path: str | Path) -> dict[str, Any]:
    """The settings in a YAML file, each of the type that its flag gives.

    Raises `TrainingError` for a missing file, a setting that does not exist or a value that its flag would not take.
    """
    import yaml

    if not Path(path).is_file():
        raise TrainingError(f"There is no recipe {path}: the ones that come with the project are in recipes/.")
    try:
        settings = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError):
        settings = None
    if not isinstance(settings, dict):
        raise TrainingError(f"{path} is no YAML file of settings: write one `name: value` a line.")
    known = {field.name for kind in (TrainConfig, Augmentation) for field in fields(kind)}
    unknown = sorted(str(name) for name in settings if name not in known)
    if unknown:
        raise TrainingError(f"{path} sets {', '.join(unknown)}, which train.py does not have: see train.py --help.")
    hints = get_type_hints(TrainConfig) | get_type_hints(Augmentation)
    if isinstance(settings.get("model_args"), dict):
        settings["model_args"] = json.dumps(settings["model_args"], default=str)
    return {name: _checked(value, hints[name], name, path) for name, value in settings.items()}


WANTED: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def _checked(value: Any, hint: Any, name: str, path: str | Path) -> Any:
    """`value` as a flag of type `hint` has it: argparse looks at texts alone, and YAML gives numbers and lists too."""
    kinds = get_args(hint) if get_origin(hint) not in (None, list, Literal) else (hint,)  # int | None and the like
    if value is None and type(None) in kinds:
        return None
    kind = kinds[0]
    if get_origin(kind) is Literal:
        value = "no" if value is False and "no" in get_args(kind) else value  # YAML's reading of a bare no
        if value not in get_args(kind):
            raise TrainingError(f"{path} sets {name} to {value!r}: give {', '.join(map(str, get_args(kind)))}.")
        return value
    if get_origin(kind) is list:
        texts = value if isinstance(value, list) else [value]
        return [_checked(text, get_args(kind)[0], name, path) for text in texts]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        if (kind is bool and isinstance(value, bool)) or (kind is str and isinstance(value, str)):
            return value
        if (kind is str and number) or (kind is float and (number or isinstance(value, str))):
            return kind(value)
        if kind is int and (isinstance(value, str) or (number and value == int(value))):
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise TrainingError(f"{path} sets {name} to {value!r}: give {WANTED[kind]}.")


def choose_augmentation(recipe: str | Path | None, changes: Mapping[str, float | None]) -> Augmentation:
    """The default augmentation, with what a recipe sets, with those of `changes` that are not None.

    Raises `TrainingError` for a recipe that cannot be read or sets what is no number, `EmnistError` for a number that
    is out of range.
    """
    known = {field.name for field in fields(Augmentation)}
    settings = read_recipe(recipe) if recipe is not None else {}
    given = {name: value for name, value in changes.items() if value is not None}
    return Augmentation(**{name: value for name, value in (settings | given).items() if name in known})
