"""The command line: `python -m emnist_hf`."""

from emnist_hf.cli import app

__all__ = ["app"]

if __name__ == "__main__":
    app(prog_name="python -m emnist_hf")
