"""The command line: python -m emnist_hf COMMAND. Each command imports only what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from emnist_hf.cli.app import CheckpointOption, app, sentence, write_line


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
        from emnist_hf.styling.measuring import read_hand
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
        from emnist_hf.styling.font_sheet import read_sheets
        from emnist_hf.styling.hand_font import make_font
        from emnist_hf.styling.rendering import write_file

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
