"""What is evaluated: anything that answers as the recognizer does, which stands above this room and is handed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from emnist_hf.models.network import Checkpoint


class Evaluated(Protocol):
    """As much of `recognizer.Recognizer` as evaluation needs."""

    @property
    def name(self) -> str: ...

    @property
    def folder(self) -> Path: ...

    @property
    def checkpoint(self) -> Checkpoint: ...

    def check_charset(self, charset: str | None) -> None: ...

    def predict_proba(self, glyphs: NDArray[np.uint8], charset: str | None = None) -> NDArray[np.float32]: ...
