"""Fine-tune a small timm classifier on a split of EMNIST: the settings, and the Accelerate loop.

Read `train` from top to bottom; everything else is what it calls. All that is random follows from the seed and the
step, so that a run that was killed and resumed ends like one that was not.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import shutil
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from accelerate import Accelerator, PartialState
from accelerate.data_loader import skip_first_batches
from accelerate.utils import broadcast_object_list, set_seed
from numpy.typing import NDArray
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from emnist_hf import evaluation
from emnist_hf.augment import Augmentation, augment, to_input
from emnist_hf.card import write_card
from emnist_hf.data import DataError, Rows, hash_images, load_emnist, to_rows
from emnist_hf.model import (
    ARCHITECTURE,
    IMAGE_SIZE,
    MEAN,
    STD,
    count_parameters,
    create_model,
    save_checkpoint,
    scale_logits,
)
from emnist_hf.sampling import (
    GroupedRows,
    MixtureSampler,
    Source,
    as_is,
    carve_validation,
    group_loss,
    load_sources,
    without,
)
from emnist_hf.splits import find_split

CHECKPOINTS = "checkpoints"
CHECKS_EVERY = 10  # steps between looks at the loss, each of which waits for the device


class TrainingError(ValueError):
    """A training that cannot start or go on; the message says why and what to do."""


def _option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass
class TrainConfig:
    """The settings of a run, each a flag of train.py. Where transformers' examples have one, it bears their name."""

    split: str = _option("byclass", "byclass, bymerge, balanced, letters, digits or mnist")
    dataset: str = _option("", "Hub id, folder, gzip.zip or Parquet file with the split")
    output_dir: str = _option("", "where checkpoint, results and pictures go (default: runs/SPLIT)")
    dataset_revision: str | None = _option(None, "branch, tag or commit of a Hub data set")
    extra_data: list[str] = field(
        default_factory=list,
        metadata={
            "help": "more Parquet files to learn from, FILE or FILE:WEIGHT (share of its rows in each epoch), found "
            "from here or in the data set's folder; their labels may be coarser than the split's"
        },
    )
    transposed: bool = _option(False, "the Parquet images lie on their side, as the raw files' do: turn them")
    architecture: str = _option(ARCHITECTURE, "any timm classifier that takes one channel")
    model_args: str = _option("{}", "JSON of arguments for timm.create_model (default: those of the slim resnet10t)")
    image_size: int = _option(IMAGE_SIZE, "side of the network's input in pixels")
    start_image_size: int = _option(0, "side in the first epochs, smaller to save time (0: image_size throughout)")
    start_image_epochs: int = _option(0, "how many epochs use start_image_size")
    num_train_epochs: int = _option(14, "passes over the data")
    per_device_train_batch_size: int = _option(256, "rows a step and process")
    learning_rate: float = _option(3e-3, "highest learning rate of AdamW")
    weight_decay: float = _option(0.02, "of AdamW, not on biases and norms")
    lr_scheduler_type: Literal["onecycle", "cosine", "linear"] = _option("onecycle", "shape of the learning rate")
    warmup_ratio: float = _option(0.15, "share of the steps in which the learning rate rises")
    label_smoothing_factor: float = _option(0.05, "0 for none")
    ema_decay: float = _option(0.9995, "of the averaged weights that are evaluated and saved")
    validation_fraction: float = _option(0.05, "share of every class of train that is kept for validation")
    max_train_samples: int | None = _option(None, "use so many rows of each training source, for a quick look")
    max_eval_samples: int | None = _option(None, "use so many validation and test rows, for a quick look")
    seed: int = _option(0, "of weights, order, augmentation and validation rows")
    mixed_precision: Literal["auto", "no", "bf16", "fp16"] = _option("auto", "auto: bf16 where it is faster here")
    cpu: bool = _option(False, "train on the CPU even where there is a GPU")
    checkpointing_steps: str = _option("epoch", "save the state every so many steps, or every 'epoch'")
    resume_from_checkpoint: str | None = _option(None, "'latest', or a folder under output_dir/checkpoints")
    with_tracking: bool = _option(False, "log to the trackers of report_to")
    report_to: str = _option("tensorboard", "tracker that Accelerate knows: tensorboard, wandb, trackio, all")

    def __post_init__(self) -> None:
        self.split = find_split(self.split).name
        self.output_dir = self.output_dir or f"runs/{self.split}"
        if not self.dataset:
            raise TrainingError(
                "Say where the data is: --dataset takes a Hub id, a folder, gzip.zip or a Parquet file."
            )
        at_least_one = ("num_train_epochs", "per_device_train_batch_size", "image_size")
        for name in at_least_one:
            if getattr(self, name) < 1:
                raise TrainingError(f"--{name} is {getattr(self, name)}: give at least 1.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise TrainingError(f"--learning_rate is {self.learning_rate}: give a number above 0, such as 0.003.")
        for name in ("validation_fraction", "label_smoothing_factor", "ema_decay", "warmup_ratio"):
            if not 0 <= getattr(self, name) < 1:
                raise TrainingError(f"--{name} is {getattr(self, name)}: give a share from 0 to below 1.")
        if self.checkpointing_steps != "epoch" and not self.checkpointing_steps.isdigit():
            raise TrainingError(f"--checkpointing_steps is {self.checkpointing_steps!r}: give a number or 'epoch'.")
        try:
            if not isinstance(json.loads(self.model_args), dict):
                raise ValueError
        except ValueError:
            raise TrainingError(f"--model_args is not a JSON object: {self.model_args[:80]}") from None


@dataclass
class Progress:
    """How far a run has come; saved and restored with the weights."""

    step: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)

    def state_dict(self) -> dict[str, Any]:
        return asdict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for item in fields(self):
            setattr(self, item.name, state[item.name])


@dataclass(frozen=True)
class RunData:
    """What a run learns from, chooses by and is scored on. No image of one is in another."""

    sources: list[Source]
    validation: Rows
    test: Rows | None


def train(config: TrainConfig, augmentation: Augmentation | None = None) -> dict[str, Any]:
    """Train, evaluate and save; returns what it wrote to `results.json` ({} in all processes but the main one).

    Raises `TrainingError`, `DataError`, `LabelError` or `CheckpointError`, each with one sentence.
    """
    augmentation = augmentation or Augmentation()
    accelerator = _accelerator(config)
    set_seed(config.seed)
    split = find_split(config.split)
    with accelerator.main_process_first():  # one process fills the cache of Parquet files
        data = prepare_data(config)

    dataset = GroupedRows(data.sources, split.label_set)
    sampler = MixtureSampler(data.sources, config.seed)
    batch = min(config.per_device_train_batch_size, len(sampler) // accelerator.num_processes)
    loader = DataLoader(dataset, batch_size=batch, sampler=sampler, collate_fn=as_is, drop_last=True)
    model = create_model(split.label_set, config.architecture, **json.loads(config.model_args))
    model = model.to(accelerator.device, memory_format=torch.channels_last)
    optimizer = create_optimizer_v2(model, "adamw", lr=config.learning_rate, weight_decay=config.weight_decay)
    averaged = ModelEmaV3(model, decay=config.ema_decay, use_warmup=True)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    total_steps = len(loader) * config.num_train_epochs
    # Not prepared: Accelerate would step it once a process, and it counts the steps of the whole run.
    scheduler = _scheduler(config, optimizer.optimizer, total_steps)
    progress = Progress()
    accelerator.register_for_checkpointing(scheduler, averaged, progress)
    _resume(accelerator, config, progress)

    groups = dataset.groups.to(accelerator.device)
    shown = accelerator.is_main_process
    bar = tqdm(
        total=total_steps,
        initial=progress.step,
        desc=split.title,
        unit="step",
        disable=not shown,
        mininterval=1,
    )
    while progress.epoch < config.num_train_epochs:
        sampler.epoch = progress.epoch
        side = config.start_image_size if progress.epoch < config.start_image_epochs else config.image_size
        model.train()
        clock = time.monotonic()
        for images, targets in skip_first_batches(loader, progress.step_in_epoch):
            generator = _generator(config.seed, progress.step, accelerator)
            pixels = (augment(images, side, augmentation, generator) - MEAN) / STD
            logits = model(pixels.contiguous(memory_format=torch.channels_last))
            loss = group_loss(logits, groups[targets], config.label_smoothing_factor)
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
            progress.step += 1
            progress.step_in_epoch += 1
            averaged.update(accelerator.unwrap_model(model), step=progress.step)
            bar.update()
            if progress.step % CHECKS_EVERY == 0 or progress.step_in_epoch == len(loader):
                right = groups[targets].gather(1, logits.argmax(dim=1, keepdim=True)).float().mean()
                _check_loss(accelerator, config, progress, loss, right)
                clock = _count_time(progress, clock, batch * accelerator.num_processes)
                _show_step(accelerator, progress, bar, optimizer)
            if config.checkpointing_steps != "epoch" and progress.step % int(config.checkpointing_steps) == 0:
                _save_state(accelerator, config, progress)
        _end_epoch(accelerator, config, progress, averaged.module, data.validation)
    bar.close()

    results = _finish(accelerator, config, augmentation, averaged.module, data, progress)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return results


def prepare_data(config: TrainConfig) -> RunData:
    """Load every source, carve validation from train, and keep what is scored out of what is learnt.

    Raises `DataError` if the data set has no train part or nothing is left to learn from.
    """
    split = find_split(config.split)
    found = load_emnist(
        split.name, config.dataset, revision=config.dataset_revision, transposed=config.transposed or None
    )
    if "train" not in found:
        raise DataError(f"{config.dataset} has no train part: name the file with the rows to learn from train.parquet.")
    rows = to_rows(found["train"])
    test = to_rows(found["test"]) if "test" in found else None
    if "validation" in found:
        learn, validation = rows, to_rows(found["validation"])
    else:
        learn, validation = carve_validation(rows, config.validation_fraction, config.seed)
    if not len(validation):
        raise TrainingError("No row is left for validation: raise --validation_fraction or give more rows.")
    scored = hash_images(np.concatenate([part.images for part in (validation, test) if part is not None]))
    sources = []
    for source in [Source("train", learn), *load_sources(config.extra_data, config.dataset)]:
        kept = without(source.rows, scored)
        if config.max_train_samples is not None:
            kept = _sample(kept, config.max_train_samples, config.seed)
        sources.append(Source(source.name, kept, source.weight))
    if sum(int(len(source.rows) * source.weight) for source in sources) < 2:
        raise DataError(f"{config.dataset} leaves fewer than two rows to learn from: give more rows.")
    if config.max_eval_samples is not None:
        validation = _sample(validation, config.max_eval_samples, config.seed)
        test = _sample(test, config.max_eval_samples, config.seed) if test is not None else None
    return RunData(sources, validation, test)


def _sample(rows: Rows, count: int, seed: int) -> Rows:
    return rows.take(np.sort(np.random.default_rng(seed).permutation(len(rows))[:count]))


def _accelerator(config: TrainConfig) -> Accelerator:
    Path(config.output_dir).mkdir(parents=True, exist_ok=True)
    accelerator = Accelerator(
        cpu=_on_cpu(config),
        mixed_precision=_precision(config),
        log_with=config.report_to if config.with_tracking else None,
        project_dir=config.output_dir,
    )
    if config.with_tracking:
        plain = {k: v if isinstance(v, (int, float, str)) else str(v) for k, v in asdict(config).items()}
        accelerator.init_trackers("emnist-hf", plain)
    return accelerator


def _on_cpu(config: TrainConfig) -> bool:
    """Accelerate must be told: without a GPU and without being told, each process of torchrun trains alone."""
    return config.cpu or not torch.accelerator.is_available()


def _precision(config: TrainConfig) -> str:
    """`mixed_precision` with auto resolved: as the resumed checkpoint had it, else bf16 where it is faster."""
    if config.mixed_precision != "auto":
        return config.mixed_precision
    resumed = _resumed_state(config)
    if resumed is not None:
        return str(_settings_of(resumed)["resolved_precision"])
    if torch.cuda.is_available() and not _on_cpu(config):
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no"
    PartialState(cpu=_on_cpu(config))  # the processes must know of each other before they can agree
    return broadcast_object_list(["bf16" if bf16_pays_on_cpu() else "no"])[0]


def bf16_pays_on_cpu(side: int = 768, tries: int = 5) -> bool:
    """Whether this processor multiplies matrices faster in bfloat16 than in float32.

    Its flags do not tell: of two machines that both report AVX-512 BF16 one trained 2.5 times as fast in bfloat16,
    the other a fifth slower. So it is tried, in a tenth of a second. Several processes agree on the first one's answer.
    """
    fastest = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(side, side, dtype=dtype)
        times = []
        for _ in range(tries):
            started = time.perf_counter()
            matrix @ matrix
            times.append(time.perf_counter() - started)
        fastest[dtype] = min(times)
    return fastest[torch.bfloat16] < 0.8 * fastest[torch.float32]


def _scheduler(config: TrainConfig, optimizer: torch.optim.Optimizer, total_steps: int) -> Any:
    if config.lr_scheduler_type == "onecycle":
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            config.learning_rate,
            total_steps=total_steps + 1,
            pct_start=config.warmup_ratio or 1e-3,
        )
    from transformers import get_scheduler

    warmup = int(config.warmup_ratio * total_steps)
    return get_scheduler(config.lr_scheduler_type, optimizer, num_warmup_steps=warmup, num_training_steps=total_steps)


def _generator(seed: int, step: int, accelerator: Accelerator) -> torch.Generator:
    """Randomness of one step in one process, from numbers alone: nothing to save, nothing to restore."""
    state = np.random.SeedSequence((seed, step, accelerator.process_index)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


def _check_loss(accelerator: Accelerator, config: TrainConfig, progress: Progress, loss: Tensor, right: Tensor) -> None:
    """Note loss and accuracy, averaged over processes; stop all of them when the loss is no longer a number."""
    values = accelerator.reduce(torch.stack([loss.detach().float(), right]), "mean").tolist()
    if not math.isfinite(values[0]):
        raise TrainingError(
            f"The loss is {values[0]} at step {progress.step}: lower --learning_rate (it is {config.learning_rate:g}) "
            f"or set --mixed_precision no; checkpoints saved before are in {Path(config.output_dir) / CHECKPOINTS}."
        )
    progress.losses.append(values[0])
    progress.accuracies.append(values[1])


def _count_time(progress: Progress, clock: float, rows_per_step: int) -> float:
    now = time.monotonic()
    progress.seconds += now - clock
    progress.images_per_second = progress.step * rows_per_step / progress.seconds
    return now


def _show_step(accelerator: Accelerator, progress: Progress, bar: tqdm, optimizer: Any) -> None:
    loss, right = (float(np.mean(values[-20:])) for values in (progress.losses, progress.accuracies))
    bar.set_postfix_str(
        f"epoch {progress.epoch + 1}, loss {loss:.3f}, acc {right:.3f}, {progress.images_per_second:,.0f} img/s"
    )
    rate = optimizer.param_groups[0]["lr"]
    accelerator.log({"train_loss": loss, "train_accuracy": right, "learning_rate": rate}, step=progress.step)


def _end_epoch(
    accelerator: Accelerator, config: TrainConfig, progress: Progress, averaged: nn.Module, validation: Rows
) -> None:
    """Score the averaged weights on validation rows, note the epoch, save the state where that is asked for."""
    probabilities = _softmax(predict_logits(averaged, validation.images, config.image_size, accelerator))
    right = float((probabilities.argmax(axis=1) == validation.labels).mean())
    likelihood = probabilities[np.arange(len(validation)), validation.labels]
    entry = {
        "epoch": progress.epoch + 1,
        "step": progress.step,
        "train_loss": float(np.mean(progress.losses)),
        "train_accuracy": float(np.mean(progress.accuracies)),
        "accuracy": right,
        "nll": float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
    }
    progress.history.append(entry)
    progress.epoch += 1
    progress.step_in_epoch = 0
    progress.losses, progress.accuracies = [], []
    accelerator.log({"validation_accuracy": right, "validation_nll": entry["nll"]}, step=progress.step)
    if accelerator.is_main_process:
        tqdm.write(
            f"epoch {entry['epoch']}/{config.num_train_epochs}: training loss {entry['train_loss']:.4f}, "
            f"validation accuracy {right:.4f}, nll {entry['nll']:.4f}, {progress.seconds:,.0f} s"
        )
    if config.checkpointing_steps == "epoch":
        _save_state(accelerator, config, progress)


def predict_logits(
    model: nn.Module, images: NDArray[np.uint8], image_size: int, accelerator: Accelerator, batch: int = 512
) -> NDArray[np.float32]:
    """Logits float32 [N, classes] of glyphs uint8 [N, 28, 28], shared out over the processes, in full precision."""
    model.eval()
    share = np.array_split(np.arange(len(images)), accelerator.num_processes)[accelerator.process_index]
    mine = torch.from_numpy(images[share])
    parts = []
    with torch.inference_mode():
        for start in range(0, len(mine), batch):
            pixels = to_input(mine[start : start + batch].to(accelerator.device), image_size)
            pixels = ((pixels - MEAN) / STD).contiguous(memory_format=torch.channels_last)
            parts.append(model(pixels).float().cpu())
    if accelerator.num_processes == 1:
        return torch.cat(parts).numpy()
    from accelerate.utils import gather_object

    return np.concatenate(gather_object([torch.cat(parts).numpy() if parts else np.zeros((0, 0), np.float32)]))


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return torch.from_numpy(logits).softmax(dim=1).numpy()


# --- saving and resuming ----------------------------------------------------------------------------------------


def _save_state(accelerator: Accelerator, config: TrainConfig, progress: Progress) -> None:
    """Save everything that the next step depends on. Written aside and renamed, so that no half checkpoint is found."""
    folder = Path(config.output_dir) / CHECKPOINTS
    final, aside = folder / f"step-{progress.step:08d}", folder / f"step-{progress.step:08d}.part"
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        shutil.rmtree(aside, ignore_errors=True)
    accelerator.save_state(str(aside))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        settings = _identity(config) | {"resolved_precision": accelerator.mixed_precision}
        evaluation.write_json(settings, aside / "settings.json")
        shutil.rmtree(final, ignore_errors=True)
        os.replace(aside, final)
        for old in _states(folder)[:-2]:
            shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()


def _states(folder: Path) -> list[Path]:
    """Whole checkpoints in a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*") if re.fullmatch(r"step-\d{8}", path.name))


def _identity(config: TrainConfig) -> dict[str, Any]:
    """The settings that a resumed run must share with the one that was saved."""
    free = {
        "output_dir",
        "dataset",
        "resume_from_checkpoint",
        "with_tracking",
        "report_to",
        "checkpointing_steps",
        "cpu",
    }
    return {key: value for key, value in asdict(config).items() if key not in free}


def _settings_of(state: Path) -> dict[str, Any]:
    return json.loads((state / "settings.json").read_text(encoding="utf-8"))


def _resumed_state(config: TrainConfig) -> Path | None:
    """The checkpoint that `resume_from_checkpoint` names; None to start from the beginning."""
    if config.resume_from_checkpoint is None:
        return None
    if config.resume_from_checkpoint == "latest":
        states = _states(Path(config.output_dir) / CHECKPOINTS)
        return states[-1] if states else None
    folder = Path(config.resume_from_checkpoint)
    if not (folder / "settings.json").is_file():
        raise TrainingError(f"{folder} is no checkpoint of train.py: name a folder checkpoints/step-..., or latest.")
    return folder


def _resume(accelerator: Accelerator, config: TrainConfig, progress: Progress) -> None:
    state = _resumed_state(config)
    if state is None:
        if config.resume_from_checkpoint is not None:
            accelerator.print(f"No checkpoint in {config.output_dir} yet: starting from the beginning.")
        return
    saved = _settings_of(state)
    changed = [key for key, value in json.loads(json.dumps(_identity(config))).items() if saved.get(key) != value]
    if changed:
        raise TrainingError(
            f"{state} was saved with other settings of {', '.join(changed)}: resume with the same, or start anew in "
            f"another --output_dir."
        )
    accelerator.load_state(str(state))
    accelerator.print(f"Resumed from {state}: epoch {progress.epoch + 1}, step {progress.step}.")


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
    temperature = evaluation.fit_temperature(logits, data.validation.labels)
    scale_logits(model, temperature)
    validation = evaluation.score(_softmax(logits / temperature), data.validation.labels, label_set)
    test_logits = None
    if data.test is not None:
        test_logits = predict_logits(model, data.test.images, config.image_size, accelerator)
    if not accelerator.is_main_process:
        return {}

    folder = Path(config.output_dir)
    results: dict[str, Any] = {
        "split": split.name,
        "model": {
            "architecture": config.architecture,
            "parameters": count_parameters(model),
            "image_size": config.image_size,
            "temperature": temperature,
        },
        "validation": validation,
    }
    if data.test is not None and test_logits is not None:
        results["test"] = evaluation.report(_softmax(test_logits), data.test, split)
        table = evaluation.confusion(test_logits, data.test.labels, len(label_set))
        evaluation.plot_confusion(table, label_set.labels, folder / "confusion.png", f"{split.title}, test rows")
    else:
        table = evaluation.confusion(logits, data.validation.labels, len(label_set))
        evaluation.plot_confusion(table, label_set.labels, folder / "confusion.png", f"{split.title}, validation rows")
    results["train"] = {
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
    results["settings"] = {**asdict(config), "augmentation": asdict(augmentation)}
    results["versions"] = _versions()
    save_checkpoint(model, folder, label_set, image_size=config.image_size, split=split.name)
    evaluation.save_seen(np.concatenate([source.rows.images for source in data.sources]), folder)
    evaluation.plot_curve(progress.history, folder / "curve.png", f"{split.title}, {config.architecture}")
    evaluation.write_json(results, folder / "results.json")
    write_card(folder, results)
    return results


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "timm", "accelerate", "datasets", "numpy")} | {
        "python": platform.python_version()
    }
