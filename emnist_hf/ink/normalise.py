"""Scale the contrast of a picture to coverage, stroke by stroke, and leave out what is no stroke."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emnist_hf.ink.paper import noise_of, sampling_step
from emnist_hf.ink.picture import BLANK, TOO_FAINT, NoInkError
from emnist_hf.ink.thresholds import EXTRACTION, STROKES
from emnist_hf.ink.types import Floats, Mask


def normalise(contrast: Floats, haze: float, despeckled: bool) -> Floats | None:
    """Scale contrast, float32 [H, W], to coverage: paper to 0, strokes to 1. Return None when specks drown the rest.

    haze: share of a stroke's contrast that the light alone may make, 0 on even paper.

    Raises NoInkError when nothing stands out.
    """
    large = min(contrast.shape) > STROKES.smooth_side
    calm = cv2.GaussianBlur(contrast, (0, 0), STROKES.smooth) if large else contrast
    sample = sampled(calm)
    positive = sample[sample > STROKES.trace]
    strongest = float(np.percentile(positive, STROKES.strongest)) if positive.size else 0.0
    noise = 0.0
    if large and strongest:
        quiet = sample < STROKES.calm * strongest
        noise = _grain_of(calm, quiet) if haze else noise_of(sample[quiet])
    least = max(STROKES.least, (STROKES.uneven_noise if haze else STROKES.even_noise) * noise)
    if strongest < least:
        if haze and not despeckled and float(calm.max()) > least:
            return None
        raise NoInkError(TOO_FAINT if strongest > STROKES.shows * noise and strongest > STROKES.toe else BLANK)
    core = max(least, strongest * max(STROKES.faintest, STROKES.hazes * haze))
    outskirts = max(least * STROKES.from_least, core * STROKES.from_core, haze * strongest)
    level = _levels(calm, outskirts, core, despeckled)
    if level is None:
        return None
    # The soft edge lies outside the mask: let each stroke's level reach a little further.
    local = cv2.dilate(level, np.ones((STROKES.soft, STROKES.soft), np.uint8))
    calm_below = STROKES.calm * strongest
    sample = sampled(contrast)
    toe = min(max(STROKES.toe, STROKES.toe_noise * noise_of(sample[sample < calm_below])), calm_below)
    near = np.flatnonzero(local > 0)
    reached = local.ravel()[near]
    toes = np.maximum(toe, haze * reached)
    coverage = np.zeros(contrast.shape, np.float32)
    soft = (contrast.ravel()[near] - toes) / np.maximum(reached * STROKES.full - toes, 1e-6)
    coverage.ravel()[near] = np.clip(soft, 0, 1)
    return coverage


def _levels(calm: Floats, outskirts: float, core: float, despeckled: bool) -> Floats | None:
    """Return the greatest contrast of the stroke that each pixel belongs to, float32 [H, W], 0 where there is none.

    None when specks drown the strokes. outskirts: contrast of a stroke's pixels. core: of its strongest.
    """
    mask = calm > outskirts
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    inked = np.flatnonzero(mask)
    stroke = labels.ravel()[inked]
    level = np.zeros(count, np.float32)
    np.maximum.at(level, stroke, calm.ravel()[inked])
    keep = (level >= core) & _is_no_speck(np.bincount(stroke, minlength=count), calm.size)
    kept, dropped = int(keep[1:].sum()), count - 1 - int(keep[1:].sum())
    if not despeckled and _drown(dropped, kept):
        return None
    if kept == 0 or kept > STROKES.most:
        raise NoInkError
    level[~keep] = 0
    found = np.zeros(calm.shape, np.float32)
    found.ravel()[inked] = level[stroke]
    return found


def sampled(values: Floats) -> Floats:
    """Return some of the values of a picture, [H, W], from all over it."""
    return values.ravel()[:: _step(values)]


def _step(values: Floats) -> int:
    return sampling_step(values.size, EXTRACTION.sample, values.shape[1])


def _grain_of(calm: Floats, quiet: Mask) -> float:
    """Return the standard deviation of the noise where a sample is quiet, whatever the light does over a few pixels."""
    near = calm.ravel()[STROKES.apart :: _step(calm)]
    return noise_of((sampled(calm)[: len(near)] - near)[quiet[: len(near)]]) / 2**0.5


def _drown(specks: int, strokes: int) -> bool:
    """Tell whether there are so many specks beside the strokes, or strokes, that they are noise."""
    too_many = specks > max(STROKES.many_specks, STROKES.specks_a_stroke * strokes)
    return (strokes == 0 and specks >= STROKES.few_specks) or too_many or strokes > STROKES.most


def _is_no_speck(areas: NDArray[np.int64], pixels: int) -> Mask:
    """Tell which components, given by their pixels, are large enough to have been written, bool [N].

    At the least that is a dot of an i, judged by the largest. The first component is the paper. pixels: of the picture.
    """
    largest = int(areas[1:].max(initial=0))
    least = STROKES.small_area if pixels < STROKES.small else STROKES.area
    return areas >= max(least, min(largest * STROKES.of_largest, STROKES.any_area))
