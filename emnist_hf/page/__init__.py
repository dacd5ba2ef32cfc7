"""The page, a file a tab. In goes what visitors and programs send; out comes HTML in their language, or JSON.

Open `blocks` first: it puts the tabs together. `main` serves them, as `service` says; app.py starts it.

draw     a pad           ┐
upload   a picture       ├─▶ answering: what is read there (answer), shown (answer_panel, page_view), set (calligraphy)
api      other programs  ┘
form     boxes and what is in them (form_view, form_sheet); form_api is its door for other programs
compose  any text in any hand, in a writer's manner (rendered); render_api is its door for other programs
own_font the visitor's own font for it; hand_font the visitor's hand as a font
model    what stands behind the answers; privacy what is kept
language every phrase in English, German and French; messages what goes wrong, in a sentence
limits   what is let in at all; logs what is written down; gradio_import starts sooner than gradio would
"""

from __future__ import annotations

from emnist_hf.page import gradio_import  # noqa: F401  (before any other file of this room imports gradio)
