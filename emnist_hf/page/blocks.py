"""The page put together: `build_page` makes it, `LAUNCH` says how it is served."""

from __future__ import annotations

import inspect
import itertools
import logging
import time
from typing import Any

import gradio as gr
from gradio.utils import get_function_description

from emnist_hf.errors import EmnistError
from emnist_hf.hub.feedback import Feedback
from emnist_hf.page import (
    api,
    compose,
    draw,
    form,
    form_api,
    hand_font,
    model,
    own_font,
    privacy,
    render_api,
    share,
    upload,
)
from emnist_hf.page.api import documented
from emnist_hf.page.language import ENGLISH, browser_words, label, language_of
from emnist_hf.page.messages import explain
from emnist_hf.page.theme import CSS, HEAD, header, notice_bar, theme
from emnist_hf.recognizer import Recognizer

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
    # The public endpoints are tools for language models too, under /gradio_api/mcp/.
    "mcp_server": True,
}
"""How the page is served, beside the words of its own, `Page.words`."""

BAD_REQUEST = "This request does not fit: send a picture, and the arguments that the API page lists."


class Page(gr.Blocks):
    """Blocks that answer what goes wrong with a sentence, and whose API page has examples that run.

    The methods are gradio's own, none of them documented: requirements.txt holds gradio to the minor version that
    they were written for.
    """

    words: gr.I18n
    """What the browser translates."""

    def get_api_info(self, all_endpoints: bool = False, page: str | None = None) -> Any:
        found = super().get_api_info(all_endpoints, page)
        for function in self.fns.values():
            name = f"/{function.api_name}"
            if name in found["named_endpoints"]:
                _, descriptions, _ = get_function_description(function.fn)
                found["named_endpoints"][name] = documented(found["named_endpoints"][name], descriptions)
        return found

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Answer a request, write a line about it into the log, and let no error out but a sentence.

        The page's own events speak the visitor's language, the endpoints for other programs English.
        """
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        began, outcome = time.perf_counter(), "answered"
        try:
            return await super().process_api(block_fn, *args, **kwargs)
        except gr.Error:
            outcome = "refused"
            raise
        except Exception as error:
            outcome = "refused" if isinstance(error, EmnistError) else "failed"
            public = function.api_visibility == "public"
            language = ENGLISH if public else language_of(kwargs.get("request"))
            raise gr.Error(explain(error, language), print_exception=False) from None
        finally:
            spent = round((time.perf_counter() - began) * 1000)
            log.info("event", extra={"event": str(function.api_name), "milliseconds": spent, "outcome": outcome})

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **kwargs: Any) -> Any:
        """Give what was left out its default, and refuse a malformed request in a sentence, not in pydantic's words."""
        try:
            return await super().preprocess_data(block_fn, _with_defaults(block_fn, inputs), *args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            log.info("refused a request: %s", type(error).__name__)
            raise EmnistError(BAD_REQUEST) from None


def _with_defaults(function: Any, inputs: list[Any]) -> list[Any]:
    """Return the arguments of a public endpoint, those at the end that were left out by their defaults.

    Gradio's clients do it themselves; a request that was written by hand need not know what was added since.
    """
    if function.api_visibility != "public" or function.fn is None:
        return inputs
    left_out = list(inspect.signature(function.fn).parameters.values())[len(inputs) : len(function.inputs)]
    known = list(itertools.takewhile(lambda p: p.default is not inspect.Parameter.empty, left_out))
    return [*inputs, *(parameter.default for parameter in known)]


def build_page(
    recognizer: Recognizer,
    notice: str = "",
    keep_seconds: int = KEEP_SECONDS,
    feedback: Feedback | None = None,
    queue_size: int = QUEUE_SIZE,
) -> Page:
    """Build the page for one recognizer. `notice` is a sentence to show above everything, if it is not empty.

    `keep_seconds` is how old uploaded and made files grow before they are deleted, and how often that is looked at.
    With `feedback`, visitors can correct what was read. `queue_size` requests may wait.
    """
    page = Page(title=TITLE, analytics_enabled=False, delete_cache=(keep_seconds, keep_seconds))
    with page, browser_words() as page.words:
        gr.HTML(header(TITLE), apply_default_css=False)
        if notice:
            gr.HTML(notice_bar(notice), apply_default_css=False)
        with gr.Tabs(overflow_behavior="wrap") as tabs:
            with gr.Tab(label("Draw"), id="draw"):
                drawn = draw.build(recognizer, feedback)
            with gr.Tab(label("Upload"), id="upload"):
                uploaded = upload.build(recognizer, feedback)
            with gr.Tab(label("Form"), id="form"):
                form.build(recognizer)
            with gr.Tab(label("Set"), id="set"):
                setting = compose.build(recognizer)
                own_font.build(setting)
            with gr.Tab(label("Your font"), id="your-font"):
                hand_font.build(recognizer, setting)
            with gr.Tab(label("Model"), id="model"):
                model.build(recognizer, feedback)
        panels = [drawn.choices(), uploaded.choices()]
        share.restore(page, tabs, panels, recognizer.charsets(), [setting.font])
        gr.HTML(privacy.footer(feedback.repo if feedback is not None else None), apply_default_css=False)
        api.build(recognizer)
        form_api.build(recognizer)
        render_api.build(recognizer)
    page.queue(max_size=queue_size, default_concurrency_limit=1)
    return page
