"""The page, a room a tab. `blocks.build_page` puts them together; app.py launches it.

draw    the pad          ┐
upload  a picture        ├─▶ answer: what it reads, what the model sees ─▶ calligraphy: the same, set
api     other programs   ┘
model   what stands behind the answers
"""
