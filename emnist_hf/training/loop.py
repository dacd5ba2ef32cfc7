"""The Accelerate loop: fine-tune a small timm classifier on a split of EMNIST.

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
from accelerate.logging import get_logger
from accelerate.utils import broadcast, set_seed
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, default_convert
from tqdm import tqdm

from emnist_hf.training.augment import Augmentation, augment, mix, network_input
from emnist_hf.training.config import TrainConfig, TrainingError
from emnist_hf.training.distillation import TeacherEnsemble, distillation_loss
from emnist_hf.training.results import predict_probabilities, write_results
from emnist_hf.training.run_data import RunData, prepare_data
from emnist_hf.training.run_state import FOLDER, Progress, clear_states, identity, resume, save_state
from emnist_hf.training.sampling import MixtureSampler, PartialLabelDataset, label_loss
from emnist_hf.training.setup import create_scheduler, load_or_create_model, start_accelerator

log = get_logger(__name__)

CHECKS_EVERY = 10  # steps between looks at the loss, each of which waits for the device
EARLY_STEPS = 300  # in which weights change so fast that averaged batch norm statistics are of no use


def train(config: TrainConfig, augmentation: Augmentation | None = None, last: bool = True) -> dict[str, Any]:
    """Train, evaluate and save; return what `results.json` says ({} in all processes but the main one).

    last: whether no other run follows in these processes, which then part.

    Raises an `EmnistError` with one sentence if the run cannot start or go on.
    """
    augmentation = augmentation or Augmentation()
    state, accelerator = start_accelerator(config)
    set_seed(config.seed)
    with accelerator.local_main_process_first():  # one process a machine fills the cache of what the Hub sends
        model = load_or_create_model(config)  # before the data: a wrong name should not cost minutes of decoding
        # Kept, as in hours a folder or a branch of the Hub may hold another checkpoint.
        parent = {name: value.clone() for name, value in model.state_dict().items()} if config.parent_weight else {}
        teachers = TeacherEnsemble(config.teacher_name_or_path, config.emnist_split.label_set, accelerator.device)
        data = prepare_data(config)
    Path(config.output_dir).mkdir(parents=True, exist_ok=True)
    run = Run(accelerator, config, augmentation, model, teachers, data)
    settings = identity(config, augmentation, accelerator.num_processes, data.digest(), parent)
    if accelerator.is_main_process:
        clear_states(config)
    resume(accelerator, state, settings, run.progress, config)

    save_every = math.inf if config.checkpointing_steps == "epoch" else int(config.checkpointing_steps)
    with run.progress_bar() as bar:  # closed when the run stops, so that a message starts on a line of its own
        while run.progress.epoch < config.num_train_epochs:
            for step in run.train_epoch(bar):
                if step % save_every == 0:
                    run.check_weights()
                    save_state(accelerator, config.output_dir, step, settings)
            run.end_epoch()
            if config.checkpointing_steps == "epoch":
                save_state(accelerator, config.output_dir, run.progress.step, settings)

    broadcast_buffers(run.averaged)
    wise_ft(run.averaged, parent, config.parent_weight)
    results = write_results(accelerator, config, augmentation, run.averaged, data, run.progress)
    accelerator.wait_for_everyone()
    if last:
        accelerator.end_training()
    else:
        for tracker in accelerator.trackers:
            tracker.finish()
    return results


class Run:
    """What one process of a run works with, on its device, and how far it has come."""

    def __init__(
        self,
        accelerator: Accelerator,
        config: TrainConfig,
        augmentation: Augmentation,
        model: nn.Module,
        teachers: TeacherEnsemble,
        data: RunData,
    ) -> None:
        self.accelerator, self.config, self.augmentation = accelerator, config, augmentation
        self.teachers, self.data = teachers, data
        label_set = config.emnist_split.label_set
        self.dataset = PartialLabelDataset(data.sources, label_set, config.class_counts).to(accelerator.device)
        self.sampler = MixtureSampler(data.sources, config.seed)
        self.batch = min(config.per_device_train_batch_size, len(self.sampler) // accelerator.num_processes)
        loader = DataLoader(
            self.dataset, batch_size=self.batch, sampler=self.sampler, collate_fn=default_convert, drop_last=True
        )
        model = model.to(accelerator.device, memory_format=torch.channels_last)
        optimizer = create_optimizer_v2(model, "adamw", lr=config.learning_rate, weight_decay=config.weight_decay)
        self.ema = ModelEmaV3(model, decay=config.ema_decay, use_warmup=True)
        self.averaged: nn.Module = self.ema.module
        self.model, self.optimizer, self.loader = accelerator.prepare(model, optimizer, loader)
        self.total_steps = len(self.loader) * config.num_train_epochs
        # Not prepared: Accelerate would step it once a process, and it counts the steps of the whole run.
        self.scheduler = create_scheduler(config, self.optimizer.optimizer, self.total_steps)
        self.progress = Progress()
        accelerator.register_for_checkpointing(self.scheduler, self.ema, self.progress)

    def progress_bar(self) -> tqdm:
        """Return a bar over the steps of the run, which only the main process shows."""
        return tqdm(
            total=self.total_steps,
            initial=self.progress.step,
            desc=self.config.emnist_split.title,
            unit="step",
            disable=not self.accelerator.is_main_process,
            mininterval=1,
        )

    def train_epoch(self, bar: tqdm) -> Iterator[int]:
        """Take the steps that are left of the running epoch; yield the number of each when it is done."""
        progress = self.progress
        self.sampler.epoch = progress.epoch
        self.model.train()
        clock = time.monotonic()
        for images, targets in skip_first_batches(self.loader, progress.step_in_epoch):
            logits, loss = self.train_step(images, targets)
            bar.update()
            if progress.step % CHECKS_EVERY == 0 or progress.step_in_epoch == len(self.loader):
                accuracy = self.dataset.candidates[targets].gather(1, logits.argmax(dim=1, keepdim=True))
                self.check_loss(loss, accuracy.float().mean())
                clock, started = time.monotonic(), clock
                progress.seconds += clock - started
                progress.images_per_second = (
                    progress.step * self.batch * self.accelerator.num_processes / progress.seconds
                )
                self.show_step(bar)
            yield progress.step

    def train_step(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Learn from a batch of the data set; return its logits, float [N, classes], and its loss, a scalar in nats."""
        config, progress = self.config, self.progress
        generator = step_generator(config.seed, progress.step, self.accelerator)
        pixels = augment(images, config.side(progress.epoch), self.augmentation, generator)
        pixels, mixture = mix(pixels, config.mixup, generator)
        logits = self.model(network_input(pixels))
        loss = label_loss(
            logits, targets, self.dataset.candidates, self.dataset.offsets, mixture, config.label_smoothing_factor
        )
        if self.teachers.members:
            allowed = self.dataset.teachable[targets]
            if mixture is not None:
                allowed = allowed | allowed[mixture.order]
            with self.accelerator.autocast():
                taught = self.teachers.probabilities(pixels, config.teacher_temperature, allowed)
            distilled = distillation_loss(logits, taught, config.teacher_temperature)
            loss = torch.lerp(loss, distilled, config.teacher_weight)
        self.accelerator.backward(loss)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.scheduler.step()
        progress.step += 1
        progress.step_in_epoch += 1
        self.ema.update(self.accelerator.unwrap_model(self.model), step=progress.step)
        return logits, loss

    def end_epoch(self) -> None:
        """Score the averaged weights on validation rows, at the size they are being trained at, and note the epoch."""
        progress, validation = self.progress, self.data.validation
        side = self.config.side(progress.epoch)
        if progress.step <= EARLY_STEPS:
            generator = step_generator(self.config.seed, progress.epoch, self.accelerator)
            update_batch_norm(self.averaged, self.dataset, self.sampler, side, self.augmentation, generator)
        broadcast_buffers(self.averaged)
        self.check_weights()
        probabilities = predict_probabilities(self.averaged, validation.images, side, self.accelerator)
        accuracy = float((probabilities.argmax(axis=1) == validation.labels).mean())
        likelihood = probabilities[np.arange(len(validation)), validation.labels]
        nll = float(-np.log(np.maximum(likelihood, 1e-12)).mean())
        entry = progress.end_epoch(accuracy=accuracy, nll=nll, validation_rows=len(validation))
        self.accelerator.log({"validation_accuracy": accuracy, "validation_nll": nll}, step=progress.step)
        log.info(
            f"epoch {progress.epoch}/{self.config.num_train_epochs}: training loss {entry['train_loss']:.4f}, "
            f"validation accuracy {accuracy:.4f}, nll {nll:.4f}, {progress.seconds:,.0f} s"
        )

    def check_loss(self, loss: Tensor, accuracy: Tensor) -> None:
        """Note loss and accuracy, averaged over processes; stop all of them when the loss is no longer a number."""
        values = self.accelerator.reduce(torch.stack([loss.detach().float(), accuracy]), "mean").tolist()
        if not math.isfinite(values[0]):
            raise self.diverged(f"The loss is {values[0]}")
        self.progress.note(*values)

    def check_weights(self) -> None:
        """Stop rather than save weights that are lost. Every process has the same ones."""
        if not all(bool(tensor.isfinite().all()) for tensor in self.averaged.state_dict().values()):
            raise self.diverged("The weights are no longer numbers")

    def diverged(self, what: str) -> TrainingError:
        """Return the error that ends a run whose numbers are lost."""
        return TrainingError(
            f"{what} at step {self.progress.step}: lower --learning_rate (it is {self.config.learning_rate:g}) or set "
            f"--mixed_precision no; checkpoints saved before are in {Path(self.config.output_dir) / FOLDER}."
        )

    def show_step(self, bar: tqdm) -> None:
        """Write the means of the last looks beside the bar and to the trackers."""
        progress = self.progress
        loss, accuracy = (float(np.mean(values[-20:])) for values in (progress.losses, progress.accuracies))
        bar.set_postfix_str(
            f"epoch {progress.epoch + 1}, loss {loss:.3f}, acc {accuracy:.3f}, {progress.images_per_second:,.0f} img/s"
        )
        rate = self.optimizer.param_groups[0]["lr"]
        values = {"train_loss": loss, "train_accuracy": accuracy, "learning_rate": rate}
        self.accelerator.log(values, step=progress.step)


def step_generator(seed: int, step: int, accelerator: Accelerator) -> torch.Generator:
    """Return the randomness of one step in one process, made of numbers alone: nothing to save, nothing to restore."""
    state = np.random.SeedSequence((seed, step, accelerator.process_index)).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


def update_batch_norm(
    averaged: nn.Module,
    dataset: PartialLabelDataset,
    sampler: MixtureSampler,
    side: int,
    augmentation: Augmentation,
    generator: torch.Generator,
    rows: int = 2048,
) -> None:
    """Measure the batch norms' statistics anew for the averaged weights (Izmailov et al. 2018), on training rows.

    Averaged over the steps, they lag behind. In a trial with 50 batches, one seed, digits went from 0.12 right to 0.63
    after 20 steps and from 0.89 to 0.94 after 60; from 120 steps on there was nothing to gain.
    """
    chosen = list(islice(sampler, rows))
    parts = np.array_split(chosen, -(-len(chosen) // 128))
    batches = (dataset.__getitems__(part.tolist())[0].to(dataset.candidates.device) for part in parts)
    update_bn((network_input(augment(images, side, augmentation, generator)) for images in batches), averaged)


def wise_ft(model: nn.Module, parent: dict[str, Tensor], share: float) -> None:
    """Give the checkpoint that the run started from its share in the weights (WiSE-FT, Wortsman et al. 2022).

    Statistics of batch norms are averaged as weights are: the two are so near to each other that these fit. With a
    share of 0, nothing is changed and `parent` may be empty.
    """
    for name, value in model.state_dict().items() if share else ():
        if value.is_floating_point():
            value.lerp_(parent[name].to(value.device), share)


def broadcast_buffers(model: nn.Module) -> None:
    """Give every process the first one's running statistics, which each gathers on its own rows.

    The first one's are saved, so those are the ones to score.
    """
    for buffer in model.buffers():
        broadcast(buffer, from_process=0)
