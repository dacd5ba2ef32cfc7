"""What stands out of the paper of a form, printed rules of any colour among it."""

from __future__ import annotations

import cv2
import numpy as np

from emnist_hf.ink.types import Bytes, Mask


def ink_mask(picture: Bytes) -> Mask:
    """Return what stands out of the paper near it, bool [H, W], of a picture uint8 [H, W, 3], whatever the colours.

    The darkest of the channels shows rules of any colour on light paper; dark paper is turned to light first. The paper
    is a closing, in which nothing thin is left.
    """
    red, green, blue = cv2.split(picture)
    darkest = cv2.min(cv2.min(red, green), blue)  # many times as quick as a minimum over three
    if np.median(darkest[::4, ::4]) < 100:
        darkest = cv2.bitwise_not(cv2.max(cv2.max(red, green), blue))
    paper = cv2.morphologyEx(darkest, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    paper = cv2.blur(paper, (9, 9))
    contrast = cv2.subtract(paper, darkest)
    noise = float(np.median(contrast[::3, ::3]))
    return np.asarray(contrast) > max(14.0, 4 * noise, 0.12 * float(np.median(paper)))
