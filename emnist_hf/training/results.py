"""How a run ends: calibrated, scored, and written as a checkpoint folder with results, pictures and card."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import nn

from emnist_hf.data.images import Images
from emnist_hf.evaluation import figures
from emnist_hf.evaluation.calibration import calibration_bins, fit_calibration
from emnist_hf.evaluation.card import write_card
from emnist_hf.evaluation.metrics import confusion, report, score, write_json
from emnist_hf.evaluation.seen import save_seen
from emnist_hf.hub_session import is_repo_id
from emnist_hf.models.network import calibrate, count_parameters, save_checkpoint, to_input
from emnist_hf.training.augment import Augmentation, network_input
from emnist_hf.training.config import TrainConfig
from emnist_hf.training.rejection import add_rejection
from emnist_hf.training.run_data import RunData
from emnist_hf.training.run_state import Progress

Probabilities = NDArray[np.float32]


def predict_probabilities(model: nn.Module, images: Images, image_size: int, accelerator: Accelerator) -> Probabilities:
    """Return probabilities float32 [N, classes] of glyphs uint8 [N, 28, 28], as `predict_logits` does."""
    return _softmax(predict_logits(model, images, image_size, accelerator))


def predict_logits(
    model: nn.Module, images: Images, image_size: int, accelerator: Accelerator, batch: int = 512
) -> NDArray[np.float32]:
    """Return logits float32 [N, classes] of glyphs uint8 [N, 28, 28], in float32, shared out over the processes."""
    model.eval()
    share = np.array_split(np.arange(len(images)), accelerator.num_processes)[accelerator.process_index]
    parts = []
    with torch.inference_mode():
        for start in range(0, max(len(share), 1), batch):
            mine = torch.from_numpy(images[share[start : start + batch]]).to(accelerator.device)
            parts.append(model(network_input(to_input(mine, image_size))).float().cpu())
    if accelerator.num_processes == 1:
        return torch.cat(parts).numpy()
    return np.concatenate(gather_object([torch.cat(parts).numpy()]))


def _softmax(logits: NDArray[np.float32]) -> Probabilities:
    return torch.from_numpy(logits).softmax(dim=1).numpy()


def write_results(
    accelerator: Accelerator,
    config: TrainConfig,
    augmentation: Augmentation,
    model: nn.Module,
    data: RunData,
    progress: Progress,
) -> dict[str, Any]:
    """Calibrate on validation rows, look at the test rows once, write checkpoint, results, pictures and card.

    All processes score; the main one writes, and returns what it wrote into results.json. The others return {}.
    """
    split, folder = config.emnist_split, Path(config.output_dir)
    calibration, validation = _calibrate(model, data, config, accelerator)
    test = None
    if data.test is not None:
        test = predict_probabilities(model, data.test.images, config.image_size, accelerator)
    if not accelerator.is_main_process:
        return {}
    results = {
        "split": split.name,
        "model": _model_record(config, model, data) | calibration,
        "validation": score(validation, data.validation.labels, split.label_set),
    }
    if data.test is not None and test is not None:
        results["test"] = report(test, data.test, split)
    results |= {
        "train": _train_record(config, data, progress, accelerator),
        "settings": public(asdict(config)) | {"augmentation": asdict(augmentation)},
        "versions": _versions(),
    }
    save_checkpoint(model, folder, split.label_set, image_size=config.image_size, split=split.name)
    if data.seen is not None:
        save_seen(data.seen, folder, data.learnt)
    results["not_a_character"] = add_rejection(folder, data, config.seed)
    if data.test is not None and test is not None:
        _draw_figures(results, test, data.test.labels, config, "test rows")
    else:
        _draw_figures(results, validation, data.validation.labels, config, "validation rows")
    write_json(results, folder / "results.json")
    write_card(folder, results)
    return results


def _calibrate(
    model: nn.Module, data: RunData, config: TrainConfig, accelerator: Accelerator
) -> tuple[dict[str, Any], Probabilities]:
    """Fit temperature and biases on validation rows and put them into the model.

    Returns what results.json says of them, and the probabilities of the validation rows with them.
    """
    logits = predict_logits(model, data.validation.images, config.image_size, accelerator)
    temperature, bias = fit_calibration(logits, data.validation.labels, config.class_counts)
    calibrate(model, temperature, bias)
    record = {
        "temperature": temperature,
        "largest_bias": float(np.abs(bias).max()),
        "class_frequencies": config.class_frequencies,
    }
    return record, _softmax((logits / temperature + bias).astype(np.float32))


def _model_record(config: TrainConfig, model: nn.Module, data: RunData) -> dict[str, Any]:
    """Return what results.json says of the network and of those that it learnt from."""
    return {
        "architecture": model.pretrained_cfg["architecture"],
        "started_from": public(config.model_name_or_path),
        "parent_weight": config.parent_weight,
        "teachers": public(config.teacher_name_or_path),
        "published": sorted(filter(_on_the_hub, {config.model_name_or_path or "", *config.teacher_name_or_path})),
        "parent_is_known": data.seen is not None,
        "parameters": count_parameters(model),
        "image_size": config.image_size,
    }


def _train_record(config: TrainConfig, data: RunData, progress: Progress, accelerator: Accelerator) -> dict[str, Any]:
    """Return what results.json says of the rows, the steps and the machine."""
    return {
        "hub_data_set": config.dataset if _on_the_hub(config.dataset) else None,
        "rows": {source.name: len(source.rows) for source in data.sources},
        "weights": {source.name: source.weight for source in data.sources},
        "steps": progress.step,
        "seconds": round(progress.seconds, 1),
        "images_per_second": round(progress.images_per_second, 1),
        "processes": accelerator.num_processes,
        "device": accelerator.device.type,
        "mixed_precision": accelerator.mixed_precision,
        "history": progress.history,
    }


def _draw_figures(
    results: dict[str, Any], probabilities: Probabilities, labels: NDArray[np.int64], config: TrainConfig, rows: str
) -> None:
    """Draw the pictures of the card.

    None shows rows: checkpoints are published, and whose images they are may matter.
    """
    split, folder = config.emnist_split, Path(config.output_dir)
    title = f"{split.title}, {rows}"
    table = confusion(probabilities, labels, len(split.labels))
    figures.plot_confusion(table, split.labels, folder / "confusion.png", title)
    bins = calibration_bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    figures.plot_calibration(bins, folder / "calibration.png", title)
    title = f"{split.title}, {results['model']['architecture']}"
    history, taught = results["train"]["history"], bool(config.teacher_name_or_path)
    figures.plot_curve(history, folder / "curve.png", title, taught=taught)


def _on_the_hub(name: str) -> bool:
    """Tell whether what a run was told is a repository's name, and no folder's."""
    return is_repo_id(name) and not os.path.exists(name)


def public(value: Any) -> Any:
    """Return a setting with paths as their last parts: where somebody's files lie is nobody's business."""
    if isinstance(value, dict):
        return {key: public(part) for key, part in value.items()}
    if isinstance(value, list):
        return [public(part) for part in value]
    return Path(value).name if isinstance(value, str) and os.path.isabs(value) else value


def _versions() -> dict[str, str]:
    packages = ("torch", "timm", "accelerate", "datasets", "numpy")
    return {name: version(name) for name in packages} | {"python": platform.python_version()}
