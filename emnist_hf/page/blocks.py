"""The page put together: `build_page` makes it, `LAUNCH` says how it is served."""

from __future__ import annotations

import logging
import time
from typing import Any

import gradio as gr

from emnist_hf import Recognizer
from emnist_hf.page import api, compose, draw, hand_font, model, own_font, privacy, render_api, upload
from emnist_hf.page.answer import sentence
from emnist_hf.page.look import CSS, HEAD, header, notice_bar, theme

log = logging.getLogger(__name__)

TITLE = "A Fine Hand"

QUEUE_SIZE = 64
"""Requests that may wait; the next visitor is told that the page is busy instead of waiting without end."""

KEEP_SECONDS = 3600
"""Age at which uploaded files are deleted. The page says so: within two hours, as it is looked at every hour."""

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

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Answer a request, write a line about it into the log, and let no error out but a sentence."""
        name = getattr(block_fn if not isinstance(block_fn, int) else self.fns[block_fn], "api_name", None)
        began, outcome = time.perf_counter(), "answered"
        try:
            return await super().process_api(block_fn, *args, **kwargs)
        except gr.Error:
            outcome = "refused"
            raise
        except Exception as error:
            outcome = "failed"
            raise gr.Error(sentence(error), print_exception=False) from None
        finally:
            spent = round((time.perf_counter() - began) * 1000)
            log.info("event", extra={"event": str(name), "milliseconds": spent, "outcome": outcome})

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().preprocess_data(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            log.info("refused a request: %s", type(error).__name__)
            raise gr.Error(BAD_REQUEST, print_exception=False) from None


def build_page(recognizer: Recognizer, notice: str = "", keep_seconds: int = KEEP_SECONDS) -> Page:
    """The page for one recognizer. `notice` is a sentence to show above everything, if it is not empty.

    `keep_seconds` is how old uploaded and made files grow before they are deleted, and how often that is looked at.
    """
    page = Page(title=TITLE, analytics_enabled=False, delete_cache=(keep_seconds, keep_seconds))
    with page:
        gr.HTML(header(TITLE), apply_default_css=False)
        if notice:
            gr.HTML(notice_bar(notice), apply_default_css=False)
        with gr.Tabs():
            with gr.Tab("Draw", id="draw"):
                draw.build(recognizer)
            with gr.Tab("Upload", id="upload"):
                upload.build(recognizer)
            with gr.Tab("Set", id="set"):
                setting = compose.build()
                own_font.build(setting)
            with gr.Tab("Your font", id="your-font"):
                hand_font.build(recognizer, setting)
            with gr.Tab("Model", id="model"):
                model.build(recognizer)
        gr.HTML(privacy.footer(), apply_default_css=False)
        api.build(recognizer)
        render_api.build()
    page.queue(max_size=QUEUE_SIZE, default_concurrency_limit=1)
    return page
