"""`render`: text in a fine hand."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from emnist_hf.cli.app import CheckpointOption, FontOption, exit_on_error, write_line


def check_render(text: str | None, page: str | None, level: bool, layout: Collection[str]) -> None:
    """Raise `StylingError` unless `render` was given a text or a page, and only what that can use.

    layout: the options given that lay out a text.
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


def render(
    context: typer.Context,
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
    font: FontOption = None,
    like: Annotated[str | None, typer.Option(help="A picture whose writer's hand to keep.", metavar="IMAGE")] = None,
    strength: Annotated[
        float, typer.Option(help="How much of that hand: 0, the font as it is, to 1, as much as it bears.")
    ] = 1.0,
    size: Annotated[float | None, typer.Option(help="Pixels an em, at 96 dots an inch. Default: 160.")] = None,
    ink: Annotated[str | None, typer.Option(help="A colour: a name, #rrggbb, rgb(). Default: #1b2a49.")] = None,
    paper: Annotated[
        str | None, typer.Option(help="white, cream, transparent, ruled, or a colour. Default: white.")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Ems around the ink. Default: 0.35.")] = None,
    align: Annotated[str | None, typer.Option(help="left, centre or right. Default: left.")] = None,
    line_spacing: Annotated[
        float | None, typer.Option("--line_spacing", help="Times the font's own. Default: 1.")
    ] = None,
    letter_spacing: Annotated[
        float | None, typer.Option("--letter_spacing", help="Ems added between letters. Default: 0.")
    ] = None,
    measure: Annotated[float | None, typer.Option(help="Ems at which lines are broken. Default: never.")] = None,
    resolution: Annotated[float, typer.Option(help="Dots an inch of a PNG.")] = 96,
    seed: Annotated[int, typer.Option(min=0, help="Of the writer's waver.")] = 0,
    checkpoint: CheckpointOption = None,
) -> None:
    """Set text, or a page that was read, in a fine hand.

    With --like it is set in a writer's own manner. With --page what is read in a picture is set again, in its place and
    size, and in that writer's manner unless --like names another; what lays out a text (--size, --margin, --align,
    --line_spacing, --letter_spacing and --measure) is refused beside it. Writes a picture and prints a JSON line about
    it: "file", "text" as set, "notices" (what was set otherwise than asked) and, with --like or --page, "hand": slant
    in degrees, weight, width, waver and spacing in x-heights, colour, and all of it "in_words".
    """
    with exit_on_error():
        from dataclasses import fields

        from emnist_hf.errors import named
        from emnist_hf.recognizer import Recognizer
        from emnist_hf.styling import Setting, describe, set_page, set_text
        from emnist_hf.styling.measuring import read_hand
        from emnist_hf.styling.rendering import check_format

        check_format(output)
        # Options that bear the name of a setting are that setting; those left out keep its default.
        given = {name: context.params.get(name) for name in ("font", *(field.name for field in fields(Setting)))}
        settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        check_render(text, page, level, [name for name in settings if name not in ("font", "ink", "paper")])
        hand, reading = None, None
        if page is not None or like is not None:
            recognizer = Recognizer.from_pretrained(checkpoint)
            if page is not None:
                with named(page):
                    reading, hand = read_hand(page, recognizer)
            if like is not None:
                with named(like):
                    _, hand = read_hand(like, recognizer)
        settings |= {"hand": hand, "strength": strength, "seed": seed}
        if reading is not None:
            rendering = set_page(reading.characters, reading.size, level=level, **settings)
        else:
            rendering = set_text(text or "", **settings)
        rendering.save(output, resolution=resolution)
    about = {} if hand is None else {"hand": hand.as_json() | {"in_words": describe(hand)}}
    write_line({"file": str(output), "text": rendering.scene.text, "notices": rendering.notices} | about)
