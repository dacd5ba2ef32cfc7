"""The Model tab: what stands behind the answers, how good it is, and where it ends."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from emnist_hf.hub.feedback import Feedback
from emnist_hf.page import privacy
from emnist_hf.page.language import ENGLISH, in_every_language, numeral, translate, translate_html
from emnist_hf.page.model_tables import SORT, classes_html, confusions_html, curve_html
from emnist_hf.recognizer import Recognizer

MEASURES = {
    "accuracy": "of the test characters right at the first guess",
    "top5": "have the right label among the first five",
    "accuracy_case_insensitive": "right if A and a count as one",
    "accuracy_shape_folded": "right if 0 and O, 1, I and L, 5 and S, 2 and Z count as one too",
    "macro_f1": "macro F1: every class counts the same, however rare",
    "ece": "calibration error: how far the stated sureness is off on average",
}
"""Keys of results.json that are worth a tile, and what each says in plain words."""

ENDS = "Where it ends"

LIMITS = (
    "**Lines as people write them.** Words and pages are read as lines: printed, touching and joined. Joined "
    "writing costs more mistakes; what is unsure is marked.",
    "**Some shapes are one shape.** Alone, nobody tells O from o and 0, I from l and 1, S from s. “Read it as” "
    "settles it.",
    "**Latin letters and digits only.** On a page also punctuation, ä ö ü ß é è ê à ç ñ and signs such as & % €. "
    "No other scripts. Most scribbles, marks and words it tells as no single character; what slips through is "
    "given one of its labels.",
    "**Learned mostly from American forms of the 1990s** (NIST Special Database 19). Other school hands, such as a 1 "
    "with a long upstroke or a 7 with a bar, are rarer there and are read less well.",
)

NETWORK = (
    "A small convolutional network, {name}, of {size} million parameters, that tells {count} characters apart. It was "
    "trained on {rows}. Your ink is cropped, centred and brought to the same size and softness before it looks."
)

ROWS, ROWS_AND_STROKES = (
    "{count} handwritten letters and digits of EMNIST",
    "{count} handwritten letters and digits of EMNIST and UNIPEN",
)

OFFICIAL = (
    "The numbers are from {rows} characters that it never saw (all rows of the official EMNIST test).",
    "The numbers are from {rows} characters that it never saw (not the official EMNIST test).",
)

UNMEASURED = "This checkpoint comes without measured results."


def number(key: str, value: Any) -> str | None:
    """Return the measure as it is shown, None for a value that is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return f"{value:.3f}" if key == "macro_f1" else f"{value:.1%}" if key != "ece" else f"{value:.2%}"


def measured_on(results: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics to show: those of the test rows, or of the validation rows where there were none."""
    found = results.get("test") or results.get("validation")
    return found if isinstance(found, dict) else {}


def tiles(results: dict[str, Any], language: str = ENGLISH) -> str:
    """Return HTML: one tile for each measure that the results have, or a sentence if they have none."""
    metrics = measured_on(results)
    shown = [(number(key, metrics.get(key)), translate_html(text, language)) for key, text in MEASURES.items()]
    made = "".join(
        f'<div class="tile"><strong>{numeral(value, language)}</strong><span>{text}</span></div>'
        for value, text in shown
        if value
    )
    return f'<div class="tiles">{made}</div>' if made else f"<p>{translate_html(UNMEASURED, language)}</p>"


def learnt_from(results: dict[str, Any], language: str = ENGLISH) -> str:
    """Return what it was trained on, in words."""
    rows = results.get("train", {}).get("rows", {})
    strokes = any("unipen" in name for name in rows) if isinstance(rows, dict) else False
    count = f"{sum(rows.values()):,}" if rows and all(isinstance(v, int) for v in rows.values()) else ""
    return translate(ROWS_AND_STROKES if strokes else ROWS, language, count=numeral(count, language)).strip()


def description(recognizer: Recognizer, language: str = ENGLISH) -> str:
    """Return HTML: one paragraph on what the model is and what its numbers were measured on."""
    metrics = measured_on(recognizer.results)
    rows, official = metrics.get("rows"), metrics.get("official")
    said = translate(
        NETWORK,
        language,
        name=str(recognizer.name),
        size=numeral(f"{recognizer.parameters / 1e6:.2f}", language),
        count=str(len(recognizer.labels)),
        rows=learnt_from(recognizer.results, language),
    )
    count = numeral(f"{rows:,}", language) if isinstance(rows, int) else ""
    on = translate(OFFICIAL[0 if official else 1], language, rows=count) if count else ""
    return f"<p>{escape(f'{said} {on}'.strip())}</p>"


def failures(results: dict[str, Any], language: str = ENGLISH) -> str:
    """Return HTML: where it fails, class by class, and the curve of its run."""
    metrics = measured_on(results)
    parts = confusions_html(metrics, language), classes_html(metrics, language), curve_html(results, language)
    return "".join(parts)


def limits(corrections: str | None, language: str) -> str:
    """Return Markdown: where the model ends, and what is kept of a visit."""
    points = "".join(f"- {translate(point, language)}\n" for point in LIMITS)
    return f"### {translate(ENDS, language)}\n{points}\n{privacy.full(corrections, language)}"


def build(recognizer: Recognizer, feedback: Feedback | None = None) -> None:
    corrections = feedback.repo if feedback is not None else None

    def first(language: str) -> str:
        return f"<h2>{translate_html('The model', language)}</h2>{description(recognizer, language)}"

    with gr.Column(elem_classes="card model"):
        gr.HTML(str(in_every_language("description", first)), apply_default_css=False)
        measured = in_every_language("measures", lambda language: tiles(recognizer.results, language))
        gr.HTML(str(measured), apply_default_css=False)
        fails = in_every_language("failures", lambda language: failures(recognizer.results, language))
        gr.HTML(str(fails), js_on_load=SORT, apply_default_css=False, elem_id="failures")
        gr.Markdown(str(in_every_language("limits", lambda language: limits(corrections, language))))
