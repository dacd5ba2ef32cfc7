"""What the page says of what is kept: in short under every tab, in full on the Model tab.

`tests/page/test_service.py` holds the page to it: files go away, and the log has nothing of what was sent.
"""

from __future__ import annotations

from emnist_hf.page.language import ENGLISH, in_every_language, translate

HEADING = "What is kept"
NOTHING = "Nothing that you draw, upload or write is kept."
BUT = "Nothing that you draw, upload or write is kept, but for what you send as a correction."
MORE = "The Model tab says more."
CORRECTIONS = (
    "**What you send as a correction,** after you ticked its box: the drawing, the answer, your correction and the day "
    "go to the Hub data set {repo}."
)
POINTS = (
    "**Drawings, texts and fonts of your own** are worked on in memory alone.",
    "**Uploaded pictures, and pictures made for you,** lie in a temporary folder, are deleted within two hours, and "
    "all at once when the page is stopped.",
    "**The log** says that something was read or set, how long it took and whether it went well: no content, no names "
    "of files, no addresses.",
    "**Nobody else** gets anything: the page loads nothing from other servers, counts no visitors and learns from no "
    "drawing.",
)


def full(corrections: str | None = None, language: str = ENGLISH) -> str:
    """Return Markdown: all that is to be said. corrections: the Hub data set that they go to, if any are taken."""
    points = [translate(CORRECTIONS, language, repo=corrections)] if corrections else []
    points += [translate(point, language) for point in POINTS]
    short = translate(BUT if corrections else NOTHING, language)
    return f"### {translate(HEADING, language)}\n{short}\n\n" + "".join(f"- {point}\n" for point in points)


def footer(corrections: str | None = None) -> str:
    """Return HTML: the short form, for the foot of the page. corrections: as `full` takes it."""

    def short(language: str) -> str:
        return f"{translate(BUT if corrections else NOTHING, language)} {translate(MORE, language)}"

    return f'<p class="footnote privacy">{in_every_language("privacy", short)}</p>'
