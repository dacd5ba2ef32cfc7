"""`explore`, `evaluate`, `evaluate-strokes`, `draw-strokes` and `fit-rejection`: data sets and checkpoints.

Training itself is `train.py`, whose flags are transformers'.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emnist_hf.cli.app import (
    CheckpointOption,
    ConditionOption,
    PenOption,
    PerPenOption,
    SizeOption,
    SourceOption,
    SplitName,
    StrokesArgument,
    TransposedOption,
    exit_on_error,
    write_line,
)

if TYPE_CHECKING:
    from emnist_hf.evaluation.real_ink import StrokeTest

AUGMENTATION_HELP = "As in train.py; wins over the recipe."
AugmentationOption = Annotated[float | None, typer.Option(min=0, help=AUGMENTATION_HELP)]


def explore(
    context: typer.Context,
    split: Annotated[SplitName, typer.Option(help="The split to look at.")],
    dataset: SourceOption,
    output: Annotated[
        Path | None, typer.Option(help="The report, .html or .png. Default: explore-SPLIT.html", metavar="FILE")
    ] = None,
    samples_per_class: Annotated[
        int, typer.Option("--samples_per_class", help="Pictures of each class, at most 50.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of samples and augmentation.")] = 0,
    transposed: TransposedOption = False,
    recipe: Annotated[
        Path | None,
        typer.Option(help="YAML file of train.py whose augmentation and image_size to show.", metavar="FILE"),
    ] = None,
    rotation: AugmentationOption = None,
    shear: AugmentationOption = None,
    scale: AugmentationOption = None,
    shift: AugmentationOption = None,
    elastic: AugmentationOption = None,
    stroke_weight: Annotated[float | None, typer.Option("--stroke_weight", min=0, help=AUGMENTATION_HELP)] = None,
    contrast: AugmentationOption = None,
    cutout: AugmentationOption = None,
) -> None:
    """Look at a data set before anything is learnt from it.

    Writes class counts, samples, class means and augmentation into one HTML or PNG file; the HTML file holds its
    pictures and loads nothing. One JSON object says where it is and how many rows it is about.
    """
    output = output or Path(f"explore-{split}.html")
    with exit_on_error():
        from emnist_hf.training.config import choose_augmentation
        from emnist_hf.training.explore import check_options, image_size_of, write_exploration

        check_options(output, samples_per_class)
        augmentation = choose_augmentation(recipe, context.params)  # which takes those that are its own
        image_size = image_size_of(recipe)
        print(f"Reading {split} from {dataset}; the largest splits take a minute or two.", file=sys.stderr)
        report = write_exploration(
            split,
            dataset,
            output,
            samples_per_class=samples_per_class,
            seed=seed,
            augmentation=augmentation,
            image_size=image_size,
            transposed=transposed,
        )
    write_line(report)


def evaluate(
    split: Annotated[SplitName, typer.Option(help="The split whose test rows to read.")],
    dataset: SourceOption,
    checkpoint: CheckpointOption = None,
    transposed: TransposedOption = False,
    output_dir: Annotated[
        Path | None, typer.Option("--output_dir", help="Write evaluation.json, evaluation.md and pictures here.")
    ] = None,
    strokes: Annotated[
        Path | None, typer.Option(help="strokes.npz with UNIPEN's characters: score real ink too.")
    ] = None,
    pen: PenOption = None,
    size: SizeOption = None,
    condition: ConditionOption = None,
    per_pen: PerPenOption = 500,
    tta: Annotated[
        int, typer.Option(min=0, max=100, help="Score the mean over so many views of each glyph too, apart.")
    ] = 0,
    max_eval_samples: Annotated[
        int | None,
        typer.Option(
            "--max_eval_samples",
            min=1,
            help="Score so many test rows, drawn at random, for a quick look. Default: all.",
        ),
    ] = None,
) -> None:
    """Score a checkpoint on test rows and on real ink.

    One JSON object. `official` says whether the rows are exactly the official test (null: nobody can say); with
    --max_eval_samples, `sampled_from` says of how many rows those scored were drawn, and `official` is false. A
    checkpoint that was trained on these rows is not scored. With --strokes, `real_ink` holds what held-out writers'
    characters give when they are drawn on a sketchpad: in total, by pen, by size of the pad, and by condition, of which
    plain always is one. With --tta, `test_time_augmentation` holds what several looks at each glyph give; all else is
    of one look.
    """
    with exit_on_error():
        from emnist_hf.evaluation.evaluate import EvaluateConfig, evaluate_checkpoint
        from emnist_hf.recognizer import Recognizer

        test = stroke_test(strokes, pen, size, condition, per_pen) if strokes is not None else None
        config = EvaluateConfig(split, dataset, checkpoint, transposed, test, tta, max_eval_samples)
        report = evaluate_checkpoint(config, Recognizer.from_pretrained(checkpoint), output_dir)
    write_line(report)


def evaluate_strokes(
    strokes: StrokesArgument,
    checkpoint: CheckpointOption = None,
    pen: PenOption = None,
    size: SizeOption = None,
    condition: ConditionOption = None,
    per_pen: PerPenOption = 3000,
    whole_sources: Annotated[
        bool, typer.Option("--whole_sources", help="All writers of the clean sources, trained on or not.")
    ] = False,
) -> None:
    """Score a checkpoint on real pen strokes.

    They are drawn as a sketchpad delivers them: one JSON object a drawing of them, which is a condition, a size of the
    pad, a pen and a polarity. The writers are held out: none of them is in `draw-strokes`' training rows. Every picture
    goes through all that a visitor's goes through.
    """
    with exit_on_error():
        from emnist_hf.evaluation.real_ink import score_strokes
        from emnist_hf.recognizer import Recognizer

        test = replace(stroke_test(strokes, pen, size, condition, per_pen), whole_sources=whole_sources)
        for report in score_strokes(test, Recognizer.from_pretrained(checkpoint)):
            write_line(report)


def stroke_test(
    strokes: Path, pens: list[float] | None, sizes: list[int] | None, conditions: list[str] | None, per_pen: int
) -> StrokeTest:
    """Return the test that the options ask for, with its own defaults for those left out. Raises `DataError`."""
    from emnist_hf.data.conditions import CONDITIONS
    from emnist_hf.evaluation.real_ink import StrokeTest

    every = list(CONDITIONS) if "all" in (conditions or []) else conditions
    given: dict[str, Any] = {"pens": pens, "sizes": sizes, "conditions": every}
    return StrokeTest(strokes, per_pen=per_pen, **{name: value for name, value in given.items() if value})


def draw_strokes(
    strokes: StrokesArgument,
    folder: Annotated[Path, typer.Argument(help="Where unipen_train, unipen_validation and unipen_hands.parquet go.")],
    seed: Annotated[int, typer.Option(help="Of the pens and the variants.")] = 0,
    variants: Annotated[int, typer.Option(min=1, help="How often each training writer's character is drawn.")] = 4,
    hands: Annotated[int, typer.Option(min=0, help="By how many other hands each of clean tablets is drawn.")] = 10,
) -> None:
    """Draw real pen strokes as glyphs to train on.

    Held-out writers stay out. A character is drawn several times, with pens of many widths, leaning, stretched and
    smoothed differently. Those of tablets as clean as a sketchpad are also drawn as other hands might write them, each
    stroke going its own way (unipen_hands.parquet). Prints a JSON line a file: "file" and "rows".
    """
    with exit_on_error():
        from emnist_hf.data.stroke_rows import write_stroke_rows

        for path, rows in write_stroke_rows(strokes, folder, seed, variants, hands):
            write_line({"file": str(path), "rows": rows})


def fit_rejection(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a checkpoint that train.py wrote.")],
    split: Annotated[SplitName, typer.Option(help="The split that it was trained on.")],
    dataset: SourceOption,
    extra_data: Annotated[
        list[str] | None, typer.Option("--extra_data", help="More rows of characters, as train.py takes them.")
    ] = None,
    extra_validation_data: Annotated[
        list[str] | None,
        typer.Option("--extra_validation_data", help="More rows to choose the threshold by."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the training, which decides the validation rows.")] = 0,
) -> None:
    """Teach a checkpoint what is no character.

    Scribbles, punctuation, two characters in one box. Writes not_a_character.safetensors into its folder, and how well
    it does into results.json and the card; the network is left as it is. train.py does this at the end of a run: this
    is for checkpoints that came without.
    """
    with exit_on_error():
        from emnist_hf.evaluation.card import add_result
        from emnist_hf.training.config import TrainConfig
        from emnist_hf.training.rejection import add_rejection
        from emnist_hf.training.run_data import prepare_data

        config = TrainConfig(
            split=split,
            dataset=dataset,
            extra_data=extra_data or [],
            extra_validation_data=extra_validation_data or [],
            seed=seed,
        )
        scores = add_rejection(checkpoint, prepare_data(config), seed)
        add_result(checkpoint, "not_a_character", scores)
        write_line({"checkpoint": str(checkpoint)} | scores)
