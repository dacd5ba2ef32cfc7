"""What the page says of what is kept: in short under every tab, in full on the Model tab.

`tests/test_service.py` holds the page to it: files go away, and the log has nothing of what was sent.
"""

from __future__ import annotations

SHORT = "Nothing that you draw, upload or write is kept."
FULL = """
### What is kept
Nothing that you draw, upload or write.
- **Drawings, texts and fonts of your own** are worked on in memory alone.
- **Uploaded pictures, and pictures made for you,** lie in a temporary folder, are deleted within two hours, and all at
  once when the page is stopped.
- **The log** says that something was read or set, how long it took and whether it went well: no content, no names of
  files, no addresses.
- **Nobody else** gets anything: the page loads nothing from other servers, counts no visitors and learns from no
  drawing.
"""


def footer() -> str:
    """HTML: the short form, for the foot of the page."""
    return f'<p class="footnote privacy">{SHORT} The Model tab says more.</p>'
