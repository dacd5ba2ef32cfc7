"""The small Keras CNN that this project replaces, as a timm architecture: trained by the same script, it is comparable.

Importing this module makes `timm.create_model("emnist_replaced_cnn")` work; `network.create_model` imports it.
"""

from __future__ import annotations

from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import Tensor, nn

from emnist_hf.errors import EmnistError

SIDE = 28
default_cfgs = generate_default_cfgs(
    {
        "emnist_replaced_cnn": {
            "input_size": (1, SIDE, SIDE),
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "first_conv": "features.0",
            "classifier": "head",
        }
    }
)


class ReplacedCNN(nn.Module):
    """Three convolutions and three dense layers: float32 [N, in_chans, 28, 28] to logits, float32 [N, num_classes].

    3x3 convolutions of 32, 64 and 128 channels, each with ReLU and 2x2 max pooling, then 256, 128 and `num_classes`
    units: 264,894 parameters for 62 classes, as many as the original has. Its padding is not on record; of the ways
    that give this count, this is the usual one: the second convolution alone is padded.

    Raises `EmnistError` for input of another side, which the first dense layer could not take.
    """

    def __init__(self, in_chans: int = 1, num_classes: int = 62) -> None:
        super().__init__()
        self.in_chans, self.num_classes, self.num_features = in_chans, num_classes, 128
        self.features = nn.Sequential(
            nn.Conv2d(in_chans, 32, 3),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.dense = nn.Sequential(
            nn.Flatten(),
            nn.Linear(128 * 2 * 2, 256),
            nn.ReLU(inplace=True),
            nn.Linear(256, self.num_features),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Linear(self.num_features, num_classes)
        for layer in self.modules():  # as Keras starts them
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def get_classifier(self) -> nn.Module:
        """Return the last layer."""
        return self.head

    def reset_classifier(self, num_classes: int) -> None:
        """Make a fresh last layer for other labels."""
        self.num_classes = num_classes
        self.head = nn.Linear(self.num_features, num_classes)

    def forward_features(self, pixels: Tensor) -> Tensor:
        """Return what the convolutions find, float32 [N, 128, 2, 2], in pixels float32 [N, in_chans, 28, 28]."""
        if pixels.shape[-2:] != (SIDE, SIDE):
            high, wide = pixels.shape[-2:]
            raise EmnistError(
                f"emnist_replaced_cnn takes {SIDE}x{SIDE} pixels, not {high}x{wide}: --image_size {SIDE}."
            )
        return self.features(pixels)

    def forward_head(self, found: Tensor, pre_logits: bool = False) -> Tensor:
        """Return logits of what the convolutions find, or with `pre_logits` the last layer's float32 [N, 128]."""
        dense = self.dense(found)
        return dense if pre_logits else self.head(dense)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(pixels))


@register_model
def emnist_replaced_cnn(pretrained: bool = False, **kwargs: Any) -> ReplacedCNN:
    """`ReplacedCNN`, as timm makes its models. There are no pretrained weights."""
    return build_model_with_cfg(ReplacedCNN, "emnist_replaced_cnn", pretrained, **kwargs)
