"""Read hand-printed characters, and set them again in a fine hand.

    from emnist_hf import Recognizer

    recognizer = Recognizer.from_pretrained()  # the checkpoint in the package
    recognizer.classify("letter.png", top_k=3)  # [Prediction(label='A', score=0.98), ...]
    recognizer(["a.png", "b.jpg"])  # an Answer for each of many pictures
    recognizer.read("page.jpg").text

Each room (`ink`, `models`, `reading`, ...) says in its own first lines what goes in and what comes out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emnist_hf.recognizer import Answer, Prediction, Recognizer


__version__ = "0.1.0"

__all__ = ["Answer", "Prediction", "Recognizer", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the recognizer only when somebody asks for it."""
    if name in ("Answer", "Prediction", "Recognizer"):
        from emnist_hf import recognizer

        return getattr(recognizer, name)
    raise AttributeError(f"module 'emnist_hf' has no attribute {name!r}")
