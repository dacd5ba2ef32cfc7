"""Fine-tune a small timm classifier on a split of EMNIST: the Accelerate loop.

Read `train` from top to bottom; everything else is what it calls. All that is random follows from the seed and the
step, so that a run that was killed and resumed ends like one that was not.
"""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from numpy.typing import NDArray
from torch import nn

from emnist_hf.data.cache import Images
from emnist_hf.evaluation import figures
from emnist_hf.evaluation.calibration import calibration_bins, fit_calibration
from emnist_hf.evaluation.card import write_card
from emnist_hf.evaluation.metrics import confusion, report, score, write_json
from emnist_hf.evaluation.seen import save_seen
from emnist_hf.hub_session import is_repo_id
from emnist_hf.models.checkpoint import normalise
from emnist_hf.models.network import calibrate, count_parameters, save_checkpoint, to_input
from emnist_hf.splits import LabelSet, find_split
from emnist_hf.training.augment import Augmentation
from emnist_hf.training.config import TrainConfig
from emnist_hf.training.rejection import add_rejection
from emnist_hf.training.run_data import RunData
from emnist_hf.training.run_state import Progress


def predict_logits(
    model: nn.Module, images: Images, image_size: int, accelerator: Accelerator, batch: int = 512
) -> NDArray[np.float32]:
    """Logits float32 [N, classes] of glyphs uint8 [N, 28, 28], shared out over the processes, in full precision."""
    model.eval()
    share = np.array_split(np.arange(len(images)), accelerator.num_processes)[accelerator.process_index]
    parts = []
    with torch.inference_mode():
        for start in range(0, max(len(share), 1), batch):
            mine = torch.from_numpy(images[share[start : start + batch]])
            pixels = to_input(mine.to(accelerator.device), image_size)
            pixels = normalise(pixels).contiguous(memory_format=torch.channels_last)
            parts.append(model(pixels).float().cpu())
    if accelerator.num_processes == 1:
        return torch.cat(parts).numpy()
    return np.concatenate(gather_object([torch.cat(parts).numpy()]))


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return torch.from_numpy(logits).softmax(dim=1).numpy()


# --- the end ----------------------------------------------------------------------------------------------------


def _finish(
    accelerator: Accelerator,
    config: TrainConfig,
    augmentation: Augmentation,
    model: nn.Module,
    data: RunData,
    progress: Progress,
) -> dict[str, Any]:
    """Calibrate on validation rows, look at the test rows once, write checkpoint, results, pictures and card."""
    split = find_split(config.split)
    label_set = split.label_set
    logits = predict_logits(model, data.validation.images, config.image_size, accelerator)
    wanted = split.train_counts if config.class_frequencies == "official" else None
    temperature, bias = fit_calibration(logits, data.validation.labels, wanted)
    calibrate(model, temperature, bias)
    logits = (logits / temperature + bias).astype(np.float32)
    validation = score(_softmax(logits), data.validation.labels, label_set)
    test_logits = None
    if data.test is not None:
        test_logits = predict_logits(model, data.test.images, config.image_size, accelerator)
    if not accelerator.is_main_process:
        return {}

    folder = Path(config.output_dir)
    results: dict[str, Any] = {
        "split": split.name,
        "model": {
            "architecture": model.pretrained_cfg["architecture"],
            "started_from": _without_folder(config.model_name_or_path),
            "parent_weight": config.parent_weight,
            "teachers": [_without_folder(name) for name in config.teacher_name_or_path],
            "parent_is_known": data.seen is not None,
            "parameters": count_parameters(model),
            "image_size": config.image_size,
            "temperature": temperature,
            "largest_bias": float(np.abs(bias).max()),
            "class_frequencies": config.class_frequencies,
        },
        "validation": validation,
    }
    if data.test is not None and test_logits is not None:
        results["test"] = report(_softmax(test_logits), data.test, split)
        _draw_figures(_softmax(test_logits), data.test.labels, label_set, folder, f"{split.title}, test rows")
    else:
        _draw_figures(_softmax(logits), data.validation.labels, label_set, folder, f"{split.title}, validation rows")
    on_the_hub = is_repo_id(config.dataset) and not os.path.exists(config.dataset)
    results["train"] = {
        "hub_data_set": config.dataset if on_the_hub else None,
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
    settings = {key: _without_folder(value) for key, value in asdict(config).items()}
    results["settings"] = settings | {"augmentation": asdict(augmentation)}
    results["versions"] = _versions()
    save_checkpoint(model, folder, label_set, image_size=config.image_size, split=split.name)
    if data.seen is not None:
        save_seen(data.seen, folder, data.learnt)
    results["not_a_character"] = add_rejection(folder, data, config.seed)
    title = f"{split.title}, {results['model']['architecture']}"
    figures.plot_curve(progress.history, folder / "curve.png", title, taught=bool(config.teacher_name_or_path))
    write_json(results, folder / "results.json")
    write_card(folder, results)
    return results


def _draw_figures(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], label_set: LabelSet, folder: Path, title: str
) -> None:
    """The pictures of the card. None shows rows: checkpoints are published, and whose images they are may matter."""
    table = confusion(probabilities, labels, len(label_set))
    figures.plot_confusion(table, label_set.labels, folder / "confusion.png", title)
    bins = calibration_bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    figures.plot_calibration(bins, folder / "calibration.png", title)


def _without_folder(value: Any) -> Any:
    """A path as its last part: results are published, and where somebody's files lie is nobody's business."""
    if isinstance(value, list):
        return [_without_folder(part) for part in value]
    return Path(value).name if isinstance(value, str) and os.path.isabs(value) else value


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "timm", "accelerate", "datasets", "numpy")} | {
        "python": platform.python_version()
    }
