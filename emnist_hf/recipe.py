"""A recipe: the settings of a training run and of its augmentation in one YAML file."""

from __future__ import annotations

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


def recipe_augmentation(path: str | Path) -> Augmentation:
    """The augmentation of a recipe, the default where it sets nothing. Raises `EmnistError` for what is no number."""
    settings = read_recipe(path)
    values = {}
    for name in (field.name for field in fields(Augmentation) if field.name in settings):
        try:
            values[name] = float(settings[name])
        except (TypeError, ValueError):
            raise TrainingError(f"{path} sets {name} to {settings[name]!r}: give a number of at least 0.") from None
    return Augmentation(**values)
