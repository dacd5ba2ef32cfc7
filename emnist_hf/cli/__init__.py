"""The command line: `python -m emnist_hf COMMAND`.

In: arguments and files. Out: JSON lines on standard output, words on standard error. Open `app.py` first: it holds the
application and the options that commands share; each of the other files registers the commands of one kind.
"""

from emnist_hf.cli import hub, read, style, train  # noqa: F401  each registers its commands
from emnist_hf.cli.app import app

__all__ = ["app"]
