"""Pictures that are drawn the same for ever, and what the command line says of them, for tests/test_golden.py.

    python -m tests.support.golden [--checkout FOLDER]

asks the command line of a checkout (default: this one), with the checkout's own environment where it has one, and
writes tests/golden.json anew. Do so only where a change of answers is meant, and say in the commit which ones changed.
The pictures are drawn by Pillow and NumPy alone, so that no change of the package changes them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden.json"
FONTS = {path.parent.name: path for path in sorted((Path(__file__).parent / "handwriting").glob("*/*.ttf"))}
COMMANDS: dict[str, tuple[list[str], str]] = {
    "classify": (["classify"], "character"),
    "classify, digits": (["classify", "--charset", "digits", "--top_k", "3"], "character"),
    "classify, bymerge": (["classify", "--checkpoint", "bymerge", "--top_k", "2"], "character"),
    "read": (["read"], "page"),
    "read, uppercase": (["read", "--charset", "uppercase"], "page"),
}
"""What is asked, by name: arguments of the command line, and how the names of the pictures begin."""


def written(text: str, font: str, size: int, ink: Any = 20, paper: Any = 250, margin: int = 40) -> Image.Image:
    """Lines of text in a hand-printed font on even paper."""
    face = ImageFont.truetype(str(FONTS[font]), size, layout_engine=ImageFont.Layout.BASIC)
    left, top, right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, face, spacing=18)
    page = Image.new("RGB", (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin), _rgb(paper))
    ImageDraw.Draw(page).multiline_text((margin - left, margin - top), text, _rgb(ink), face, spacing=18)
    return page


def _rgb(shade: Any) -> tuple[int, int, int]:
    return shade if isinstance(shade, tuple) else (shade, shade, shade)


def photographed(page: Image.Image, seed: int = 0, desk: int = 0) -> Image.Image:
    """A page in light that falls off, with the grain of a sensor, and a strip of a dark desk if asked for."""
    height, width = page.height, page.width
    y, x = np.mgrid[:height, :width]
    light = 0.55 + 0.4 * (0.6 * x / width + 0.4 * y / height)
    pixels = np.asarray(page, np.float64) * np.where(x < desk, 0.25, light)[:, :, None]
    grain = np.random.default_rng(seed).normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.rint(pixels + grain), 0, 255).astype(np.uint8))


def framed(page: Image.Image) -> Image.Image:
    """A page with a thin frame a little inside its border."""
    ImageDraw.Draw(page).rectangle((6, 6, page.width - 7, page.height - 7), outline=(60, 60, 60), width=2)
    return page


def ruled(page: Image.Image) -> Image.Image:
    """A page with blue rules."""
    for y in range(30, page.height, 44):
        ImageDraw.Draw(page).line((0, y, page.width, y), (170, 190, 230), 2)
    return page


def draw_pictures() -> dict[str, Image.Image]:
    """Draw the pictures: characters and pages, by name, whatever the pen, the paper and the light."""
    tilted = written("TILTED LINES\nFALL DOWN", "patrick-hand", 64).rotate(
        -4, Image.Resampling.BILINEAR, True, fillcolor=(250, 250, 250)
    )
    return {
        "character-A": written("A", "patrick-hand", 200),
        "character-g": written("g", "schoolbell", 150, ink=(30, 60, 160)),
        "character-8-light-on-dark": written("8", "gochi-hand", 120, ink=240, paper=(20, 60, 40)),
        "character-Q-photo": photographed(written("Q", "indie-flower", 220, paper=235, margin=90)),
        "character-k-desk": photographed(written("k", "gochi-hand", 220, paper=235, margin=120), 1, desk=50),
        "character-4-framed": framed(written("4", "schoolbell", 160, margin=60)),
        "character-e-tight": written("e", "patrick-hand", 260, margin=2),
        "character-7-small": written("7", "indie-flower", 22, margin=4),
        "character-yellow-W": written("W", "schoolbell", 140, ink=(240, 215, 0), paper=255),
        "character-none": Image.new("RGB", (200, 160), (244, 244, 240)),
        "page-lines": written("Dear Ann,\nthe 3 cats sat\non 27 mats.", "patrick-hand", 60),
        "page-photo": photographed(written("BUY MILK\nAND 12 EGGS", "gochi-hand", 70, paper=235, margin=70), 2),
        "page-ruled": ruled(written("quick brown\nfox-trot", "schoolbell", 60)),
        "page-tilted": tilted,
        "page-upside-down": written("HELLO WORLD\nTHIS WAY UP", "patrick-hand", 64).transpose(
            Image.Transpose.ROTATE_180
        ),
        "page-dark": written("WHITE 50\nON BLACK", "indie-flower", 66, ink=235, paper=25),
        "page-blank": Image.new("RGB", (300, 200), (250, 250, 250)),
    }


def write_pictures(folder: Path) -> list[Path]:
    """Write the pictures as PNG files; a file that is no picture, too."""
    for name, picture in draw_pictures().items():
        picture.save(folder / f"{name}.png")
    for kind in ("character", "page"):
        (folder / f"{kind}-broken.png").write_bytes(b"no picture")
    return sorted(folder.glob("*.png"))


def answers(lines: str) -> list[dict[str, Any]]:
    """Take JSON lines apart, with the files' names for their paths."""
    found = [json.loads(line) for line in lines.splitlines()]
    return [{**record, "file": Path(record["file"]).name} for record in found]


def ask(checkout: Path, arguments: list[str]) -> list[dict[str, Any]]:
    """Ask the command line of a checkout."""
    own = checkout / ".venv" / "bin" / "python"
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    command = [str(own if own.exists() else sys.executable), "-m", "emnist_hf", *arguments]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return answers(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkout", type=Path, default=ROOT)
    checkout = parser.parse_args().checkout.resolve()
    with tempfile.TemporaryDirectory() as folder:
        files = write_pictures(Path(folder))
        found = {
            name: ask(checkout, [*arguments, *(str(file) for file in files if file.name.startswith(kind))])
            for name, (arguments, kind) in COMMANDS.items()
        }
    records = {name: [json.dumps(record, ensure_ascii=False) for record in said] for name, said in found.items()}
    text = ",\n".join(f'"{name}": [\n' + ",\n".join(said) + "\n]" for name, said in records.items())
    GOLDEN.write_text("{\n" + text + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
