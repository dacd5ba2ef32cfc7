"""How the page looks: one theme, one style sheet, and the few words above the tabs."""

from __future__ import annotations

from html import escape
from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors, sizes

from emnist_hf.page.calligraphy import hand_faces
from emnist_hf.page.files import light_url
from emnist_hf.page.language import html, in_every_language, translate_html
from emnist_hf.styling import render_text

SENTENCE = "Draw a letter or a word, or photograph a page: it is read, and set in the calligraphic hand you choose."

# Names of fonts that systems have: nothing is fetched, so the page looks the same without a network.
SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

INK = colors.Color(
    name="ink",
    c50="#f3f5fa",
    c100="#e4e8f2",
    c200="#c8d0e4",
    c300="#a3b0d0",
    c400="#7e8fba",
    c500="#5a6da0",
    c600="#3f5286",
    c700="#2f3f6c",
    c800="#233054",
    c900="#1b2a49",
    c950="#101a30",
)
"""The blue-black of the pen, for all that can be pressed."""

CSS = Path(__file__).with_name("theme.css").read_text(encoding="utf-8")

HEAD = (
    '<meta name="color-scheme" content="light dark">'
    # The footer is out of the reach of CSS. On a phone gradio hides the first of two links.
    "<style>@media (max-width: 640px) { footer .show-api { display: flex !important } }</style>"
)


def theme() -> gr.themes.Base:
    """Return paper and ink: warm neutrals, one accent, quiet borders, no shadows."""
    base = gr.themes.Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=colors.stone,
        text_size=sizes.text_md,
        radius_size=sizes.radius_md,
        font=SANS,
        font_mono=MONO,
    )
    return base.set(
        body_background_fill="#f6f3ec",
        body_background_fill_dark="#161412",
        body_text_color="#221f1b",
        body_text_color_dark="#ece7df",
        body_text_color_subdued="#5f574d",
        body_text_color_subdued_dark="#b3aa9e",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_title_text_color="*body_text_color_subdued",
        block_title_text_color_dark="*body_text_color_subdued",
        block_title_text_size="*text_sm",
        block_title_text_weight="500",
        block_label_text_color="*body_text_color_subdued",
        border_color_primary="#d9d2c5",
        border_color_primary_dark="#3b3631",
        background_fill_primary="#fffdf8",
        background_fill_primary_dark="#1f1c19",
        background_fill_secondary="#f0ebe1",
        background_fill_secondary_dark="#292521",
        input_background_fill="#fffdf8",
        input_background_fill_dark="#292521",
        stat_background_fill="#2f3f6c",
        stat_background_fill_dark="#8fa2d4",
        checkbox_label_background_fill="#fffdf8",
        checkbox_label_background_fill_dark="#292521",
        checkbox_label_background_fill_selected="#2f3f6c",
        checkbox_label_background_fill_selected_dark="#c8d0e4",
        checkbox_label_text_color_selected="#ffffff",
        checkbox_label_text_color_selected_dark="#101a30",
        checkbox_label_border_color_selected="#2f3f6c",
        checkbox_label_border_color_selected_dark="#c8d0e4",
        checkbox_label_shadow="none",
        checkbox_label_padding="0.3rem 0.75rem",
        link_text_color="#2f3f6c",
        link_text_color_dark="#a9b9e6",
    )


def header(title: str) -> str:
    """Return HTML: the title lettered in one of our hands, as a mask in the theme's colour, and the sentence.

    With the style of what is used on every tab.
    """
    url = light_url(render_text(title, size=110, colour="black", paper=None, margin=0.02), lossless=True)
    return (
        f"<style>{hand_faces()}</style>"
        f'<header class="masthead"><h1><span class="heard-only">{escape(title)}</span>'
        f'<span class="lettering" style="--title:url({url})"></span></h1>'
        f"{html('p', SENTENCE)}</header>"
    )


def notice_bar(notice: str) -> str:
    """Return HTML: a sentence above everything, in the language of whoever looks at it."""
    said = in_every_language("notice", lambda language: translate_html(notice, language))
    return f'<p class="notice-bar" role="status">{said}</p>'
