"""How the events of the page run: in which queue, how quietly, and for whom."""

from __future__ import annotations

from typing import Any

NETWORK_QUEUE: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 2}
"""For events that run the network: more than two at once would only share the same cores."""

SETTING_QUEUE: dict[str, Any] = {"concurrency_id": "setting", "concurrency_limit": 2}
"""For events that set text and run no network."""

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""For the page's own events: they speak of its components, and change with them."""

FOLLOWING: dict[str, Any] = PRIVATE | {"trigger_mode": "always_last"}
"""For events that follow a control: of those that come while one is answered, the last alone counts."""

PUBLIC: dict[str, Any] = {"api_visibility": "public", "show_progress": "hidden", "preprocess": False}
"""For the endpoints of other programs, which are a promise."""
