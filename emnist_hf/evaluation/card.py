"""The model card: written from results.json alone, so that no number in it was typed by hand.

Its text stands in `templates/`: card.md, bare_card.md, and the section "Use" of a folder and of a Hub repository.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emnist_hf.evaluation.markdown import render
from emnist_hf.evaluation.metrics import describe_unscored, write_json
from emnist_hf.models.checkpoint import CARD, PICTURES, RESULTS
from emnist_hf.splits import SPLITS

PRECISIONS = {"no": "float32"}  # what Accelerate calls not mixing them
WEAKEST = 8  # classes that the card names


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

    @property
    def name(self) -> str:
        return self.repo.partition("/")[2]


def write_card(folder: Path, results: dict[str, Any]) -> Path:
    """Write the card README.md into a checkpoint folder from its results and pictures. Returns the path."""
    path = folder / CARD
    path.write_text(model_card(results, [name for name in PICTURES if (folder / name).is_file()]), encoding="utf-8")
    return path


def add_result(folder: Path, name: str, value: dict[str, Any]) -> None:
    """Put what was found out later into results.json and the card of a checkpoint folder, if it has results."""
    path = folder / RESULTS
    if path.is_file():
        results = json.loads(path.read_text(encoding="utf-8")) | {name: value}
        write_json(results, path)
        write_card(folder, results)


def model_card(
    results: dict[str, Any], pictures: Sequence[str] = tuple(PICTURES), published: Published | None = None
) -> str:
    """Return the card as text: Hub metadata with model-index results, then numbers, data, use and limits.

    results: what training wrote to results.json; older ones do not list confusions, and their card says none.
    pictures: those of PICTURES that lie beside the card.
    published: the Hub repository that the card is for; None for a folder.
    """
    split, train = SPLITS[results["split"]], results["train"]
    validation, test = results["validation"], results.get("test")
    tests = [("validation, carved from train", validation)]
    if test is not None:
        tests.append((f"official {split.title} test" if test["official"] else "test rows", test))
    scored = test or validation
    return render(
        "card",
        metadata=_metadata(results, published),
        split=split,
        model=results["model"],
        parents=_parents(results["model"]),
        train=train,
        tests=tests,
        test=test,
        unscored=describe_unscored(test.get("per_class", []), split.label_set) if test else "",
        scored=scored,
        weakest=sorted(scored.get("per_class", []), key=lambda entry: entry["recall"])[:WEAKEST],
        pictures=[f"![{PICTURES[name]}]({name})" for name in pictures],
        rejection=results.get("not_a_character"),
        time=_time(train["seconds"]),
        recipe=results.get("recipe"),
        recipe_time=_time(results.get("recipe", {}).get("seconds", 0)),
        precision=PRECISIONS.get(train["mixed_precision"], train["mixed_precision"]),
        published=published,
    )


def _parents(model: dict[str, Any]) -> dict[str, str]:
    """Return how the card calls the checkpoints that a model came from: what nobody can load has no link."""
    names = [model.get("started_from"), *(model.get("teachers") or [])]

    def called(name: str) -> str:
        if name in model.get("published", []):
            return f"[{name}](https://huggingface.co/{name})"
        return f"the package's `{name}`" if name in SPLITS else f"a checkpoint that is not published (`{name}`)"

    return {name: called(name) for name in names if name}


def bare_card(labels: Sequence[str], published: Published) -> str:
    """Return the card of a checkpoint that came without results: what it is and how to use it, no numbers."""
    from huggingface_hub import ModelCardData

    metadata = ModelCardData(model_name=published.name, **_described(published)).to_yaml().strip()
    return render("bare_card", metadata=metadata, labels=labels, published=published)


def _time(seconds: float) -> str:
    """Say how long a run took, to the minute where there are two of them."""
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} second{'s' * (round(seconds) != 1)}"


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
        model_name=published.name if published else f"emnist-{split.name}",
        datasets=[on_the_hub] if on_the_hub else None,
        metrics=["accuracy", "f1"],
        eval_results=found,
        **_described(published),
    )
    return data.to_yaml().strip()


def _described(published: Published | None) -> dict[str, Any]:
    """Return what the metadata says of every checkpoint."""
    tags = ["emnist", "handwriting", "ocr", "image-classification", "timm", "transformers"]
    return {
        "license": "apache-2.0",
        "library_name": "timm",
        "pipeline_tag": "image-classification",
        "tags": tags + (["onnx", "transformers.js", "safetensors"] if published else []),
    }
