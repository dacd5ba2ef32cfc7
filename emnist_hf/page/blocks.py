"""The page put together: `build_page` makes it, `LAUNCH` says how it is served."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from emnist_hf import Recognizer
from emnist_hf.feedback import Feedback
from emnist_hf.page import api, compose, draw, hand_font, model, own_font, render_api, upload
from emnist_hf.page.look import CSS, HEAD, header, notice_bar, theme

log = logging.getLogger(__name__)

TITLE = "A Fine Hand"

QUEUE_SIZE = 64
"""Requests that may wait; the next visitor is told that the page is busy instead of waiting without end."""

LAUNCH: dict[str, Any] = {
    "theme": theme(),
    "css": CSS,
    "head": HEAD,
    "allowed_paths": [],
    "max_file_size": "10mb",
    "ssr_mode": False,
    # Sentences for the visitor are raised as gr.Error, which is always shown; anything else stays in the log.
    "show_error": False,
    "footer_links": ["api", "settings"],
}


BAD_REQUEST = "This request does not fit: send a picture, and the arguments that the API page lists."


class Page(gr.Blocks):
    """Blocks that answer a malformed request with a sentence, where gradio would show pydantic's words."""

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().preprocess_data(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            log.info("refused a request: %s", type(error).__name__)
            raise gr.Error(BAD_REQUEST, print_exception=False) from None


def build_page(recognizer: Recognizer, notice: str = "", feedback: Feedback | None = None) -> Page:
    """The page for one recognizer. `notice` is a sentence to show above everything, if it is not empty.

    With `feedback`, visitors can correct what was read.
    """
    page = Page(title=TITLE, analytics_enabled=False, delete_cache=(3600, 3600))
    with page:
        gr.HTML(header(TITLE), apply_default_css=False)
        if notice:
            gr.HTML(notice_bar(notice), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Draw", id="draw"):
                draw.build(recognizer, feedback)
            with gr.Tab("Upload", id="upload"):
                upload.build(recognizer, feedback)
            with gr.Tab("Set", id="set"):
                setting = compose.build()
                own_font.build(setting)
            with gr.Tab("Your font", id="your-font"):
                hand_font.build(recognizer, setting)
            with gr.Tab("Model", id="model"):
                model.build(recognizer, feedback)
        api.build(recognizer)
        render_api.build()
    page.queue(max_size=QUEUE_SIZE, default_concurrency_limit=1)
    return page
