"""The static page in web/: no server but one for files, and the glyphs and labels of the Python package."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from emnist_hf import Recognizer
from emnist_hf.ink import glyph_of
from emnist_hf.splits import CHARSETS
from tests.support.chromium import draw
from tests.support.drawn import draw_glyph, draw_rows
from tests.support.server import ROOT
from tests.support.strokes import STROKES

PAD = 280


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, exported: Path) -> Iterator[str]:
    """The address of web/ as docs/loading.md has it set up: npm install, and the package's checkpoint as ONNX."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on the PATH (Debian: apt-get install npm)")
    folder = tmp_path_factory.mktemp("web") / "web"
    shutil.copytree(ROOT / "web", folder, ignore=shutil.ignore_patterns("node_modules", "model"))
    install = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    if done.returncode and any(code in done.stderr for code in ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT")):
        pytest.skip("the npm registry cannot be reached")
    assert done.returncode == 0, done.stderr[-2000:]
    shutil.copytree(exported, folder / "model")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def visited(browser: Browser, web: str) -> Iterator[Page]:
    """The page in a browser that notes down, in `page.asked`, every address it asks for."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    troubles: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.asked = asked  # type: ignore[attr-defined]
    page.goto(web)
    expect(page.locator("#said")).to_have_text("Draw a letter or a digit.", timeout=60_000)
    yield page
    assert not troubles
    assert not [address for address in asked if not address.startswith((web, "data:", "blob:"))]
    page.close()


CLASSIFY = """async ([file, glyphs]) => {
  const { loadRecognizer } = await import("./recognizer.js");
  const { classify } = await loadRecognizer("model", file);
  const scores = await classify(glyphs.map((glyph) => Uint8Array.from(glyph)));
  return scores.map((each) => Array.from(each));
}"""


@pytest.mark.parametrize(("file", "least"), [("onnx/model.onnx", 1.0), ("onnx/model_quantized.onnx", 0.97)])
def test_the_browser_gives_pythons_labels(visited: Page, recognizer: Recognizer, file: str, least: float) -> None:
    glyphs = draw_rows(CHARSETS["byclass"], 2, seed=3).images[:100]
    wanted = recognizer.predict_proba(glyphs)
    found = np.array(visited.evaluate(CLASSIFY, [file, glyphs.reshape(100, -1).tolist()]))
    assert found.shape == (100, 62)
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).mean() >= least
    if least == 1:
        assert np.abs(found - wanted).max() < 1e-4


def pad_drawings(count: int) -> list[NDArray[np.uint8]]:
    """Characters as a pad delivers them, uint8 [280, 280], black on white: pens of many widths, and printed ones."""
    rng = np.random.default_rng(5)
    drawings = []
    for number, character in zip(range(count), list(STROKES) * count):
        pen, size = (5, 14, 22, 30)[number % 4], rng.uniform(0.4, 1)
        offset = rng.uniform(0, 1 - size, 2)
        sheet = Image.new("L", (2 * PAD, 2 * PAD), 255)
        brush = ImageDraw.Draw(sheet)
        for stroke in STROKES[character]:
            points = [tuple((np.array(point) * size + offset) * 2 * PAD) for point in stroke]
            brush.line(points, fill=0, width=2 * pen, joint="curve")
            for x, y in points:
                brush.ellipse([x - pen, y - pen, x + pen, y + pen], fill=0)
        drawn = sheet.resize((PAD, PAD), Image.Resampling.BOX)
        if number % 5 == 0:
            ImageDraw.Draw(drawn).rectangle([2, 2, 4, 4], fill=0)  # a touch of the palm
        if number % 7 == 0:
            ImageDraw.Draw(drawn).rectangle([8, 8, PAD - 9, PAD - 9], outline=0, width=3)  # a frame
        drawings.append(np.asarray(drawn))
    for character in "ABGQRag7kmwi8":
        printed = Image.fromarray(255 - draw_glyph(character, rng))
        drawings.append(np.asarray(printed.resize((PAD, PAD), Image.Resampling.BICUBIC)))
    return drawings


GLYPHS = """async (drawings) => {
  const { glyphOf } = await import("./ink.js");
  const { image } = await import("./images.js");
  const decoded = drawings.map((drawing) => Float32Array.from(atob(drawing), (letter) => letter.charCodeAt(0)));
  return decoded.map((drawing) => Array.from(glyphOf(image(280, 280, drawing))));
}"""


def test_the_browser_makes_pythons_glyphs(visited: Page, recognizer: Recognizer) -> None:
    drawings = pad_drawings(16)
    wanted = np.stack([glyph_of(drawing)[0] for drawing in drawings])
    found = np.array(
        visited.evaluate(GLYPHS, [b64encode(drawing.tobytes()).decode() for drawing in drawings]), np.uint8
    )
    difference = np.abs(found.reshape(wanted.shape).astype(int) - wanted)
    assert difference.max() <= 4, difference.max(axis=(1, 2))
    best = [recognizer.predict_proba(glyphs).argmax(axis=1) for glyphs in (wanted, found.reshape(wanted.shape))]
    assert np.array_equal(*best)


def test_a_drawn_character_is_read_without_a_server(visited: Page) -> None:
    said = visited.locator("#said")
    visited.asked.clear()  # type: ignore[attr-defined]
    for character in "AE7":
        draw(visited, character, "#pad")
        expect(said).to_contain_text(f"{character}, ")
        expect(visited.locator("#bars li")).to_have_count(5)
        expect(visited.locator("#seen")).to_be_visible()
        visited.get_by_role("button", name="Clear").click()
        expect(said).to_have_text("Draw a letter or a digit.")
        expect(visited.locator("#seen")).to_be_hidden()
    draw(visited, "E", "#pad")
    expect(said).to_contain_text("E, ")
    visited.get_by_role("button", name="Undo").click()  # takes the lowest bar
    expect(said).to_contain_text("F, ")
    visited.get_by_role("button", name="Clear").click()
    assert not visited.asked  # type: ignore[attr-defined]


def test_a_model_that_is_not_there_is_a_sentence(browser: Browser, web: str) -> None:
    page = browser.new_page()
    page.goto(f"{web}?model=nothing")
    expect(page.locator("#said")).to_contain_text("nothing/config.json cannot be loaded")
    page.close()


def test_the_version_is_pinned() -> None:
    wanted = json.loads((ROOT / "web/package.json").read_text())["dependencies"]
    assert list(wanted) == ["onnxruntime-web"] and wanted["onnxruntime-web"][0].isdigit()
