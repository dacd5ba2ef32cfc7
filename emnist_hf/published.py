"""The form in which a checkpoint stands on the Hub: what each tool there looks for, with no code of ours.

`config.json` and `model.safetensors` are the checkpoint's, with one channel; emnist-hf and timm read them. transformers
hands every picture over in three channels, so `rgb.safetensors` holds the same network with its first layer spread over
three, a third of its weights to each: grey pictures get the same answers. config.json names that file for transformers
alone, and `preprocessor_config.json` chooses transformers' only image processor that enlarges before it rounds.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from emnist_hf.card import PICTURES, bare_card, model_card
from emnist_hf.evaluation import SEEN_FILE
from emnist_hf.model import CONFIG, WEIGHTS, Checkpoint
from emnist_hf.onnx_export import FLOAT, QUANTIZED, export_onnx
from emnist_hf.rejection import FILE as REJECTION
from emnist_hf.usage import Published

CARD, PROCESSOR, RESULTS, RGB = "README.md", "preprocessor_config.json", "results.json", "rgb.safetensors"
CHANNELS = 3

FILES = (CARD, CONFIG, WEIGHTS, RGB, PROCESSOR, REJECTION, SEEN_FILE, RESULTS, *PICTURES, FLOAT, QUANTIZED)
"""All that a published checkpoint may consist of; only the first three and ONNX always are there."""


def write_published(checkpoint: Checkpoint, folder: Path, repo: str) -> list[str]:
    """Write into an empty folder what is to stand in the Hub's `repo`; returns the names, of `FILES`.

    Raises `OnnxError` if the packages of the extra `onnx` are missing or the model cannot be exported.
    """
    export_onnx(checkpoint, folder)
    for name in (WEIGHTS, REJECTION, SEEN_FILE, RESULTS, *PICTURES):
        if (checkpoint.folder / name).is_file():
            shutil.copyfile(checkpoint.folder / name, folder / name)
    config = json.loads((checkpoint.folder / CONFIG).read_text(encoding="utf-8"))
    plain = type(checkpoint.model).__module__.startswith("timm.")
    if plain and _write_rgb(config, folder):
        config["model_args"] = {k: v for k, v in config.get("model_args", {}).items() if k != "in_chans"}
        config["transformers_weights"] = RGB
    config["image_processor_type"] = _write_processor(checkpoint, folder)
    config["id2label"] = {str(index): label for index, label in enumerate(config["label_names"])}  # transformers.js
    _write_json(config, folder / CONFIG)
    _write_card(checkpoint, folder, repo, plain)
    return [name for name in FILES if (folder / name).is_file()]


def _write_rgb(config: dict[str, Any], folder: Path) -> bool:
    """Write the weights for three channels beside those for one. False for a model without one first convolution."""
    from safetensors.torch import load_file, save

    tensors = load_file(folder / WEIGHTS)
    first = f"{config['pretrained_cfg'].get('first_conv')}.weight"
    if first not in tensors or tensors[first].ndim != 4 or tensors[first].shape[1] != 1:
        return False
    tensors[first] = (tensors[first] / CHANNELS).repeat(1, CHANNELS, 1, 1).contiguous()
    (folder / RGB).write_bytes(save(tensors, metadata={"format": "pt"}))  # its save_file lets nobody else read it
    return True


def _write_processor(checkpoint: Checkpoint, folder: Path) -> str:
    """Write preprocessor_config.json; returns the class that it chooses.

    DepthPro's is general: scale to 0..1, normalise, then resize bilinearly, in floats. The others of transformers
    resize 8-bit pictures first, which rounds, and changes probabilities by up to 0.01.
    """
    kind = "DepthProImageProcessor"
    settings = {
        "image_processor_type": kind,
        "do_convert_rgb": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [checkpoint.mean] * CHANNELS,
        "image_std": [checkpoint.std] * CHANNELS,
        "do_resize": True,
        "size": {"height": checkpoint.image_size, "width": checkpoint.image_size},
        "resample": 2,  # bilinear, by PIL's number
    }
    _write_json(settings, folder / PROCESSOR)
    return kind


def _write_card(checkpoint: Checkpoint, folder: Path, repo: str, plain: bool) -> None:
    published = Published(repo, checkpoint.image_size, checkpoint.mean, checkpoint.std, plain)
    pictures = [name for name in PICTURES if (folder / name).is_file()]
    if (folder / RESULTS).is_file():
        results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
        card = model_card(results, pictures, published)
    else:
        card = bare_card(checkpoint.label_set.labels, published)
    (folder / CARD).write_text(card, encoding="utf-8")


def _write_json(value: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
