"""How each tool loads a checkpoint: the section "Use" of its card."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """What the card of a Hub repository must know of it.

    repo: user/name. image_size: side of the network's input in pixels. mean, std: of the normalisation. plain: whether
    timm and transformers load it on their own.
    """

    repo: str
    image_size: int
    mean: float
    std: float
    plain: bool = True


IN_A_FOLDER = """```python
from emnist_hf import Recognizer

Recognizer.from_pretrained("FOLDER_OR_HUB_ID").classify("photo.png")  # finds the ink, whatever the picture
```

```python
import timm

model = timm.create_model("local-dir:FOLDER", pretrained=True)  # or hf-hub:USER/NAME
```

```python
from transformers import AutoModelForImageClassification, pipeline
from emnist_hf.processor import GlyphImageProcessor

source = "FOLDER_OR_HUB_ID"
model = AutoModelForImageClassification.from_pretrained(source)
processor = GlyphImageProcessor.from_pretrained(source)
classify = pipeline("image-classification", model=model, image_processor=processor)
```

timm and transformers expect an EMNIST glyph; for photos, drawings and dark ink use emnist-hf.
`python -m emnist_hf push FOLDER USER/NAME` publishes this folder in a form that plain transformers takes."""

EMNIST_HF = """With emnist-hf, from any picture (a photo, a drawing, dark ink or light), whose ink it finds:

```python
from emnist_hf import Recognizer

Recognizer.from_pretrained("{repo}").classify("photo.png")
```
"""

PLAIN = """The others take an EMNIST glyph: 28x28, upright, white ink on black.

transformers, which reads `rgb.safetensors`, the same network for grey pictures in three channels:

```python
from transformers import pipeline

classify = pipeline("image-classification", model="{repo}")
classify("glyph.png")
```

timm, whose model takes one channel:

```python
import numpy as np
import timm
import torch
from PIL import Image

model = timm.create_model("hf-hub:{repo}", pretrained=True).eval()
glyph = torch.from_numpy(np.array(Image.open("glyph.png").convert("L")))[None, None] / 255
pixels = torch.nn.functional.interpolate(glyph, ({side}, {side}), mode="bilinear")
with torch.inference_mode():
    probabilities = model((pixels - {mean}) / {std}).softmax(dim=1)
labels = model.pretrained_cfg["label_names"]
```
"""

OURS = """The others take an EMNIST glyph: 28x28, upright, white ink on black. The architecture is emnist-hf's own: timm
and transformers know it only after `import emnist_hf.replaced_cnn`.
"""

ONNX = """ONNX Runtime; `onnx/model_quantized.onnx` is the same in int8:

```python
import numpy as np
import onnxruntime
from huggingface_hub import hf_hub_download
from PIL import Image

network = onnxruntime.InferenceSession(hf_hub_download("{repo}", "onnx/model.onnx"))
glyph = Image.open("glyph.png").convert("F").resize(({side}, {side}), Image.Resampling.BILINEAR)
pixels = (np.asarray(glyph)[None, None] / 255 - {mean}) / {std}
(logits,) = network.run(["logits"], {{"pixel_values": pixels.astype(np.float32)}})
```

transformers.js, in a browser or in Node (`dtype: "q8"` for int8). It enlarges 8-bit pictures, which rounds: its
probabilities may differ by up to 0.01. Its warnings of an unknown class and image processor are of no consequence.

```js
import {{ AutoImageProcessor, AutoModel, load_image }} from "@huggingface/transformers";

const model = await AutoModel.from_pretrained("{repo}", {{ dtype: "fp32" }});
const processor = await AutoImageProcessor.from_pretrained("{repo}");
const {{ pixel_values }} = await processor(await load_image("glyph.png"));
const {{ logits }} = await model({{ pixel_values }});
const label = model.config.id2label[logits.data.indexOf(Math.max(...logits.data))];
```

Only safetensors and ONNX are here, no pickles and no code."""


def usage(published: Published | None) -> str:
    """The section as Markdown: for a repository of the Hub, or, without one, for a folder."""
    if published is None:
        return IN_A_FOLDER
    text = "\n".join([EMNIST_HF, PLAIN if published.plain else OURS, ONNX])
    return text.format(repo=published.repo, side=published.image_size, mean=published.mean, std=published.std)
