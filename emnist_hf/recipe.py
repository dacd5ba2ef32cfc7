"""A recipe: the settings of a training run and of its augmentation in one YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from emnist_hf.augment import Augmentation
from emnist_hf.settings import TrainConfig, TrainingError


def read_recipe(path: str | Path) -> dict[str, Any]:
    """The settings in a YAML file. Raises `TrainingError` for a missing file or a setting that does not exist."""
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
    return settings


def choose_augmentation(recipe: str | Path | None, changes: Mapping[str, float | None]) -> Augmentation:
    """The default augmentation, with what a recipe sets, with those of `changes` that are not None.

    Raises `TrainingError` for a recipe that cannot be read or sets what is no number, `EmnistError` for a number that
    is out of range.
    """
    settings = read_recipe(recipe) if recipe is not None else {}
    values = {}
    for name in (field.name for field in fields(Augmentation)):
        value = settings.get(name) if changes.get(name) is None else changes[name]
        if value is None:
            continue
        try:
            values[name] = float(value)
        except (TypeError, ValueError):
            raise TrainingError(f"{recipe} sets {name} to {value!r}: give a number of at least 0.") from None
    return Augmentation(**values)
