"""The image processor that lets plain transformers read a checkpoint.

    from transformers import AutoModelForImageClassification, pipeline
    from emnist_hf.processor import GlyphImageProcessor

    model = AutoModelForImageClassification.from_pretrained(folder)
    processor = GlyphImageProcessor.from_pretrained(folder)
    classify = pipeline("image-classification", model=model, image_processor=processor)

The pipeline hands every picture over as RGB; the network takes one channel. The stock processor for timm checkpoints
does not convert back, so this one does; what `python -m emnist_hf push` published needs no such thing. It expects an
EMNIST glyph (28x28, white ink on black); for any other picture use `emnist_hf.Recognizer`, which finds the ink first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import BatchFeature, TimmWrapperImageProcessor
from transformers.image_utils import make_flat_list_of_images, to_numpy_array


class GlyphImageProcessor(TimmWrapperImageProcessor):
    """`TimmWrapperImageProcessor` for one-channel checkpoints: pictures of any mode become greyscale first.

    What `emnist_hf push` published takes the grey in three channels, in transformers, and gets it.
    """

    def __init__(self, pretrained_cfg: dict[str, Any], architecture: str | None = None, **config: Any) -> None:
        super().__init__(pretrained_cfg, architecture, **config)
        self.channels = int((config.get("model_args") or {}).get("in_chans", 3))

    def preprocess(self, images: Any, return_tensors: Any = "pt", **kwargs: Any) -> BatchFeature:
        """Glyphs (PIL pictures, arrays or tensors, one or a list) to `pixel_values`, float32 [N, C, side, side].

        C is `channels`, those that the model takes.
        """
        if getattr(images, "ndim", 0) == 2:
            images = images[None]  # transformers asks for a channel
        grey = [np.array(self._grey(image)) for image in make_flat_list_of_images(images)]
        # As floats: enlarging 8-bit pictures rounds, and answers would differ from Recognizer's by up to 0.01.
        pixels = torch.from_numpy(np.stack(grey))[:, None].float() / 255
        pixels = self.val_transforms(pixels).expand(-1, self.channels, -1, -1)
        return BatchFeature({"pixel_values": pixels}, tensor_type=return_tensors)

    @staticmethod
    def _grey(image: Any) -> Image.Image:
        if not isinstance(image, Image.Image):
            array = to_numpy_array(image)
            if array.dtype.kind == "f":  # 0 to 1, as tensors are
                array = np.clip(np.rint(array * 255), 0, 255)
            array = array.astype(np.uint8)
            if array.ndim == 3 and array.shape[0] in (1, 3):
                array = array.transpose(1, 2, 0)
            image = Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array)
        return image.convert("L")
