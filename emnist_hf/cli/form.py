"""`form new` and `form read`: many copies of one form, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emnist_hf.cli.app import CheckpointOption, exit_on_error, write_line

if TYPE_CHECKING:
    from emnist_hf.forms import Template

form = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@form.callback()
def commands() -> None:
    """Read many copies of one form into a table.

    \b
    python -m emnist_hf form new BLANK.pdf --output visit.yaml --preview visit.png
    python -m emnist_hf form read visit.yaml SCANS --output visits.xlsx --review review

    First `form new`, once, of the form as it is blank. Then look at the preview, and edit the template, which says in
    its first lines how: give the fields names and types. Then `form read`, as often as you like.
    """


@form.command()
def new(
    blank: Annotated[Path, typer.Argument(help="The form before it is filled in: PNG, JPG, PDF or TIFF.")],
    output: Annotated[Path, typer.Option(help="Write the template here, a YAML file to edit.", metavar="FORM.yaml")],
    preview: Annotated[
        Path | None, typer.Option(help="Draw the fields with their names here, a PNG for each page.", metavar="OUT.png")
    ] = None,
) -> None:
    """Find the fields of a blank form and write its template.

    Prints a JSON object: the template's file, its pages and its fields. Boxes, rows of cells, cells of tables and
    checkboxes become fields; edit the file to give them names and types, and to take out what is none. A template that
    is there already is set aside, not lost.
    """
    from emnist_hf.cli.aside import set_aside
    from emnist_hf.cli.preview import draw_preview
    from emnist_hf.forms import Template

    with exit_on_error():
        template = Template.from_blank(blank)
        output.parent.mkdir(parents=True, exist_ok=True)
        set_aside(output)
        template.save(output)
        pictures = draw_preview(template, preview) if preview is not None else []
    found = {"template": str(output), "pages": len(template.pages), "fields": len(template.fields)}
    write_line(found | ({"preview": [str(path) for path in pictures]} if pictures else {}))


@form.command()
def read(
    template: Annotated[Path, typer.Argument(help="The template, from `form new`.", metavar="FORM.yaml")],
    scans: Annotated[
        list[str], typer.Argument(help="Scans and photos of filled forms, PDFs and TIFFs of many, and folders of them.")
    ],
    output: Annotated[
        Path, typer.Option(help="Write here, .csv, .xlsx, .jsonl or .parquet; goes on where it was interrupted.")
    ],
    review: Annotated[
        Path | None, typer.Option(help="Folder for a page on which to look at what is doubtful.", metavar="DIR")
    ] = None,
    checkpoint: CheckpointOption = None,
) -> None:
    """Read filled forms into a table, a row for each.

    A form may lie in its picture as it likes. The table has a column for each field, "doubtful" with what a person
    should look at and why, "error" where a form could not be read, and the score of each field: the probability that
    its value is right. Prints a JSON object: how many forms there are, are doubtful, and failed; the exit status is 1
    where one failed. --review writes DIR/index.html, which shows the doubtful fields alone and saves the corrected
    table. Run the same command again to go on where it was interrupted, or when there are more scans. Several processes
    share the forms:
    torchrun --nproc_per_node 2 -m emnist_hf form read ...
    """
    from emnist_hf.cli.form_batch import read_forms
    from emnist_hf.forms import Template
    from emnist_hf.recognizer import Recognizer

    with exit_on_error():
        loaded: Template = Template.load(template)
        recognizer = Recognizer.from_pretrained(checkpoint)
        failed = read_forms(loaded, template, scans, output, recognizer, review)
    if failed:
        raise typer.Exit(1)
