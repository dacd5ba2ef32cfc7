"""The command line: python -m emnist_hf COMMAND. Each command imports only what it needs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emnist_hf.errors import EmnistError
from emnist_hf.splits import CHARSETS, SPLITS

if TYPE_CHECKING:
    from emnist_hf.real_ink import StrokeTest

app = typer.Typer(
    help="Read hand-printed characters. Every command prints JSON to standard output and talks on standard error.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Charset = StrEnum("Charset", {name: name for name in CHARSETS})  # type: ignore[misc]
SplitName = StrEnum("SplitName", {name: name for name in SPLITS})  # type: ignore[misc]

CheckpointOption = Annotated[
    str | None,
    typer.Option(help="Folder, split that the package has, or Hub id user/name[@revision]. Default: the package's."),
]
CharsetOption = Annotated[
    Charset | None,
    typer.Option(help="What the answer is drawn from. Default: all that the checkpoint knows."),
]
PenOption = Annotated[
    list[float] | None,
    typer.Option(help="Pen diameter in pixels on a 300 px pad; repeatable. Default: 6, 13, 20 and 30."),
]
SizeOption = Annotated[
    list[int] | None,
    typer.Option(help="Side of the pad in pixels, with which the pen is scaled; repeatable. Default: 300."),
]
ConditionOption = Annotated[
    list[str] | None,
    typer.Option(help="plain, slanted, shaky, low_resolution, photo or all; repeatable. Default: plain."),
]


PerPenOption = Annotated[
    int, typer.Option("--per_pen", "--per-pen", help="Characters, the same ones for each pen; 0 for all.")
]


@contextmanager
def sentence() -> Iterator[None]:
    """Print what the user can put right, and exit with 1. Anything else is a fault of ours and keeps its traceback."""
    try:
        yield
    except (EmnistError, OSError) as error:
        print(f"emnist_hf: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


def write_line(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


@app.callback()
def commands() -> None:
    """Read hand-printed characters and pages; set text in a fine hand; score, explore, draw strokes, export."""


@app.command()
def classify(
    files: Annotated[list[str], typer.Argument(help="Pictures of one character each.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    top_k: Annotated[int, typer.Option("--top_k", "--top-k", min=1, help="How many labels, best first.")] = 5,
) -> None:
    """Read the one character in each picture: a JSON line a file.

    Any picture will do: a phone photo, a scan, a drawing, dark on light or light on dark. "not_a_character" says how
    likely it is that the picture shows none at all, and "is_character" whether that is below the checkpoint's
    threshold. A file that cannot be read gives an "error" on its line, the others go on, and the exit status is 1 at
    the end.
    """
    from emnist_hf.recognizer import Recognizer

    with sentence():
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
    failed = False
    for file in files:
        try:
            found = recognizer.examine(file, top_k=top_k, charset=charset)
        except EmnistError as error:
            failed = True
            write_line({"file": file, "error": str(error)})
        else:
            labels = [{"label": p.label, "score": round(p.score, 6)} for p in found.predictions]
            doubt = found.not_a_character
            write_line(
                {"file": file, "labels": labels}
                | ({} if doubt is None else {"not_a_character": round(doubt, 6), "is_character": found.is_character})
            )
    if failed:
        raise typer.Exit(1)


@app.command()
def read(
    files: Annotated[list[str], typer.Argument(help="Pictures of pages, and folders of them.", metavar="FILE...")],
    checkpoint: CheckpointOption = None,
    charset: CharsetOption = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="Text file of words that the pages consist of; corrects what is read.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write here, .jsonl or .parquet; goes on where it was interrupted.")
    ] = None,
) -> None:
    """Read the hand-printed text in each picture of a page: a JSON line a file.

    "text" has a line for a line, "characters" each character in reading order with its score, its box [left, top,
    right, bottom] in the picture's pixels, its line, its word and its alternatives; a "note" says if nothing was found
    or much is in doubt. A file that cannot be read gives an "error" on its line, the others go on, and the exit status
    is 1 at the end. With --output several processes share the files: torchrun --nproc_per_node 2 -m emnist_hf read ...
    """
    from emnist_hf.lexicon import Lexicon
    from emnist_hf.many_files import check_output, find_pictures, read_file, read_into
    from emnist_hf.recognizer import Recognizer

    with sentence():
        if output is not None:
            check_output(output)
        words = Lexicon.load(lexicon) if lexicon is not None else None
        recognizer = Recognizer.from_pretrained(checkpoint)
        recognizer.check_charset(charset)
        pictures = find_pictures(files)
        if output is not None:
            failed = read_into(output, pictures, recognizer, charset, words) > 0
    if output is None:
        failed = False
        for file in pictures:
            record = read_file(file, recognizer, charset, words)
            failed = failed or "error" in record
            write_line(record)
    if failed:
        raise typer.Exit(1)


@app.command()
def evaluate(
    split: Annotated[SplitName, typer.Option(help="The split whose test rows to read.")],
    dataset: Annotated[str, typer.Option(help="Hub id, folder, gzip.zip or Parquet file.", metavar="SOURCE")],
    checkpoint: CheckpointOption = None,
    transposed: Annotated[bool, typer.Option("--transposed", help="The images lie on their side: turn them.")] = False,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output_dir", "--output-dir", help="Write evaluation.json, evaluation.md and pictures here."),
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
            "--max-eval-samples",
            min=1,
            help="Score so many test rows, drawn at random, for a quick look. Default: all.",
        ),
    ] = None,
) -> None:
    """Score a checkpoint on the test rows of a split, and with --strokes on real ink: one JSON object.

    `official` says whether the rows are exactly the official test (null: nobody can say); with --max_eval_samples,
    `sampled_from` says of how many rows those scored were drawn, and `official` is false. A checkpoint that was
    trained on these rows is not scored. `real_ink` holds what held-out writers' characters give when they are drawn
    on a sketchpad: in total, by pen, by size of the pad, and by condition, of which plain always is one. With --tta,
    `test_time_augmentation` holds what several looks at each glyph give; all else is of one look.
    """
    with sentence():
        from emnist_hf.evaluation import evaluate_checkpoint

        test = stroke_test(strokes, pen, size, condition, per_pen) if strokes is not None else None
        report = evaluate_checkpoint(
            split,
            dataset,
            checkpoint,
            transposed=transposed,
            strokes=test,
            tta=tta,
            max_eval_samples=max_eval_samples,
            output_dir=output_dir,
        )
    write_line(report)


@app.command("fit-rejection")
def fit_rejection(
    checkpoint: Annotated[Path, typer.Argument(help="Folder of a checkpoint that train.py wrote.")],
    split: Annotated[SplitName, typer.Option(help="The split that it was trained on.")],
    dataset: Annotated[str, typer.Option(help="Hub id, folder, gzip.zip or Parquet file.", metavar="SOURCE")],
    extra_data: Annotated[
        list[str] | None,
        typer.Option("--extra_data", "--extra-data", help="More rows of characters, as train.py takes them."),
    ] = None,
    extra_validation_data: Annotated[
        list[str] | None,
        typer.Option(
            "--extra_validation_data", "--extra-validation-data", help="More rows to choose the threshold by."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The seed of the training, which decides the validation rows.")] = 0,
) -> None:
    """Teach a checkpoint what is no character: scribbles, punctuation, two characters in one box.

    Writes not_a_character.safetensors into its folder, and how well it does into results.json and the card; the
    network is left as it is. train.py does this at the end of a run: this is for checkpoints that came without.
    """
    with sentence():
        from emnist_hf.card import add_result
        from emnist_hf.settings import TrainConfig
        from emnist_hf.training import add_rejection, prepare_data

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


Change = Annotated[float | None, typer.Option(min=0, help="As in train.py; wins over the recipe.")]


@app.command()
def explore(
    split: Annotated[SplitName, typer.Option(help="The split to look at.")],
    dataset: Annotated[str, typer.Option(help="Hub id, folder, gzip.zip or Parquet file.", metavar="SOURCE")],
    output: Annotated[
        Path | None, typer.Option(help="The report, .html or .png. Default: explore-SPLIT.html", metavar="FILE")
    ] = None,
    samples_per_class: Annotated[
        int, typer.Option("--samples_per_class", "--samples-per-class", help="Pictures of each class, at most 50.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of samples and augmentation.")] = 0,
    transposed: Annotated[bool, typer.Option("--transposed", help="The images lie on their side: turn them.")] = False,
    recipe: Annotated[
        Path | None,
        typer.Option(help="YAML file of train.py whose augmentation and image_size to show.", metavar="FILE"),
    ] = None,
    rotation: Change = None,
    shear: Change = None,
    scale: Change = None,
    shift: Change = None,
    elastic: Change = None,
    stroke_weight: Annotated[
        float | None,
        typer.Option("--stroke_weight", "--stroke-weight", min=0, help="As in train.py; wins over the recipe."),
    ] = None,
    contrast: Change = None,
    cutout: Change = None,
) -> None:
    """Look at a data set: class counts, samples, class means and augmentation in one HTML or PNG file.

    The HTML file holds its pictures and loads nothing. One JSON object says where it is and how many rows it is about.
    """
    output = output or Path(f"explore-{split}.html")
    changes = {
        "rotation": rotation,
        "shear": shear,
        "scale": scale,
        "shift": shift,
        "elastic": elastic,
        "stroke_weight": stroke_weight,
        "contrast": contrast,
        "cutout": cutout,
    }
    with sentence():
        from emnist_hf.explore import check_options, image_size_of, write_exploration
        from emnist_hf.recipe import choose_augmentation

        check_options(output, samples_per_class)
        augmentation, image_size = choose_augmentation(recipe, changes), image_size_of(recipe)
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


def stroke_test(
    strokes: Path, pens: list[float] | None, sizes: list[int] | None, conditions: list[str] | None, per_pen: int
) -> StrokeTest:
    """The test that the options ask for, with its own defaults for those left out. Raises `DataError` as it does."""
    from emnist_hf.real_ink import CONDITIONS, StrokeTest

    every = list(CONDITIONS) if "all" in (conditions or []) else conditions
    given = {"pens": pens, "sizes": sizes, "conditions": every}
    return StrokeTest(strokes, per_pen=per_pen, **{name: value for name, value in given.items() if value})  # type: ignore[arg-type]


@app.command("evaluate-strokes")
def evaluate_strokes(
    strokes: Annotated[Path, typer.Argument(help="strokes.npz with UNIPEN's characters.")],
    checkpoint: CheckpointOption = None,
    pen: PenOption = None,
    size: SizeOption = None,
    condition: ConditionOption = None,
    per_pen: PerPenOption = 3000,
    whole_sources: Annotated[
        bool, typer.Option("--whole_sources", help="All writers of the clean sources, trained on or not.")
    ] = False,
) -> None:
    """Score a checkpoint on real pen strokes as a sketchpad delivers them: one JSON object a drawing of them.

    A drawing is a condition, a size of the pad, a pen and a polarity. The writers are held out: none of them is in
    `draw-strokes`' training rows. Every picture goes through all that a visitor's goes through.
    """
    from emnist_hf.real_ink import score_strokes

    with sentence():
        test = replace(stroke_test(strokes, pen, size, condition, per_pen), whole_sources=whole_sources)
        for report in score_strokes(test, checkpoint):
            write_line(report)


@app.command("draw-strokes")
def draw_strokes(
    strokes: Annotated[Path, typer.Argument(help="strokes.npz with UNIPEN's characters.")],
    folder: Annotated[Path, typer.Argument(help="Where unipen_train, unipen_validation and unipen_hands.parquet go.")],
    seed: Annotated[int, typer.Option(help="Of the pens and the variants.")] = 0,
    variants: Annotated[int, typer.Option(min=1, help="How often each training writer's character is drawn.")] = 4,
    hands: Annotated[int, typer.Option(min=0, help="By how many other hands each of clean tablets is drawn.")] = 10,
) -> None:
    """Draw UNIPEN's strokes as EMNIST glyphs to train on; held-out writers stay out.

    A character is drawn several times, with pens of many widths, leaning, stretched and smoothed differently. Those of
    tablets as clean as a sketchpad are also drawn as other hands might write them, each stroke going its own way
    (unipen_hands.parquet).
    """
    from emnist_hf.stroke_rows import write_stroke_rows

    with sentence():
        for path, rows in write_stroke_rows(strokes, folder, seed, variants, hands):
            write_line({"file": str(path), "rows": rows})


@app.command("export-onnx")
def export_onnx(
    folder: Annotated[Path, typer.Argument(help="Where onnx/model.onnx and onnx/model_quantized.onnx go.")],
    checkpoint: CheckpointOption = None,
) -> None:
    """Write a checkpoint as ONNX, in float32 and in int8, each with how it agrees with torch on printed letters.

    For ONNX Runtime and transformers.js. Input `pixel_values`, float32 [N, 1, side, side], normalised; output `logits`.
    Its config.json goes with them.
    """
    with sentence():
        from emnist_hf.model import load_checkpoint
        from emnist_hf.onnx_export import export_onnx
        from emnist_hf.pretrained import find_checkpoint

        for written in export_onnx(load_checkpoint(*find_checkpoint(checkpoint)), folder):
            write_line(
                {
                    "file": str(written.path),
                    "bytes": written.path.stat().st_size,
                    "largest_difference": written.largest_difference,
                    "same_labels": written.same_labels,
                }
            )


PrivateOption = Annotated[bool, typer.Option("--private", help="Make it private, if it is not there yet.")]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        "--hub_token",
        "--hub-token",
        help="A token that may write. Better leave it out: that of `hf auth login` or HF_TOKEN is seen by nobody.",
    ),
]


@app.command()
def push(
    checkpoint: Annotated[str, typer.Argument(help="A folder, a split that the package has, or a Hub id.")],
    repo: Annotated[str, typer.Argument(help="The Hub model to make or to change.", metavar="USER/NAME")],
    tag: Annotated[str | None, typer.Option(help="A name for this version, such as v1.")] = None,
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish a checkpoint on the Hub: weights, ONNX, results, pictures and card in one commit.

    timm, transformers, ONNX Runtime, transformers.js and this package load it by its name; the card says how. One JSON
    line says where it is ("url") and the id of the commit. Needs `pip install onnx onnxruntime onnxscript`.
    """
    with sentence():
        from emnist_hf.hub import push

        write_line(push(checkpoint, repo, tag=tag, private=private, token=token))


def check_render(text: str | None, page: str | None, level: bool, layout: dict[str, Any]) -> None:
    """Raise `StylingError` unless `render` was given a text or a page, and only what that can use.

    layout: options that lay out a text, those that were given.
    """
    from emnist_hf.styling import StylingError

    if text is None and page is None:
        raise StylingError("Say what to set: TEXT, or --page IMAGE for what is written in a picture.")
    if text is not None and page is not None:
        raise StylingError("There is a TEXT and a --page, and one sheet: leave out the one that is not to be set.")
    if page is not None and layout:
        given = " and ".join(f"--{name}" for name in layout)
        raise StylingError(f"On a --page every word keeps its place and size: leave out {given}.")
    if page is None and level:
        raise StylingError("--level puts a photographed page level: give it with --page, or leave it out.")


@app.command()
def render(
    output: Annotated[Path, typer.Option(help="The picture: .png, .svg or .pdf.", metavar="OUT")],
    text: Annotated[
        str | None,
        typer.Argument(help="What to set; a line break starts a line.", metavar="[TEXT]", show_default=False),
    ] = None,
    page: Annotated[
        str | None,
        typer.Option(
            help="Instead of TEXT: a picture of a page, set again with each word in its place.", metavar="IMAGE"
        ),
    ] = None,
    level: Annotated[
        bool, typer.Option("--level", help="Put a page level that was photographed askew. Default: as it lies.")
    ] = False,
    font: Annotated[str, typer.Option(help="Name or title of a font under fonts/.")] = "pinyon-script",
    like: Annotated[str | None, typer.Option(help="A picture whose writer's hand to keep.", metavar="IMAGE")] = None,
    strength: Annotated[
        float, typer.Option(help="How much of that hand: 0, the font as it is, to 1, as much as it bears.")
    ] = 1.0,
    size: Annotated[float | None, typer.Option(help="Pixels an em, at 96 dots an inch. Default: 160.")] = None,
    ink: Annotated[str, typer.Option(help="A colour: a name, #rrggbb, rgb().")] = "#1b2a49",
    paper: Annotated[str, typer.Option(help="white, cream, transparent, ruled, or a colour.")] = "white",
    margin: Annotated[float | None, typer.Option(help="Ems around the ink. Default: 0.35.")] = None,
    align: Annotated[str | None, typer.Option(help="left, centre or right. Default: left.")] = None,
    line_spacing: Annotated[
        float | None, typer.Option("--line_spacing", "--line-spacing", help="Times the font's own. Default: 1.")
    ] = None,
    letter_spacing: Annotated[
        float | None,
        typer.Option("--letter_spacing", "--letter-spacing", help="Ems added between letters. Default: 0."),
    ] = None,
    measure: Annotated[float | None, typer.Option(help="Ems at which lines are broken. Default: never.")] = None,
    resolution: Annotated[float, typer.Option(help="Dots an inch of a PNG.")] = 96,
    seed: Annotated[int, typer.Option(min=0, help="Of the writer's waver.")] = 0,
    checkpoint: CheckpointOption = None,
) -> None:
    """Set text in a calligraphic hand, with --like in a writer's own manner: a picture, and a JSON line about it.

    With --page what is read in a picture is set again, in its place and size, and in that writer's manner unless --like
    names another; what lays out a text (--size, --margin, --align, --line_spacing, --letter_spacing and --measure) is
    refused beside it. The line has "file", "text" as set, "notices" (what was set otherwise than asked) and, with
    --like or --page, "hand": slant in degrees, weight, width, waver and spacing in x-heights, colour, and all of it
    "in_words".
    """
    with sentence():
        from emnist_hf.errors import named
        from emnist_hf.recognizer import Recognizer
        from emnist_hf.styling import describe, set_page, set_text
        from emnist_hf.styling.hand import read_hand
        from emnist_hf.styling.rendering import check_format

        check_format(output)
        options = {
            "size": size,
            "margin": margin,
            "align": align,
            "line_spacing": line_spacing,
            "letter_spacing": letter_spacing,
            "measure": measure,
        }
        layout: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        check_render(text, page, level, layout)
        hand, reading = None, None
        if page is not None or like is not None:
            recognizer = Recognizer.from_pretrained(checkpoint)
            if page is not None:
                with named(page):
                    reading, hand = read_hand(page, recognizer)
            if like is not None:
                with named(like):
                    _, hand = read_hand(like, recognizer)
        manner: dict[str, Any] = {"colour": ink, "paper": paper, "hand": hand, "strength": strength, "seed": seed}
        if reading is not None:
            rendering = set_page(reading.characters, reading.size, font, level=level, **manner)
        else:
            rendering = set_text(text or "", font, **layout, **manner)
        rendering.save(output, resolution=resolution)
    about = {} if hand is None else {"hand": hand.as_json() | {"in_words": describe(hand)}}
    write_line({"file": str(output), "text": rendering.scene.text, "notices": rendering.notices} | about)


@app.command("make-font")
def make_font(
    files: Annotated[
        list[str], typer.Argument(help="Pictures of characters, written apart from each other.", metavar="FILE...")
    ],
    output: Annotated[Path, typer.Option(help="The font to write, .ttf.", metavar="OUT.ttf")],
    labels: Annotated[
        str | None,
        typer.Option(help="What stands there, in reading order; - leaves one out. Default: as it is read."),
    ] = None,
    name: Annotated[str, typer.Option(help="What the font is called.")] = "My hand",
    font: Annotated[
        str, typer.Option(help="The font that what is missing is taken from, with the writer's slant and weight.")
    ] = "pinyon-script",
    checkpoint: CheckpointOption = None,
) -> None:
    """Make an installable font of handwriting: a TTF, and a JSON line about it.

    The line has "labels" as read or given (look through them and give them again with --labels where they are wrong),
    "written", the characters that are the writer's own, "notices", and the "hand" as `render --like` gives it.
    """
    with sentence():
        from emnist_hf.recognizer import Recognizer
        from emnist_hf.styling import StylingError, describe
        from emnist_hf.styling.hand_font import make_font
        from emnist_hf.styling.rendering import write_file
        from emnist_hf.styling.sheet import read_sheets

        if output.suffix.lower() != ".ttf":
            raise StylingError(f"{output.name!r} is no name for a font: let it end in .ttf.")
        sheets = read_sheets(files, Recognizer.from_pretrained(checkpoint), labels)
        hand = max(sheets, key=lambda sheet: len(sheet.characters)).hand()
        made = make_font([sample for sheet in sheets for sample in sheet.samples()], hand, name=name, filler=font)
        write_file(output, made.data)
    write_line(
        {
            "file": str(output),
            "name": made.font.title,
            "labels": [sheet.labels for sheet in sheets],
            "written": made.written,
            "notices": made.notices,
            "hand": hand.as_json() | {"in_words": describe(hand)},
        }
    )


@app.command("publish-dataset")
def publish_dataset(
    repo: Annotated[str, typer.Argument(help="The Hub data set to make or replace.", metavar="USER/NAME")],
    source: Annotated[str, typer.Option(help="The official gzip.zip, or a folder of its files.", metavar="gzip.zip")],
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish the official raw files as a Hub data set: Parquet, upright, named labels, a configuration a split.

    One JSON line says where it is ("url"), the id of the commit, and how many rows each split has. It goes up in one
    commit, or not at all.
    """
    with sentence():
        from emnist_hf.hub_dataset import publish_dataset

        write_line(publish_dataset(source, repo, private=private, token=token))


@app.command("publish-space")
def publish_space(
    repo: Annotated[str, typer.Argument(help="The Space to make or replace.", metavar="USER/NAME")],
    model: Annotated[str, typer.Option(help="The Hub model that it serves.", metavar="USER/MODEL[@REVISION]")],
    feedback: Annotated[
        str | None, typer.Option(help="The Hub data set for visitors' corrections.", metavar="USER/DATASET")
    ] = None,
    private: PrivateOption = False,
    token: TokenOption = None,
) -> None:
    """Publish the page as a Space that serves a model from the Hub, with the versions that are installed here.

    One JSON line says where it is ("url"), the id of the commit, its variables and its files. A private model, and
    --feedback, need a secret HF_TOKEN, which you set in the Space's settings. It goes up in one commit, or not at all.
    """
    with sentence():
        from emnist_hf.hub_space import publish_space

        write_line(publish_space(repo, model, feedback=feedback, private=private, token=token))


if __name__ == "__main__":
    app()
