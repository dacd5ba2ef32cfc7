"""A recipe of several stages: what they learn from is drawn, then each is trained, and may start from earlier ones.

    draw:                      # how often each is drawn: `data.drawn.Drawings`
      fonts: 24
    split: byclass             # settings of all stages
    stages:
      teacher:                 # settings of this one; `teacher` names its checkpoint to those below
        num_train_epochs: 18
      student:
        teacher_name_or_path: [teacher]

The last stage's checkpoint is the recipe's and goes into the output folder, those before it into `stages/` in it, what
is drawn into `drawn/`. The same command goes on where it was stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from accelerate import PartialState
from accelerate.logging import get_logger

from emnist_hf.data.drawn import Drawings, draw_all, is_drawn
from emnist_hf.evaluation.card import add_result
from emnist_hf.models.checkpoint import RESULTS, WEIGHTS
from emnist_hf.models.pretrained import find_checkpoint
from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import TrainConfig, TrainingError, load_recipe, parse_settings
from emnist_hf.training.loop import train
from emnist_hf.training.results import public
from emnist_hf.training.run_state import MAY_CHANGE, find_states
from emnist_hf.training.setup import on_cpu

log = get_logger(__name__)

STAGES, DRAW, DRAWN = "stages", "draw", "drawn"
MADE_BY = "recipe"  # in results.json

Parse = Callable[[Mapping[str, Any]], tuple[TrainConfig, Augmentation]]


@dataclass(frozen=True)
class Stage:
    """One training of a recipe."""

    name: str
    config: TrainConfig
    augmentation: Augmentation


@dataclass(frozen=True)
class StagedRecipe:
    """The stages of a recipe, in their order, and what is drawn before; None for nothing. path: its file."""

    path: Path
    drawings: Drawings | None
    stages: list[Stage]

    @property
    def folder(self) -> Path:
        return Path(self.stages[-1].config.output_dir)


def has_stages(path: str) -> bool:
    """Whether a recipe has stages. Raises `TrainingError` if it cannot be read."""
    return STAGES in load_recipe(path)


def read_stages(path: str, parse: Parse) -> StagedRecipe:
    """Read a recipe with stages.

    parse: makes the configuration of settings and of the flags given beside them.

    Raises `TrainingError` for one that no training could follow, before any begins.
    """
    common = load_recipe(path)
    stages, drawn = common.pop(STAGES), common.pop(DRAW, None)
    if not isinstance(stages, dict) or not stages or not all(isinstance(own, dict) for own in stages.values()):
        raise TrainingError(f"{path} has no stages: write their settings below their names.")
    drawings = Drawings(**parse_settings(drawn or {}, (Drawings,), path)) if drawn is not None else None
    found: list[Stage] = []
    for name, own in stages.items():
        config, augmentation = parse(parse_settings(common | own, (TrainConfig, Augmentation), path))
        folder, last = Path(config.output_dir), name == list(stages)[-1]
        before = {stage.name: stage.config.output_dir for stage in found}
        config = replace(
            config,
            output_dir=str(folder if last else folder / STAGES / name),
            model_name_or_path=before.get(config.model_name_or_path or "", config.model_name_or_path),
            teacher_name_or_path=[before.get(teacher, teacher) for teacher in config.teacher_name_or_path],
        )
        if drawings is not None:
            config = _with_drawn(config, folder / DRAWN)
        found.append(Stage(name, config, augmentation))
    if len({stage.config.mixed_precision for stage in found}) > 1:
        raise TrainingError(f"{path} changes mixed_precision from stage to stage: give all of them one.")
    return StagedRecipe(Path(path), drawings, found)


def _with_drawn(config: TrainConfig, folder: Path) -> TrainConfig:
    """Return settings in which what is drawn is named by where it is drawn."""
    lists = ("extra_data", "extra_validation_data", "reject_data", "reject_validation_data")
    named: dict[str, Any] = {
        name: [str(folder / text) if is_drawn(text.partition(":")[0]) else text for text in getattr(config, name)]
        for name in lists
    }
    return replace(config, **named)


def train_stages(recipe: StagedRecipe) -> dict[str, Any]:
    """Draw, train one stage after the other, and note in the results and the card of the last how it was made.

    What is done already is left as it is; a stage that was stopped goes on. Returns what the last results.json says ({}
    in all processes but the main one). Raises an `EmnistError` as `train` does.
    """
    state = PartialState(cpu=on_cpu(recipe.stages[0].config))
    with state.local_main_process_first():
        _check_names(recipe)
    recipe.folder.mkdir(parents=True, exist_ok=True)
    if recipe.drawings is not None:
        if state.is_main_process:
            draw(recipe)
        state.wait_for_everyone()
    last = recipe.stages[-1]
    for number, stage in enumerate(recipe.stages, 1):
        if _is_done(stage):
            log.info(f"Stage {number} of {len(recipe.stages)}, {stage.name}: done before.")
            continue
        log.info(f"Stage {number} of {len(recipe.stages)}, {stage.name}.")
        fresh = stage.config.overwrite_output_dir or not find_states(stage.config.output_dir)
        again = None if fresh else "latest"
        train(replace(stage.config, resume_from_checkpoint=again), stage.augmentation, last=stage is last)
    if not state.is_main_process:
        return {}
    add_result(recipe.folder, MADE_BY, made_by(recipe))
    return json.loads((recipe.folder / RESULTS).read_text(encoding="utf-8"))


def _check_names(recipe: StagedRecipe) -> None:
    """Raise `CheckpointError` for a checkpoint that no stage before makes and nobody has: better now than in hours."""
    made: set[str] = set()
    for stage in recipe.stages:
        wanted = {*stage.config.teacher_name_or_path, stage.config.model_name_or_path}
        for name in wanted - made - {None}:
            find_checkpoint(str(name))
        made.add(stage.config.output_dir)


def draw(recipe: StagedRecipe) -> None:
    """Draw what the recipe asks for, unless it was drawn before."""
    source, folder = Path(recipe.stages[0].config.dataset), recipe.folder / DRAWN
    assert recipe.drawings is not None
    for name, count in draw_all(source, folder, recipe.drawings):
        log.info(f"{name}: {count:,} drawn")


def _is_done(stage: Stage) -> bool:
    """Whether a stage has ended. Raises `TrainingError` if it ended with other settings."""
    path = Path(stage.config.output_dir) / RESULTS
    if not path.is_file() or stage.config.overwrite_output_dir:
        return False
    found = json.loads(path.read_text(encoding="utf-8"))["settings"]
    wanted = public(asdict(stage.config)) | {"augmentation": asdict(stage.augmentation)}
    changed = [name for name, value in wanted.items() if name not in MAY_CHANGE and found.get(name) != value]
    if changed:
        raise TrainingError(
            f"{stage.config.output_dir} holds a run with other settings of {', '.join(changed)}: name another "
            f"--output_dir, or start anew with --overwrite_output_dir."
        )
    return True


def made_by(recipe: StagedRecipe) -> dict[str, Any]:
    """Return how the last stage's weights were made: the recipe, its stages, their seconds and epochs, digests."""
    names = {stage.config.output_dir: stage.name for stage in recipe.stages}
    stages = {stage.name: _made(stage, names) for stage in recipe.stages}
    return {
        "name": recipe.path.name,
        "sha256": digest(recipe.path),
        "seconds": round(sum(stage["seconds"] for stage in stages.values()), 1),
        "stages": stages,
        "weights_sha256": digest(recipe.folder / WEIGHTS),
    }


def _made(stage: Stage, names: Mapping[str, str]) -> dict[str, Any]:
    """Return how a stage went. names: of the recipe's stages, by their folders."""
    folder = Path(stage.config.output_dir)
    train = json.loads((folder / RESULTS).read_text(encoding="utf-8"))["train"]
    return {
        "seconds": train["seconds"],
        "processes": train["processes"],
        "goes_on_from": names.get(str(stage.config.model_name_or_path)),
        "history": train["history"],
        "weights_sha256": digest(folder / WEIGHTS),
    }


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
