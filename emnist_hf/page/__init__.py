"""The page, a room a tab. `blocks.build_page` puts them together; app.py launches it.

draw    the pad          ┐
upload  a picture        ├─▶ answer: what it reads, what the model sees ─▶ calligraphy: the same, set
api     other programs   ┘
compose any text in any hand, in a writer's manner; render_api is its door for other programs
own_font the visitor's own font for it; hand_font the visitor's hand as a font
model   what stands behind the answers
"""

from __future__ import annotations
