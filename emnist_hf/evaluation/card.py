"""The model card: written from results.json alone, so that no number in it was typed by hand.

How each tool loads a checkpoint: the section "Use" of its card.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emnist_hf.evaluation.metrics import say_unscored, write_json
from emnist_hf.models.checkpoint import PICTURES
from emnist_hf.splits import SPLITS

TEMPLATE = """---
{metadata}
---

# EMNIST {title}: {architecture}, {parameters:.2f} M parameters

Reads one hand-printed character ({classes} classes) from a 28x28 picture, white ink on black, as EMNIST has them.
Trained by `train.py` of emnist-hf with timm and Accelerate. timm, transformers and emnist-hf load this folder.

## Numbers

| rows | accuracy (95 % interval) | top 3 | top 5 | macro F1 | case ignored | shape-folded | calibration error |
|---|---|---|---|---|---|---|---|
{table}

{note}
Shape-folded: case ignored, and 0 = O, 1 = I = L, 5 = S, 2 = Z count as one, as one character alone does not tell.
Calibration, fitted on validation rows, is in the last layer's weights: temperature
{temperature:.3f}{biases}.{frequencies}

{pictures}

Weakest classes: {weakest}.
{confusions}
## Data

{data}

{groups}No image of the validation or test rows is among the training rows{seen}
EMNIST (Cohen et al. 2017) comes from NIST Special Database 19, a work of the US government.{unipen}

## Use

{use}

## Limits

One seed, one run. Only its {classes} classes, hand-printed one by one: no accents, no punctuation, no joined script;
{others}{guess}

## Training

{start}{steps:,} steps in {time} on {device} ({processes} process{plural}, {precision}),
{speed:,.0f} images a second. Settings are in `results.json`.
"""


BARE = """---
{metadata}
---

# {name}

Reads one hand-printed character ({labels}) from a 28x28 picture, white ink on black, as EMNIST has them.
How it was trained and how good it is was not kept with it.

## Use

{use}
"""


GROUPS = """Rows whose label is known only up to a group (a C of ByMerge is C or c of ByClass) were learnt by the
likelihood of the group. """


SEEN = "; `trained_on.npz` holds the hashes to check that by."


UNSEEN = """ of this run. What a checkpoint that it started or learnt from was trained on is not known: the numbers may
be too good."""


GUESS = """ What the shape does not show (0 or O, 1 or I or l, in ByClass the case of C, O, S, V, W, X, Z) is
guessed from how frequent each is in EMNIST."""


BIASES = ", and a bias for each class, of {:.2f} at the most"


FREQUENCIES = """ It answers for the class
frequencies of the full official training set, to which the loss was adjusted and the validation rows weighted."""


CONFUSIONS = """
Most frequent mistakes: {most}.
Those that a shape can tell apart: {shapes}.
"""


PRECISIONS = {"no": "float32"}  # what Accelerate calls not mixing them


def write_card(folder: Path, results: dict[str, Any]) -> Path:
    """Write the card README.md into a checkpoint folder from its results and pictures. Returns the path."""
    path = folder / "README.md"
    path.write_text(model_card(results, [name for name in PICTURES if (folder / name).is_file()]), encoding="utf-8")
    return path


def add_result(folder: Path, name: str, value: dict[str, Any]) -> None:
    """Put what was found out later into results.json and the card of a checkpoint folder, if it has results."""
    path = folder / "results.json"
    if path.is_file():
        results = json.loads(path.read_text(encoding="utf-8")) | {name: value}
        write_json(results, path)
        write_card(folder, results)


def model_card(
    results: dict[str, Any], pictures: Sequence[str] = tuple(PICTURES), published: Published | None = None
) -> str:
    """The card as text: Hub metadata with model-index results, then numbers, data, use and limits.

    results: what training wrote to results.json; older ones do not list confusions, and their card says none.
    pictures: those of PICTURES that lie beside the card.
    published: the Hub repository that the card is for; None for a folder.
    """
    split = SPLITS[results["split"]]
    train, scored = results["train"], results.get("test") or results["validation"]
    rows = [("validation, carved from train", results["validation"])]
    note = "No test rows were there."
    if "test" in results:
        rows.append((_test_name(results["test"], split.title), results["test"]))
        note = {
            True: f"The test rows are all {split.test_rows:,} of the official {split.title} test; settings were "
            f"chosen on validation rows.",
            False: f"The test rows are not the official {split.title} test: not to be compared with published figures.",
            None: f"The test rows number {split.test_rows:,} like the official {split.title} test; whether they are "
            f"those rows is not known.",
        }[results["test"]["official"]]
        note = f"{note} {say_unscored(results['test'].get('per_class', []), split.label_set)}".strip()
    unipen = any("unipen" in name for name in train["rows"])
    return TEMPLATE.format(
        metadata=_metadata(results, published).strip(),
        use=usage(published),
        title=split.title,
        architecture=results["model"]["architecture"],
        parameters=results["model"]["parameters"] / 1e6,
        classes=len(split.labels),
        table="\n".join(_table_row(name, metrics) for name, metrics in rows),
        note=note,
        frequencies=FREQUENCIES if results["model"].get("class_frequencies") == "official" else "",
        temperature=results["model"]["temperature"],
        biases=BIASES.format(results["model"]["largest_bias"]) if "largest_bias" in results["model"] else "",
        pictures="\n\n".join(f"![{PICTURES[name]}]({name})" for name in pictures),
        weakest=_weakest(scored),
        confusions=_confusions(scored),
        data="\n".join(_source_row(name, count, train["weights"][name]) for name, count in train["rows"].items()),
        groups=GROUPS if len(train["rows"]) > 1 else "",
        seen=SEEN if results["model"].get("parent_is_known", True) else UNSEEN,
        others=_others(results),
        guess=GUESS if split.label_set.name in ("byclass", "bymerge") else "",
        unipen="\nUNIPEN strokes (Guyon et al. 1994, doi 10.5281/zenodo.1195803, CC BY 4.0) are among the rows."
        if unipen
        else "",
        start=_origin(results["model"]),
        steps=train["steps"],
        time=_time(train["seconds"]),
        device=train["device"],
        processes=train["processes"],
        plural="" if train["processes"] == 1 else "es",
        precision=PRECISIONS.get(train["mixed_precision"], train["mixed_precision"]),
        speed=train["images_per_second"],
    )


def _time(seconds: float) -> str:
    """How long a run took, to the minute where there are two of them."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} second{'s' * (round(seconds) != 1)}"


def _others(results: dict[str, Any]) -> str:
    """What becomes of a picture that shows none of the characters."""
    found = results.get("not_a_character")
    if found is None:
        return "anything else is still given one of these labels."
    caught, passed = f"{found['drawings_refused']:.1%}", f"{found['characters_refused']:.1%}"
    return (
        f"emnist-hf tells most of what is none of them by `not_a_character.safetensors`: {caught} of\n"
        f"{found['drawings']:,} scribbles, marks, shapes, pairs and noise that it drew itself, and {passed} of\n"
        f"{found['characters']:,} characters from validation rows (area under the curve "
        f"{found['auroc']:.4f}).\ntimm and transformers give each some label."
    )


def _origin(model: dict[str, Any]) -> str:
    """The checkpoints that a run started from and learnt from, as sentences."""
    parent, teachers = model.get("started_from"), model.get("teachers")
    start = f"Goes on from the checkpoint {parent}" if parent else ""
    if kept := model.get("parent_weight"):
        start += f", which keeps a share of {kept:g} in the weights at the end"
    start += ". " if start else ""
    return start + (f"Learnt from the labels and from the checkpoints {', '.join(teachers)}. " if teachers else "")


def _test_name(test: dict[str, Any], title: str) -> str:
    return f"official {title} test" if test["official"] else "test rows"


def _table_row(name: str, metrics: dict[str, Any]) -> str:
    low, high = metrics["accuracy_interval"]
    return (
        f"| {name}, {metrics['rows']:,} | {metrics['accuracy']:.4f} ({low:.4f} to {high:.4f}) | {metrics['top3']:.4f} "
        f"| {metrics['top5']:.4f} | {metrics['macro_f1']:.4f} | {metrics['accuracy_case_insensitive']:.4f} "
        f"| {metrics['accuracy_shape_folded']:.4f} | {metrics['ece']:.4f} |"
    )


def _source_row(name: str, count: int, weight: float) -> str:
    return f"- `{name}`: {count:,} rows" + (f", weight {weight:g}" if weight != 1 else "")


def _weakest(metrics: dict[str, Any], count: int = 8) -> str:
    worst = sorted(metrics.get("per_class", []), key=lambda entry: entry["recall"])[:count]
    return (
        ", ".join(
            f"{entry['label']} ({entry['recall']:.3f} of {entry['rows']:,} right"
            + (f", most taken for {entry['most_taken_for']})" if entry["most_taken_for"] else ")")
            for entry in worst
        )
        or "not measured"
    )


def _confusions(metrics: dict[str, Any], count: int = 8) -> str:
    if "worst_confusions" not in metrics:
        return ""
    most, shapes = (
        ", ".join(
            f"{e['label']} read as {e['answer']} ({e['rows']:,} row{'s' * (e['rows'] != 1)})"
            for e in metrics[key][:count]
        )
        or "none"
        for key in ("worst_confusions", "worst_confusions_shape_folded")
    )
    return CONFUSIONS.format(most=most, shapes=shapes)


def bare_card(labels: Sequence[str], published: Published) -> str:
    """The card of a checkpoint that came without results: what it is and how to use it, no numbers."""
    from huggingface_hub import ModelCardData

    name = published.repo.partition("/")[2]
    metadata = ModelCardData(model_name=name, **_described(published)).to_yaml().strip()
    shown = ", ".join(labels)
    return BARE.format(metadata=metadata, name=name, labels=f"{len(labels)} classes: {shown}", use=usage(published))


def _metadata(results: dict[str, Any], published: Published | None) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    split = SPLITS[results["split"]]
    part = "test" if "test" in results else "validation"
    on_the_hub = results["train"].get("hub_data_set")  # its id there; another name would lead nowhere
    found = [
        EvalResult(
            task_type="image-classification",
            task_name="Image Classification",
            dataset_type=on_the_hub or "emnist",  # which must be given, and may be of another place
            dataset_name=f"EMNIST {split.title}",
            dataset_config=split.name,
            dataset_split=part,
            metric_type=metric,
            metric_name=name,
            metric_value=round(results[part][key], 5),
        )
        for metric, name, key in (("accuracy", "Accuracy", "accuracy"), ("f1", "Macro F1", "macro_f1"))
    ]
    data = ModelCardData(
        model_name=published.repo.partition("/")[2] if published else f"emnist-{split.name}",
        datasets=[on_the_hub] if on_the_hub else None,
        metrics=["accuracy", "f1"],
        eval_results=found,
        **_described(published),
    )
    return data.to_yaml()


def _described(published: Published | None) -> dict[str, Any]:
    """What the metadata says of every checkpoint."""
    tags = ["emnist", "handwriting", "ocr", "image-classification", "timm", "transformers"]
    return {
        "license": "apache-2.0",
        "library_name": "timm",
        "pipeline_tag": "image-classification",
        "tags": tags + (["onnx", "transformers.js", "safetensors"] if published else []),
    }


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
