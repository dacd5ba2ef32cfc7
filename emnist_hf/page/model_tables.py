"""Where a model fails: its worst confusions as pictures, a table of classes that sorts, the curve of its run."""

from __future__ import annotations

from functools import cache
from html import escape
from itertools import accumulate
from typing import Any

from PIL import Image

from emnist_hf.data.orientation import REFERENCE, TILE
from emnist_hf.page.files import light_url
from emnist_hf.page.language import ENGLISH, numeral, translate_html
from emnist_hf.splits import CHARACTERS

MOST_CONFUSIONS = 10

FEWEST_EPOCHS = 5
"""Epochs of a run from which its curve says something."""

CONFUSIONS = "The ten worst confusions"
MEANS = "Each picture is the mean of thousands of writers' characters: what was written, and what it was read as."
CLASSES = "Every class, to sort"
CURVE = "Validation accuracy by epoch, from {first} to {last}"

LAST_EPOCHS = (
    "This network was trained in stages, of which the last {count} epochs are recorded: validation accuracy went from "
    "{first} to {last}. Of the stages before no curve was kept."
)

COLUMNS = {
    "label": "Character",
    "rows": "Test characters",
    "recall": "Of these read rightly",
    "precision": "Right where it is read",
    "most_taken_for": "Most taken for",
}
"""Keys of an entry of `per_class`, and what each is called."""

SORT = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (!button) return;
  const head = button.closest("th"), table = button.closest("table");
  const down = head.getAttribute("aria-sort") !== "descending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (row) => row.cells[head.cellIndex].dataset.key;
  const order = (a, b) => isNaN(key(a)) || isNaN(key(b)) ? key(a).localeCompare(key(b)) : key(a) - key(b);
  const rows = [...table.tBodies[0].rows].sort((a, b) => (down ? -1 : 1) * order(a, b));
  table.tBodies[0].append(...rows);
});
"""


@cache
def mean_url(character: str) -> str:
    """Return the mean of a character's class as a data URL, dark on light and enlarged."""
    place = CHARACTERS.index(character) * TILE
    with Image.open(REFERENCE) as tiles:
        tile = tiles.crop((place, 0, place + TILE, TILE)).point(lambda level: 255 - level)
        return light_url(tile.resize((56, 56), Image.Resampling.BICUBIC).convert("RGB"), quality=70)


def confusions_html(metrics: dict[str, Any], language: str = ENGLISH) -> str:
    """Return HTML: the worst confusions, each with pictures of both characters; nothing without such.

    Of a label that stands for several characters the first is shown.
    """
    worst = [e for e in metrics.get("worst_confusions", []) if {e["label"], e["answer"]} <= set(CHARACTERS)]
    if not worst:
        return ""
    entries = "".join(
        f'<li><img src="{mean_url(e["label"])}" alt="{e["label"]}"><span aria-hidden="true">→</span>'
        f'<img src="{mean_url(e["answer"])}" alt="{e["answer"]}"><span>{said}<br><small>{count}</small></span></li>'
        for e in worst[:MOST_CONFUSIONS]
        for said, count in [_said(e, language)]
    )
    means = translate_html(MEANS, language)
    return f'<h3>{translate_html(CONFUSIONS, language)}</h3><p>{means}</p><ol class="confusions">{entries}</ol>'


def _said(entry: dict[str, Any], language: str) -> tuple[str, str]:
    said = translate_html("{label} read as {other}", language, label=entry["label"], other=entry["answer"])
    share, rows = numeral(f"{entry['share']:.1%}", language), numeral(f"{entry['rows']:,}", language)
    return said, translate_html("{share} of them, {count} characters", language, share=share, count=rows)


def classes_html(metrics: dict[str, Any], language: str = ENGLISH) -> str:
    """Return HTML: a row for each class, folded up, whose columns sort; nothing without such."""
    entries = metrics.get("per_class", [])
    if not entries:
        return ""
    heads = "".join(
        f'<th scope="col"><button type="button">{translate_html(words, language)}</button></th>'
        for words in COLUMNS.values()
    )
    rows = "".join("<tr>" + "".join(_cell(entry, key, language) for key in COLUMNS) + "</tr>" for entry in entries)
    return (
        f'<details class="classes"><summary>{translate_html(CLASSES, language)}</summary><div class="classes-table" '
        f'tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _cell(entry: dict[str, Any], key: str, language: str) -> str:
    value = entry.get(key)
    written = f"{value:,}" if isinstance(value, int) else f"{value:.1%}" if isinstance(value, float) else value or ""
    shown = numeral(written, language) if isinstance(value, int | float) else written
    tag = 'th scope="row"' if key == "label" else "td"
    return f'<{tag} data-key="{escape(str(value if value is not None else ""))}">{escape(shown)}</{tag.split()[0]}>'


def curve_html(results: dict[str, Any], language: str = ENGLISH) -> str:
    """Return HTML: validation accuracy by epoch as a line, over all stages that are recorded.

    A few epochs say nothing: in their place is said what they are the end of, or nothing.
    """
    stages = [shares for shares in map(_shares, run_of(results)) if shares]
    shares = [share for stage in stages for share in stage]
    if not shares:
        return ""
    first, last = (numeral(f"{share:.1%}", language) for share in (shares[0], shares[-1]))
    if len(shares) < FEWEST_EPOCHS:
        if not results.get("settings", {}).get("model_name_or_path"):
            return ""
        count = str(len(shares))
        return f"<p>{translate_html(LAST_EPOCHS, language, count=count, first=first, last=last)}</p>"
    low, high = min(shares), max(shares)
    across = [10 + 580 * i / (len(shares) - 1) for i in range(len(shares))]
    points = " ".join(
        f"{x:.1f},{110 - 100 * (share - low) / max(high - low, 1e-9):.1f}" for x, share in zip(across, shares)
    )
    begins = [across[end] - 290 / (len(shares) - 1) for end in accumulate(map(len, stages[:-1]))]
    marks = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="120" stroke="currentColor" stroke-dasharray="3 4"/>'
        for x in begins
    )
    words = translate_html(CURVE, language, first=first, last=last)
    return (
        f'<figure class="curve"><svg viewBox="0 0 600 120" role="img" aria-label="{words}">{marks}<polyline '
        f'points="{points}" fill="none" stroke="currentColor" stroke-width="2.5"/></svg>'
        f"<figcaption>{words}</figcaption></figure>"
    )


def run_of(results: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the epochs of each stage that a checkpoint's weights went through, the first stage first."""
    stages = results.get("recipe", {}).get("stages") or {}
    histories = [results.get("train", {}).get("history") or []]
    name = next(reversed(stages), None)
    while name := stages.get(name, {}).get("goes_on_from"):
        histories.insert(0, stages[name].get("history") or [])
    return histories


def _shares(history: list[dict[str, Any]]) -> list[float]:
    return [entry["accuracy"] for entry in history if isinstance(entry.get("accuracy"), float)]
