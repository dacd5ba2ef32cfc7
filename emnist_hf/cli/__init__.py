"""The command line: `python -m emnist_hf COMMAND`.

In: arguments and files. Out: JSON lines on standard output, sentences on standard error. Open `app.py` first: it holds
the application and the options that commands share. Each other file holds the commands of one kind, which import what
they need only when they run, so that `classify` starts without torch.
"""

from emnist_hf.cli import font, form, hub, read, style, train
from emnist_hf.cli.app import app

__all__ = ["app"]

# In the order in which --help lists them; a command is called as its function, with dashes.
for command in (
    read.classify,
    read.read,
    style.render,
    font.make_font,
    train.explore,
    train.evaluate,
    train.evaluate_strokes,
    train.draw_strokes,
    train.fit_rejection,
    hub.export_onnx,
    hub.push,
    hub.publish_dataset,
    hub.publish_space,
):
    app.command()(command)
app.add_typer(form.form, name="form")
