"""Batch augmentation on tensors: what another writer, pen or scanner would have done to the same character.

One pass over the batch: stroke weight at 28x28, then rotation, shear, scale, shift, elastic bending and the
enlargement to the network's input in a single `grid_sample`. No mirror images: a mirrored letter is another letter or
none. All randomness comes from one generator, so that a resumed run repeats an unbroken one exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from emnist_hf.errors import EmnistError
from emnist_hf.models.checkpoint import MEAN, STD, normalise


def _change(default: float, text: str) -> float:
    """Declare a field of `Augmentation` with its line in train.py --help."""
    value: float = field(default=default, metadata={"help": f"{text}; 0 for none (default: %(default)s)"})
    return value


@dataclass(frozen=True)
class Augmentation:
    """How far each change goes; 0 switches it off.

    Ranges are the half-width of a uniform distribution, except `elastic`, the standard deviation of the displacement
    of a 4x4 control grid (after Simard, Steinkraus, Platt 2003), and the shares, which are probabilities.
    """

    rotation: float = _change(12.0, "turn each image by up to so many degrees")
    shear: float = _change(0.25, "horizontal slant of up to so much per unit of height")
    scale: float = _change(0.12, "grow or shrink by up to this share of the size, per axis")
    shift: float = _change(0.06, "move by up to this share of the picture's side")
    elastic: float = _change(0.035, "bend by displacements of this share of the side (standard deviation)")
    stroke_weight: float = _change(0.5, "share of images whose strokes are thickened or thinned")
    contrast: float = _change(0.25, "make edges harder or softer by an exponent of up to exp(so much)")
    cutout: float = _change(0.1, "share of images that lose a patch of 6x6 pixels")

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise EmnistError(f"Augmentation {name} is {value}: give a number of at least 0.")
        if self.stroke_weight > 1 or self.cutout > 1:
            raise EmnistError("Augmentation stroke_weight and cutout are shares of the images: give at most 1.")


def augment(images: Tensor, side: int, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Return a changed copy of each image: uint8 [N, 28, 28] to float32 [N, 1, side, side], 0 to 1, on the same device.

    `generator` lives on the CPU: the same seed gives the same pictures on every device.
    """
    pixels = images.unsqueeze(1).float() / 255
    pixels = _change_weight(pixels, settings, generator)
    grid = _sampling_grid(len(images), side, settings, generator).to(pixels.device)
    return F.grid_sample(pixels, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def network_input(pixels: Tensor, mean: float = MEAN, std: float = STD) -> Tensor:
    """Normalise float32 [N, 1, side, side], 0 to 1, and lay it out as convolutions like it best."""
    return normalise(pixels, mean, std).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Mixture:
    """A batch laid over itself: image i is `share` of row i and the rest of row `order[i]`."""

    order: Tensor  # int64 [N]
    share: float  # 0 to 1


def mix(pixels: Tensor, alpha: float, generator: torch.Generator) -> tuple[Tensor, Mixture | None]:
    """Mix a batch, float32 [N, 1, side, side], with itself (mixup, Zhang et al. 2018), and say how; not if alpha is 0.

    One share a batch, of Beta(alpha, alpha), as the paper's own code has it.
    """
    if not alpha:
        return pixels, None
    seed = int(torch.randint(2**31, (1,), generator=generator))  # torch's own Beta takes no generator
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    order = torch.randperm(len(pixels), generator=generator).to(pixels.device)
    return torch.lerp(pixels[order], pixels, share), Mixture(order, share)


def _uniform(count: int, reach: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator) * 2 - 1) * reach


def _change_weight(pixels: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Thicken or thin strokes by up to a pixel a side, harden or soften their edges, cut a patch out."""
    count, device = len(pixels), pixels.device
    if settings.stroke_weight:
        amount = _uniform(count, 1.0, generator) * (torch.rand(count, generator=generator) < settings.stroke_weight)
        amount = amount.view(-1, 1, 1, 1).to(device)
        thick = F.max_pool2d(pixels, 3, 1, 1)
        thin = -F.max_pool2d(-pixels, 3, 1, 1)
        # Thinning goes half as far: a hairline would vanish.
        pixels = torch.lerp(pixels, torch.where(amount > 0, thick, thin), torch.where(amount > 0, amount, -amount / 2))
    if settings.contrast:
        exponent = torch.exp(_uniform(count, settings.contrast, generator)).view(-1, 1, 1, 1).to(device)
        pixels = pixels.pow(exponent)
    if settings.cutout:
        pixels = pixels * _patch_mask(count, pixels.shape[-1], settings.cutout, generator).to(device)
    return pixels


def _patch_mask(count: int, side: int, share: float, generator: torch.Generator, patch: int = 6) -> Tensor:
    """Return ones [N, 1, side, side], with a zero patch somewhere in a share of the masks."""
    corners = torch.randint(0, side - patch + 1, (2, count, 1), generator=generator)
    inside = (torch.arange(side) >= corners) & (torch.arange(side) < corners + patch)
    chosen = (torch.rand(count, generator=generator) < share).view(-1, 1, 1)
    return 1 - (chosen & inside[0].unsqueeze(2) & inside[1].unsqueeze(1)).float().unsqueeze(1)


def _sampling_grid(count: int, side: int, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Return where each output pixel is read from, [N, side, side, 2] in -1 to 1: affine, then bent smoothly."""
    angle = _uniform(count, math.radians(settings.rotation), generator)
    shear = _uniform(count, settings.shear, generator)
    wide, high = (1 / (1 + _uniform(count, settings.scale, generator)) for _ in range(2))
    across, down = (_uniform(count, 2 * settings.shift, generator) for _ in range(2))
    cosine, sine = torch.cos(angle), torch.sin(angle)
    theta = torch.stack(
        [
            torch.stack([cosine * wide, (shear * cosine - sine) * high, across], dim=1),
            torch.stack([sine * wide, (shear * sine + cosine) * high, down], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta, [count, 1, side, side], align_corners=False)
    if settings.elastic:
        control = torch.randn(count, 2, 4, 4, generator=generator) * (2 * settings.elastic)
        field = F.interpolate(control, size=(side, side), mode="bicubic", align_corners=True)
        grid = grid + field.permute(0, 2, 3, 1)
    return grid
