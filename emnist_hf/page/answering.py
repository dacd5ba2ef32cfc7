"""What the events of a tab do: a picture is answered in its panel, and the answer set, corrected and typed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from emnist_hf.ink import open_picture, to_ink
from emnist_hf.page.answer import recognize
from emnist_hf.page.answer_panel import AnswerPanel, Outputs, set_in_manner
from emnist_hf.page.calligraphy import Style
from emnist_hf.page.downloads import file_links, text_link
from emnist_hf.page.events import FOLLOWING, NETWORK_QUEUE, PRIVATE
from emnist_hf.page.history import asked_again
from emnist_hf.page.language import language_of, translate
from emnist_hf.page.messages import explain
from emnist_hf.page.page_view import Transcript, corrected, correction
from emnist_hf.page.waiting import stopped_html, waited_for
from emnist_hf.reading.results import Reading
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARACTERS


def connect(
    panel: AnswerPanel,
    recognizer: Recognizer,
    picture: gr.components.Component,
    changed: Callable[..., Any],
    read_picture: Callable[[Any], Any],
    progress: gr.HTML | None = None,
) -> None:
    """Wire a tab: a new picture or charset gives a new answer, a new style sets the same answer anew.

    `changed` is the picture's one listener; `read_picture` turns its value into what `Recognizer.examine`
    takes, None for no picture. progress: from `progress_view`, where answers may take long.
    """

    def answer(request: gr.Request, value: Any, charset: str, before: Transcript | None, *manner: Any) -> Outputs:
        style, language = Style(*manner[:3]), language_of(request)
        try:
            image = read_picture(value)
            if image is None:
                shown = panel.without_answer(translate(panel.prompt, language), "prompt", style, language)
                return shown | panel.without_page(before)
            opened = open_picture(image)
            ink = to_ink(opened)  # once for all that follows: it is most of the work
            found = recognize(recognizer, opened, ink, charset)
            if isinstance(found, Reading):
                return panel.with_page(found, opened, ink, value, manner, language)
            return panel.with_character(found, charset, value, style, language) | panel.without_page(before)
        except Exception as error:
            shown = panel.without_answer(explain(error, language), "problem", Style(), language)
            return shown | panel.without_page(before)

    def answer_in_time(request: gr.Request, *inputs: Any) -> Iterator[Outputs]:
        assert progress is not None
        stopped = {panel.words: stopped_html(language_of(request))}
        work = partial(answer, request, *inputs)
        found = yield from waited_for(work, lambda shown: {progress: shown}, stopped, request, progress.elem_id)
        yield found | {progress: ""}

    manner, sheet_again = panel.manner(), [panel.chosen, panel.sheet]
    gr.on(
        [changed, panel.charset.input],
        answer if progress is None else answer_in_time,
        [picture, panel.charset, panel.transcript, *manner],
        panel.outputs() if progress is None else [*panel.outputs(), progress],
        preprocess=False,
        **NETWORK_QUEUE,
        **FOLLOWING,
    )
    for control in manner:
        control.input(restyle, [panel.chosen, panel.transcript, *manner], panel.sheet, **FOLLOWING)
    panel.label.select(choose, manner, sheet_again, **FOLLOWING)
    panel.history.click(recall, manner, sheet_again, **FOLLOWING)
    panel.view.click(
        correct,
        [panel.text, panel.transcript, *manner],
        [panel.text, panel.transcript, *sheet_again, panel.text_link, panel.file_links],
        **PRIVATE,
    )
    # `change` and not `input`, which gradio does not tell of a text that is pasted.
    retyped = [*sheet_again, panel.text_link]
    panel.text.change(retype, [panel.text, panel.chosen, panel.transcript, *manner], retyped, **FOLLOWING)


def restyle(request: gr.Request, chosen: str, transcript: Transcript | None, *manner: Any) -> str:
    """Set the same answer in another manner."""
    return set_in_manner(chosen, transcript, manner, language_of(request))


def choose(request: gr.Request, event: gr.SelectData, *manner: Any) -> tuple[str, str]:
    """Set another of the labels instead, which the visitor picked."""
    chosen = str(event.value) if event.value in tuple(CHARACTERS) else ""
    return chosen, restyle(request, chosen, None, *manner)


def recall(request: gr.Request, event: gr.EventData, *manner: Any) -> tuple[str, str]:
    """Set one of the last answers again."""
    chosen = asked_again(event)
    return chosen, restyle(request, chosen, None, *manner)


def correct(
    request: gr.Request, event: gr.EventData, text: str, transcript: Transcript | None, *manner: Any
) -> list[Any]:
    """Take a visitor's correction of one character of a page into its text, its transcript and its sheet."""
    change = correction(event, transcript) if transcript is not None else None
    if transcript is None or change is None:
        return [gr.skip()] * 6
    after, text = corrected(transcript, *change, text)
    link = text_link(text, language_of(request))
    return [text, after, text, restyle(request, text, after, *manner), link, file_links(after)]


def retype(
    request: gr.Request, text: str, chosen: str, transcript: Transcript | None, *manner: Any
) -> tuple[Any, Any, Any]:
    """Set the text of a page that a visitor edited. Without a page, the box was emptied for a single character.

    What the page itself wrote there is set already. Set once more it could come after the next answer and take its
    place: an H is two bars before it is an H.
    """
    if transcript is None or text == chosen:
        return gr.skip(), gr.skip(), gr.skip()
    return text, restyle(request, text, transcript, *manner), text_link(text, language_of(request))
