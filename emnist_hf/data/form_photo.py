"""A composed form scanned or photographed: askew, in uneven light, blurred, noisy, stored as a small JPEG."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.data.compose import Box, Floats
from emnist_hf.data.photograph import hand_shadow

FORM_CONDITIONS = ("scan", "skewed", "photo", "coloured", "dotted", "gaps", "small", "pencil")
PAPER = (244, 242, 236)


def take(
    printed: NDArray[np.uint8], pen: Floats, condition: str, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Lay the pen, float32 [H, W], on the print, uint8 [H, W, 3], and have the sheet scanned or photographed.

    Returns the picture, uint8 [h, w, 3], and the homography from the sheet to it, float64 [3, 3].
    """
    colour = np.array(((40, 44, 60), (30, 50, 140), (24, 22, 20))[rng.integers(3)], np.float32)
    if condition == "pencil":
        colour = np.array((120, 118, 116), np.float32)
    paper = printed.astype(np.float32) * (np.array(PAPER, np.float32) / 255)
    ink = pen[:, :, None]
    page = paper * (1 - ink) + np.minimum(colour, paper) * ink
    height, width = pen.shape
    matrix = _view(pen.shape, condition, rng)
    corners = cv2.perspectiveTransform(np.array([[[0, 0], [width, 0], [width, height], [0, height]]], float), matrix)[0]
    low, high = np.floor(corners.min(axis=0)), np.ceil(corners.max(axis=0))
    matrix = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]]) @ matrix
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    beyond = (110, 90, 70) if condition == "photo" else PAPER
    seen = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_AREA, borderValue=beyond)
    return _taken(seen, condition, rng), matrix


def _view(shape: tuple[int, ...], condition: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the homography, float64 [3, 3], from the sheet to the picture: a turn, a camera held askew, a scale."""
    height, width = shape
    turn = rng.choice((-1, 1)) * rng.uniform(3, 9) if condition == "skewed" else rng.normal(0, 0.5)
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), float(turn), 0.5 if condition == "small" else 1.0)
    if condition != "photo":
        return matrix
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    askew = corners + rng.uniform(-0.07, 0.07, (4, 2)).astype(np.float32) * (width, height)
    return np.asarray(matrix @ cv2.getPerspectiveTransform(corners, askew.astype(np.float32)))


def moved(box: Box, matrix: NDArray[np.float64]) -> Box:
    """Return the box around a box that a homography moves."""
    left, top, right, bottom = box
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], float)
    places = cv2.perspectiveTransform(corners, matrix)[0]
    low, high = np.rint(places.min(axis=0)), np.rint(places.max(axis=0))
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _taken(page: Floats, condition: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the sheet in its light, with the blur and the noise of what took it, uint8 [H, W, 3]."""
    if condition == "photo":
        page = page * hand_shadow(page.shape, rng)[:, :, None].astype(np.float32)
    page = cv2.GaussianBlur(np.asarray(page, np.float32), (0, 0), 0.9 if condition == "photo" else 0.5)
    page += rng.normal(0, 4 if condition == "photo" else 2, page.shape).astype(np.float32)
    bytes_ = page.clip(0, 255).astype(np.uint8)
    if condition in ("photo", "small"):
        _, file = cv2.imencode(".jpg", bytes_[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])
        bytes_ = cv2.imdecode(file, cv2.IMREAD_COLOR)[:, :, ::-1]
    return np.ascontiguousarray(bytes_)
