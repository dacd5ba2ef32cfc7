"""How long text takes to set, in every font: 1,000 characters to SVG, and the page's preview with a hand.

    python -m benchmarks.setting [--rounds 5] [--font NAME]...

The best of the rounds, in milliseconds, in one process; a font is opened and measured before. Prints a table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from emnist_hf.page.compose import EXAMPLE, SIZE, preview
from emnist_hf.styling import Hand, fonts, set_text

LINE = "the quick brown fox jumps over the lazy dog"
TEXT = "\n".join([LINE] * 23)[:1000]
HAND = Hand(12.0, 6.0, 40.0, 0.1, 1.0, 0.03, 0.2, (30, 60, 190), 0.0)


def best(act: Callable[[], object], rounds: int) -> float:
    """Milliseconds of the quickest round."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="times that each is set (default: %(default)s)")
    parser.add_argument(
        "--font", action="append", choices=fonts(), help="set this one alone; repeatable (default: all)"
    )
    arguments = parser.parse_args()
    rounds = max(1, arguments.rounds)
    print(f"{'font':24} {'1,000 characters to SVG':>24} {'preview':>9}")
    for name in arguments.font or fonts():
        preview(EXAMPLE, name, size=SIZE, hand=HAND)
        svg = best(lambda name=name: set_text(TEXT, name, size=40).svg(), rounds)  # type: ignore[misc]
        shown = best(lambda name=name: preview(EXAMPLE, name, size=SIZE, hand=HAND, strength=0.7), rounds)  # type: ignore[misc]
        print(f"{name:24} {svg:21.0f} ms {shown:6.0f} ms")


if __name__ == "__main__":
    main()
