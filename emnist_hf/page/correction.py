"""The form in which a visitor says what a character really was. It is there only if the owner of the page wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from emnist_hf.hub.feedback import Correction, Feedback, FeedbackError
from emnist_hf.ink import open_picture, to_ink
from emnist_hf.page.answer import recognize
from emnist_hf.page.answer_panel import AnswerPanel
from emnist_hf.page.events import NETWORK_QUEUE, PRIVATE
from emnist_hf.page.language import ENGLISH, in_every_language, label, language_of, translate
from emnist_hf.page.messages import message_html, problem_html
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Recognizer

NOTHING = "There is nothing to correct yet: draw or choose a character first."
CONSENT = "Tick the box above first: without it nothing is kept."
SEVERAL = "This was read as more than one character: correct it in its text, or send one character alone."
THANKS = "Thank you. The drawing and your answer are kept."
CONSENT_TO = "This drawing, its answer and my correction may be kept in the Hub data set {repo} and learnt from."


def consent_text(repo: str, language: str = ENGLISH) -> str:
    return translate(CONSENT_TO, language, repo=repo)


def correction_form(
    panel: AnswerPanel,
    recognizer: Recognizer,
    feedback: Feedback,
    picture: gr.components.Component,
    read_picture: Callable[[Any], Any],
) -> None:
    """Hang the form below a tab's answer. `read_picture` is as `answering.connect` takes it."""

    def send(request: gr.Request, value: Any, charset: str, label: str, consent: bool) -> tuple[str, Any, Any]:
        language = language_of(request)
        try:
            if consent is not True:
                raise FeedbackError(CONSENT)
            image = read_picture(value)
            if image is None:
                raise FeedbackError(NOTHING)
            # Read again here: what a request says that the answer was is not taken on trust.
            picture = open_picture(image)
            found = recognize(recognizer, picture, to_ink(picture), charset)
            if isinstance(found, Reading):
                raise FeedbackError(SEVERAL)
            feedback.record(Correction(image, found, str(label or "").strip(), charset, recognizer.name))
        except Exception as error:
            return problem_html(error, language), gr.skip(), gr.skip()
        return message_html(translate(THANKS, language)), "", False

    with gr.Accordion(label("Wrong? Say what it was"), open=False, elem_classes="correction"):
        right = gr.Textbox(
            label=label("It was"), placeholder=str(label("one letter or digit")), max_length=1, max_lines=1
        )
        asked = in_every_language("consent", lambda language: consent_text(feedback.repo, language))
        consent = gr.Checkbox(label=asked, value=False)
        button = gr.Button(str(label("Send the correction")))
        note = gr.HTML("", apply_default_css=False)
    button.click(
        send,
        [picture, panel.charset, right, consent],
        [note, right, consent],
        preprocess=False,
        **PRIVATE,
        **NETWORK_QUEUE,
    )
