"""What the page says of what is kept: in short under every tab, in full on the Model tab.

`tests/test_service.py` holds the page to it: files go away, and the log has nothing of what was sent.
"""

from __future__ import annotations

SHORT = "Nothing that you draw, upload or write is kept"
CORRECTIONS = """
- **What you send as a correction,** after you ticked its box: the drawing, the answer, your correction and the day go
  to the Hub data set {repo}."""
FULL = """
### What is kept
Nothing that you draw, upload or write{but}.{corrections}
- **Drawings, texts and fonts of your own** are worked on in memory alone.
- **Uploaded pictures, and pictures made for you,** lie in a temporary folder, are deleted within two hours, and all at
  once when the page is stopped.
- **The log** says that something was read or set, how long it took and whether it went well: no content, no names of
  files, no addresses.
- **Nobody else** gets anything: the page loads nothing from other servers, counts no visitors and learns from no
  drawing.
"""


BUT = ", but for what you send as a correction"


def full(corrections: str | None = None) -> str:
    """Markdown: all that is to be said. corrections: the Hub data set that they go to, if any are taken."""
    told = CORRECTIONS.format(repo=corrections) if corrections else ""
    return FULL.format(but=BUT if corrections else "", corrections=told)


def footer(corrections: str | None = None) -> str:
    """HTML: the short form, for the foot of the page. corrections: as `full` takes it."""
    return f'<p class="footnote privacy">{SHORT}{BUT if corrections else ""}. The Model tab says more.</p>'
