"""Fine-tune a small timm classifier on a split of EMNIST, evaluate it, and write a checkpoint.

    python train.py --split byclass --dataset SOURCE --output_dir runs/byclass
    python train.py --recipe recipes/byclass-hands.yaml --dataset SOURCE    # in stages, and goes on
    python train.py --split byclass --dataset SOURCE --push_to_hub --hub_model_id USER/NAME
    torchrun --standalone --nproc_per_node 2 train.py --split byclass --dataset SOURCE     # two processes
    python train.py --task lines --recipe recipes/lines.yaml --dataset FOLDER              # the network for whole lines

SOURCE is the id of a Hub data set, a folder, the official gzip.zip, or a Parquet file.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

# The data sets library and the Hub report home by default; a training run has no need to.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from tqdm.contrib.logging import logging_redirect_tqdm
from transformers import HfArgumentParser

from emnist_hf.errors import EmnistError
from emnist_hf.hub.model import check_push, push
from emnist_hf.hub_session import without_token
from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import PushConfig, TrainConfig, read_recipe
from emnist_hf.training.line_config import LineConfig
from emnist_hf.training.lines import train_lines
from emnist_hf.training.loop import train
from emnist_hf.training.stages import has_stages, read_stages, train_stages


def main(arguments: list[str] | None = None) -> int:
    """Parse arguments, train, say where the results are. Returns the exit status."""
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--recipe")
    first.add_argument("--task", choices=("characters", "lines"), default="characters")
    chosen, flags = first.parse_known_args(arguments)
    try:
        run, target = prepare(chosen.recipe, chosen.task, flags)
        if target.push_to_hub:
            check_push(target.hub_model_id, target.hub_token, ask=os.environ.get("RANK", "0") == "0")
        with shown_log():
            results = run.start()
    except (EmnistError, OSError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    if results:
        print(f"{run.summary(results)} Results: {run.folder}/")
    if results and target.push_to_hub:
        return publish(run.folder, target)
    return 0


class PreparedRun(NamedTuple):
    """A training whose settings are checked: what starts it, what says how good it became, and its output folder."""

    start: Callable[[], dict[str, Any]]
    summary: Callable[[dict[str, Any]], str]
    folder: str


def prepare(recipe: str | None, task: str, flags: list[str]) -> tuple[PreparedRun, PushConfig]:
    """Return the run that a recipe and the flags beside it ask for, and where it is pushed. Raises `TrainingError`."""
    if task == "lines":
        lines, target = parse(flags, (LineConfig,), read_recipe(recipe, (LineConfig,)) if recipe else {})
        return PreparedRun(lambda: train_lines(lines), line_summary, lines.output_dir), target
    if recipe and has_stages(recipe):
        stages = read_stages(recipe, lambda own: parse(flags, SETTINGS, own)[:2])
        *_, target = parse(flags, SETTINGS, {"dataset": recipe})
        return PreparedRun(lambda: train_stages(stages), summary, str(stages.folder)), target
    config, augmentation, target = parse(flags, SETTINGS, read_recipe(recipe) if recipe else {})
    return PreparedRun(lambda: train(config, augmentation), summary, config.output_dir), target


SETTINGS = (TrainConfig, Augmentation)


def parse(flags: list[str], settings: Sequence[type], defaults: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the dataclasses of `settings` and a `PushConfig`, of flags and what they leave to a recipe's settings."""
    parser = HfArgumentParser(
        (*settings, PushConfig),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--recipe", help="YAML file of settings, or of stages; flags given beside it win")
    parser.add_argument("--task", help="characters (default), or lines: the network that reads whole lines")
    parser.set_defaults(**defaults)
    *found, _, unknown = parser.parse_args_into_dataclasses(
        flags, look_for_args_file=False, return_remaining_strings=True
    )
    if unknown:
        parser.error(f"there is no {without_token(' '.join(unknown))}: see train.py --help")
    return tuple(found)


def line_summary(results: dict[str, Any]) -> str:
    scored = results["test"]["all"]
    return f"Character error rate {scored['cer']:.4f} on {scored['words']:,} words of held-out persons."


def summary(results: dict[str, Any]) -> str:
    scored = results.get("test") or results["validation"]
    which = "test" if "test" in results else "validation"
    return f"Accuracy {scored['accuracy']:.4f} on {scored['rows']:,} {which} rows."


class PlainFormatter(logging.Formatter):
    """The message alone, without the process that Accelerate puts before it: the main one says it."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).removeprefix("[RANK 0] ")


@contextmanager
def shown_log() -> Iterator[None]:
    """Print what the package logs, above the progress bar."""
    logger, handler = logging.getLogger("emnist_hf"), logging.StreamHandler(sys.stdout)
    handler.setFormatter(PlainFormatter())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with logging_redirect_tqdm([logger]):
            yield
    finally:
        logger.removeHandler(handler)


def publish(folder: str, target: PushConfig) -> int:
    """Push the checkpoint that has just been written; what goes wrong costs nothing of it. Returns the exit status."""
    repo = str(target.hub_model_id)
    try:
        pushed = push(folder, repo, private=target.hub_private_repo, token=target.hub_token)
    except (EmnistError, OSError) as error:
        again = f"python -m emnist_hf push {folder} {repo}"
        print(f"train.py: {error} The checkpoint is whole in {folder}/; publish it with: {again}", file=sys.stderr)
        return 1
    print(f"Published: {pushed['url']}, commit {pushed['commit'][:7]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
