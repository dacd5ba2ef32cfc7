"""The fields of a template drawn over its blank, for a person to see what was found."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from emnist_hf.forms import Template

COLOURS = {"checkbox": (190, 60, 150)}
FRAME, CELL = (20, 110, 200), (20, 160, 90)


def draw_preview(template: Template, path: Path) -> list[Path]:
    """Draw each page to `path`, those after the first to names with their number, and return the files."""
    paths = []
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(template.pages, start=1):
        picture = Image.fromarray(page.picture).convert("RGB").resize(page.size, Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(picture)
        size = max(14, max(page.size) // 80)
        font = ImageFont.load_default(size)
        for field in template.fields:
            if field.page != number:
                continue
            for cell in field.cells:
                draw.rectangle(cell, outline=CELL, width=1)
            colour = COLOURS.get(field.type, FRAME)
            draw.rectangle(field.box, outline=colour, width=max(2, size // 6))
            left, top, _, _ = field.box
            words = field.name if field.type in ("text", "checkbox") else f"{field.name} ({field.type})"
            box = draw.textbbox((left + 2, top - 1), words, font, anchor="lb")
            draw.rectangle(box, fill=(255, 255, 255))
            draw.text((left + 2, top - 1), words, colour, font, anchor="lb")
        paths.append(path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}"))
        picture.save(paths[-1], "PNG")
    return paths
