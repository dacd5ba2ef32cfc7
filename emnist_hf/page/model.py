"""The Model tab: what stands behind the answers, how good it is, and where it ends."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from emnist_hf import Recognizer
from emnist_hf.feedback import Feedback
from emnist_hf.page import privacy
from emnist_hf.page.calligraphy import data_url

MEASURES = {
    "accuracy": "of the test characters right at the first guess",
    "top5": "have the right label among the first five",
    "accuracy_case_insensitive": "right if A and a count as one",
    "accuracy_shape_folded": "right if 0 and O, 1, I and L, 5 and S, 2 and Z count as one too",
    "macro_f1": "macro F1: every class counts the same, however rare",
    "ece": "calibration error: how far the stated sureness is off on average",
}
"""Keys of results.json that are worth a tile, and what each says in plain words."""

FIGURES = {
    "confusion.png": "Confusion matrix: rows are the true characters, columns the answers",
    "curve.png": "Training curve, by validation rows, which have another mix of classes than the test",
}

LIMITS = """
### Where it ends
- **Printed letters.** Words and pages are read letter by letter; joined handwriting is not.
- **Some shapes are one shape.** Alone, nobody tells O from o and 0, I from l and 1, S from s. “Read it as”
  settles it.
- **Latin letters and digits only.** No accents, no punctuation, no other scripts. Most scribbles, marks and
  words it tells as no single character; what slips through is given one of its labels.
- **Learned mostly from American forms of the 1990s** (NIST Special Database 19). Other school hands, such as a
  1 with a long upstroke or a 7 with a bar, are rarer there and are read less well.
"""


def number(key: str, value: Any) -> str | None:
    """The measure as it is shown, None for a value that is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return f"{value:.3f}" if key == "macro_f1" else f"{value:.1%}" if key != "ece" else f"{value:.2%}"


def measured_on(results: dict[str, Any]) -> dict[str, Any]:
    """The metrics to show: those of the test rows, or of the validation rows where there were none."""
    found = results.get("test") or results.get("validation")
    return found if isinstance(found, dict) else {}


def tiles(results: dict[str, Any]) -> str:
    """HTML: one tile for each measure that the results have."""
    metrics = measured_on(results)
    shown = [(number(key, metrics.get(key)), text) for key, text in MEASURES.items()]
    return "".join(
        f'<div class="tile"><strong>{value}</strong><span>{escape(text)}</span></div>' for value, text in shown if value
    )


def learnt_from(results: dict[str, Any]) -> str:
    """What it was trained on, in words."""
    rows = results.get("train", {}).get("rows", {})
    strokes = any("unipen" in name for name in rows) if isinstance(rows, dict) else False
    count = f"{sum(rows.values()):,} " if rows and all(isinstance(v, int) for v in rows.values()) else ""
    return f"{count}handwritten letters and digits of EMNIST" + (" and UNIPEN" if strokes else "")


def description(recognizer: Recognizer) -> str:
    """HTML: one paragraph on what the model is and what its numbers were measured on."""
    metrics = measured_on(recognizer.results)
    rows, official = metrics.get("rows"), metrics.get("official")
    which = "all rows of the official EMNIST test" if official else "not the official EMNIST test"
    on = f" The numbers are from {rows:,} characters that it never saw ({which})." if isinstance(rows, int) else ""
    return (
        f"<p>A small convolutional network, <b>{escape(str(recognizer.name))}</b>, of "
        f"{recognizer.parameters / 1e6:.2f} million parameters, that tells {len(recognizer.labels)} characters apart. "
        f"It was trained on {learnt_from(recognizer.results)}. Your ink is cropped, centred and brought to the same "
        f"size and softness before it looks.{on}</p>"
    )


def figure(path: Path, caption: str) -> str | None:
    """HTML: a figure of the checkpoint with its caption, None where there is none.

    gr.Image puts a picture into a button without a name, which a screen reader cannot tell.
    """
    try:
        picture = Image.open(path, formats=["PNG"])
        picture.load()
    except OSError:
        return None
    return (
        f'<figure class="figure"><img src="{data_url(picture)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}.</figcaption></figure>"
    )


def build(recognizer: Recognizer, feedback: Feedback | None = None) -> None:
    with gr.Column(elem_classes="card model"):
        gr.HTML("<h2>The model</h2>" + description(recognizer), apply_default_css=False)
        measured = tiles(recognizer.results)
        gr.HTML(
            f'<div class="tiles">{measured}</div>'
            if measured
            else "<p>This checkpoint comes without measured results.</p>",
            apply_default_css=False,
        )
        with gr.Row():
            for name, caption in FIGURES.items():
                if shown := figure(recognizer.folder / name, caption):
                    with gr.Column(min_width=300):
                        gr.HTML(shown, apply_default_css=False)
        gr.Markdown(LIMITS + privacy.full(feedback.repo if feedback is not None else None))
