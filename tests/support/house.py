"""Hold the structure of the package: no circle, at most 8 floors of rooms, no long file without a reason.

    python tests/support/house.py

Which room may import which is held by import-linter (`layers` in pyproject.toml); `make check` runs both.
"""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

PACKAGE = Path(__file__).resolve().parents[2] / "emnist_hf"
MOST_FLOORS = 8
MOST_LINES = 300
REASON = "# Long because "


def circles(graph: grimp.ImportGraph) -> list[str]:
    """The first circle of imports between files, lazy ones and those for types included, as a sentence; or nothing."""
    try:
        TopologicalSorter({m: graph.find_modules_directly_imported_by(m) for m in graph.modules}).prepare()
    except CycleError as error:
        return [f"These files import each other in a circle: {' <- '.join(error.args[1])}."]
    return []


def floors(graph: grimp.ImportGraph) -> list[str]:
    """The longest chain of imports from room to room; a file directly in the package is a room of its own."""
    above: dict[str, set[str]] = {}
    for module in graph.modules - {graph_root := PACKAGE.name}:
        room = module.split(".")[1]
        imported = graph.find_modules_directly_imported_by(module) - {graph_root}
        above.setdefault(room, set()).update({name.split(".")[1] for name in imported} - {room})
    chains: dict[str, list[str]] = {}
    for room in TopologicalSorter(above).static_order():
        chains[room] = [room, *max((chains[below] for below in above.get(room, ())), key=len, default=[])]
    longest = max(chains.values(), key=len)
    print(f"{len(chains)} rooms on {len(longest)} floors: {' > '.join(longest)}")
    if len(longest) > MOST_FLOORS:
        return [f"{len(longest)} floors are more than {MOST_FLOORS}: {' > '.join(longest)}."]
    return []


def long_files() -> list[str]:
    """Files over `MOST_LINES` lines that do not say why."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > MOST_LINES and not any(line.startswith(REASON) for line in lines):
            name = path.relative_to(PACKAGE.parent)
            found.append(f"{name} has {len(lines)} lines: split it, or say why in a line that begins with {REASON!r}.")
    return found


def main() -> None:
    sys.path.insert(0, str(PACKAGE.parent))  # this checkout's, wherever another is installed
    graph = grimp.build_graph(PACKAGE.name, cache_dir=None)
    faults = circles(graph) or floors(graph)
    faults += long_files()
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
