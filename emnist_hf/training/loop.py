"""Fine-tune a small timm classifier on a split of EMNIST: the Accelerate loop.

Read `train` from top to bottom; everything else is what it calls. All that is random follows from the seed and the
step, so that a run that was killed and resumed ends like one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.data_loader import skip_first_batches
from accelerate.utils import broadcast, set_seed
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, default_convert
from tqdm import tqdm

from emnist_hf.data.rows import Rows
from emnist_hf.models.checkpoint import normalise
from emnist_hf.splits import find_split
from emnist_hf.training.augment import Augmentation, augment, mix
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.distillation import TeacherEnsemble, distillation_loss
from emnist_hf.training.results import _finish, _softmax, predict_logits
from emnist_hf.training.run_data import prepare_data
from emnist_hf.training.run_state import FOLDER, Progress, clear_states, identity, resume, save_state
from emnist_hf.training.sampling import MixtureSampler, PartialLabelDataset, label_loss
from emnist_hf.training.setup import _first_model, _scheduler, _start

CHECKS_EVERY = 10  # steps between looks at the loss, each of which waits for the device


EARLY_STEPS = 300  # in which weights change so fast that averaged batch norm statistics are of no use


def train(config: TrainConfig, augmentation: Augmentation | None = None) -> dict[str, Any]:
    """Train, evaluate and save; returns what it wrote to `results.json` ({} in all processes but the main one).

    Raises an `EmnistError` with one sentence if the run cannot start or go on.
    """
    augmentation = augmentation or Augmentation()
    state, accelerator = _start(config)
    set_seed(config.seed)
    split = find_split(config.split)
    with accelerator.local_main_process_first():  # one process a machine fills the cache of what the Hub sends
        model = _first_model(config)  # before the data: a wrong name should not cost minutes of decoding
        # Kept, as in hours a folder or a branch of the Hub may hold another checkpoint.
        parent = {name: value.clone() for name, value in model.state_dict().items()} if config.parent_weight else {}
        teachers = TeacherEnsemble(config.teacher_name_or_path, split.label_set, accelerator.device)
        data = prepare_data(config)
    Path(config.output_dir).mkdir(parents=True, exist_ok=True)

    official = split.train_counts if config.class_frequencies == "official" else None
    dataset = PartialLabelDataset(data.sources, split.label_set, official)
    sampler = MixtureSampler(data.sources, config.seed)
    batch = min(config.per_device_train_batch_size, len(sampler) // accelerator.num_processes)
    loader = DataLoader(dataset, batch_size=batch, sampler=sampler, collate_fn=default_convert, drop_last=True)
    model = model.to(accelerator.device, memory_format=torch.channels_last)
    optimizer = create_optimizer_v2(model, "adamw", lr=config.learning_rate, weight_decay=config.weight_decay)
    averaged = ModelEmaV3(model, decay=config.ema_decay, use_warmup=True)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    total_steps = len(loader) * config.num_train_epochs
    # Not prepared: Accelerate would step it once a process, and it counts the steps of the whole run.
    scheduler = _scheduler(config, optimizer.optimizer, total_steps)
    progress = Progress()
    accelerator.register_for_checkpointing(scheduler, averaged, progress)
    settings = identity(config, augmentation, accelerator.num_processes, data.digest(), parent)
    if accelerator.is_main_process:
        clear_states(config)
    resume(accelerator, state, settings, progress)

    groups, believed, offsets = (t.to(accelerator.device) for t in (dataset.groups, dataset.believed, dataset.offsets))
    shown = accelerator.is_main_process
    bar = tqdm(
        total=total_steps,
        initial=progress.step,
        desc=split.title,
        unit="step",
        disable=not shown,
        mininterval=1,
    )
    with bar:  # closed when the run stops, so that a message starts on a line of its own
        while progress.epoch < config.num_train_epochs:
            sampler.epoch = progress.epoch
            side = config.side(progress.epoch)
            model.train()
            clock = time.monotonic()
            for images, targets in skip_first_batches(loader, progress.step_in_epoch):
                generator = _generator(config.seed, progress.step, accelerator)
                pixels, mixture = mix(augment(images, side, augmentation, generator), config.mixup, generator)
                logits = model(normalise(pixels).contiguous(memory_format=torch.channels_last))
                loss = label_loss(logits, targets, groups, offsets, mixture, config.label_smoothing_factor)
                if teachers.members:
                    answers = believed[targets]
                    if mixture is not None:
                        answers = answers | answers[mixture.order]
                    with accelerator.autocast():
                        taught = teachers.probabilities(pixels, config.teacher_temperature, answers)
                    distilled = distillation_loss(logits, taught, config.teacher_temperature)
                    loss = torch.lerp(loss, distilled, config.teacher_weight)
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
                    progress.note(*_checked(accelerator, config, progress.step, loss, right))
                    clock = _count_time(progress, clock, batch * accelerator.num_processes)
                    _show_step(accelerator, progress, bar, optimizer)
                if config.checkpointing_steps != "epoch" and progress.step % int(config.checkpointing_steps) == 0:
                    _check_weights(config, progress.step, averaged.module)
                    save_state(accelerator, config.output_dir, progress.step, settings)
            if progress.step <= EARLY_STEPS:
                _renew_statistics(averaged.module, dataset, sampler, side, augmentation, accelerator)
            _share_buffers(averaged.module)
            _check_weights(config, progress.step, averaged.module)
            _end_epoch(accelerator, config, progress, averaged.module, data.validation, side)
            if config.checkpointing_steps == "epoch":
                save_state(accelerator, config.output_dir, progress.step, settings)

    _share_buffers(averaged.module)
    wise_ft(averaged.module, parent, config.parent_weight)
    results = _finish(accelerator, config, augmentation, averaged.module, data, progress)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return results


def _generator(seed: int, step: int, accelerator: Accelerator) -> torch.Generator:
    """Randomness of one step in one process, from numbers alone: nothing to save, nothing to restore."""
    state = np.random.SeedSequence((seed, step, accelerator.process_index)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


def _checked(accelerator: Accelerator, config: TrainConfig, step: int, loss: Tensor, right: Tensor) -> list[float]:
    """Loss and share right, averaged over processes; stops all of them when the loss is no longer a number."""
    values = accelerator.reduce(torch.stack([loss.detach().float(), right]), "mean").tolist()
    if not math.isfinite(values[0]):
        raise _diverged(config, step, f"The loss is {values[0]}")
    return values


def _check_weights(config: TrainConfig, step: int, model: nn.Module) -> None:
    """Stop rather than save weights that are lost. Every process has the same ones."""
    if not all(bool(tensor.isfinite().all()) for tensor in model.state_dict().values()):
        raise _diverged(config, step, "The weights are no longer numbers")


def _diverged(config: TrainConfig, step: int, what: str) -> TrainingError:
    return TrainingError(
        f"{what} at step {step}: lower --learning_rate (it is {config.learning_rate:g}) or set --mixed_precision no; "
        f"checkpoints saved before are in {Path(config.output_dir) / FOLDER}."
    )


def _renew_statistics(
    averaged: nn.Module,
    dataset: PartialLabelDataset,
    sampler: MixtureSampler,
    side: int,
    augmentation: Augmentation,
    accelerator: Accelerator,
    rows: int = 2048,
) -> None:
    """Measure the batch norms' statistics anew for the averaged weights (Izmailov et al. 2018), on training rows.

    Averaged over the steps, they lag behind. In a trial with 50 batches, one seed, digits went from 0.12 right to 0.63
    after 20 steps and from 0.89 to 0.94 after 60; from 120 steps on there was nothing to gain.
    """
    chosen = list(islice(sampler, rows))
    generator = _generator(sampler.seed, sampler.epoch, accelerator)

    def batches() -> Iterator[Tensor]:
        for part in np.array_split(chosen, -(-len(chosen) // 128)):
            images = dataset.__getitems__(part.tolist())[0].to(accelerator.device)
            pixels = normalise(augment(images, side, augmentation, generator))
            yield pixels.contiguous(memory_format=torch.channels_last)

    update_bn(batches(), averaged)


def wise_ft(model: nn.Module, parent: dict[str, Tensor], share: float) -> None:
    """Give the checkpoint that the run started from its share in the weights (WiSE-FT, Wortsman et al. 2022).

    Statistics of batch norms are averaged as weights are: the two are so near to each other that these fit. With a
    share of 0, nothing is changed and `parent` may be empty.
    """
    for name, value in model.state_dict().items() if share else ():
        if value.is_floating_point():
            value.lerp_(parent[name].to(value.device), share)


def _share_buffers(model: nn.Module) -> None:
    """Give every process the first one's running statistics, which each gathers on its own rows.

    The first one's are saved, so those are the ones to score.
    """
    for buffer in model.buffers():
        broadcast(buffer, from_process=0)


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
    accelerator: Accelerator,
    config: TrainConfig,
    progress: Progress,
    averaged: nn.Module,
    validation: Rows,
    side: int,
) -> None:
    """Score the averaged weights on validation rows, at the size they are being trained at, and note the epoch."""
    probabilities = _softmax(predict_logits(averaged, validation.images, side, accelerator))
    right = float((probabilities.argmax(axis=1) == validation.labels).mean())
    likelihood = probabilities[np.arange(len(validation)), validation.labels]
    entry = {
        "epoch": progress.epoch + 1,
        "step": progress.step,
        "train_loss": float(np.mean(progress.losses)),
        "train_accuracy": float(np.mean(progress.accuracies)),
        "accuracy": right,
        "nll": float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
        "validation_rows": len(validation),
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
