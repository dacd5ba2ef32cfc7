"""A page photographed badly: ink on plain, ruled or squared paper, in poor light and with a poor camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PAGE_CONDITIONS = ("plain", "ruled", "squared", "shadow", "skewed", "noisy", "jpeg", "pencil", "chalk", "small")


def photograph(
    ink: Floats, condition: str, size: int, matrix: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return ink on paper as a phone takes it: uint8 [H, W, 3].

    ink: coverage float32 [H, W], 1 = ink. condition: of `PAGE_CONDITIONS`. size: the em in pixels, which printed rules
    go by. matrix: float64 [2, 3], how the page was turned, and its rules with it.
    """
    paper = np.array((238, 236, 228), np.float32)
    pen = np.array(((40, 44, 60), (30, 50, 140), (24, 22, 20))[rng.integers(3)], np.float32)
    if condition == "chalk":
        paper, pen = np.array((52, 66, 58), np.float32), np.array((232, 230, 220), np.float32)
    if condition == "pencil":
        grain = cv2.GaussianBlur(rng.random(ink.shape, np.float32), (0, 0), 1.0)
        ink = ink * np.clip(0.75 + 3 * (grain - 0.5), 0.35, 1)
        pen = np.array((110, 108, 106), np.float32)
    sheet = np.broadcast_to(paper, (*ink.shape, 3)).copy()
    if condition in ("ruled", "squared"):
        _rule(sheet, condition, size, matrix)
    page = sheet * (1 - ink[:, :, None]) + pen * ink[:, :, None]
    if condition == "shadow":
        page *= hand_shadow(ink.shape, rng)[:, :, None]
    page = cv2.GaussianBlur(page, (0, 0), 0.7 if size > 40 else 0.5)
    page += rng.normal(0, 14 if condition == "noisy" else 2.5, page.shape).astype(np.float32)
    if condition == "noisy":
        specks = rng.random(ink.shape)
        page[specks < 0.002], page[specks > 0.998] = 20, 250
    bytes_ = page.clip(0, 255).astype(np.uint8)
    if condition == "jpeg":
        _, file = cv2.imencode(".jpg", bytes_[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 18])
        bytes_ = cv2.imdecode(file, cv2.IMREAD_COLOR)[:, :, ::-1]
    return np.ascontiguousarray(bytes_)


def _rule(sheet: Floats, condition: str, size: int, matrix: NDArray[np.float64]) -> None:
    """Print lines on a sheet, turned with the page: rules under the writing, or squares."""
    pitch = 1.45 * size if condition == "ruled" else 0.5 * size
    reach = 2 * max(sheet.shape[:2])
    colour = (170, 190, 220)

    def line(a: tuple[float, float], b: tuple[float, float]) -> None:
        ends = np.array([a, b]) @ matrix[:, :2].T + matrix[:, 2]
        first, second = ((round(x), round(y)) for x, y in ends)
        cv2.line(sheet, first, second, colour, max(1, size // 32), cv2.LINE_AA)

    start = (size + size + 4) % pitch
    for i in range(int(reach / pitch)):
        line((-reach, start + i * pitch), (reach, start + i * pitch))
        if condition == "squared":
            line((start + i * pitch, -reach), (start + i * pitch, reach))


def hand_shadow(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return light that falls to one side, with the soft edge of a hand's shadow: float64 [H, W]."""
    height, width = shape[:2]
    across, down = np.linspace(0, 1, width, dtype=np.float32), np.linspace(0, 1, height, dtype=np.float32)
    light = 1 - 0.35 * (rng.uniform(0.3, 1) * across[None] + rng.uniform(0, 0.6) * down[:, None])
    edge = rng.uniform(0.3, 0.7) + rng.uniform(-0.4, 0.4) * down[:, None]
    return light * (1 - 0.4 / (1 + np.exp((across[None] - edge) / 0.03)))
