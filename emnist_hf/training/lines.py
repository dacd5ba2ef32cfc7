"""Train the line network: the same Accelerate loop as for characters, over lines that are composed while it learns.

All that is random follows from the seed and the step, so that a run that was killed and resumed ends like one that was
not. The learning rate rises, stays, and falls at the end (as Hu et al. 2024, arXiv 2404.06395, have it), so that a run
can be given more steps while it stays.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.logging import get_logger
from accelerate.utils import set_seed
from timm.optim import create_optimizer_v2
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from emnist_hf.data.line_rows import Batch, LineBatches, LineSources, find_sources
from emnist_hf.evaluation.line_scores import error_rates
from emnist_hf.letterforms import LINE_ALPHABET
from emnist_hf.models.line_checkpoint import STRIDE
from emnist_hf.models.line_network import LineNetwork, to_input
from emnist_hf.reading.ctc import greedy_text
from emnist_hf.training.config import TrainingError
from emnist_hf.training.line_config import LineConfig
from emnist_hf.training.line_results import columns_of, write_line_results
from emnist_hf.training.run_state import Progress, clear_states, identity_of, resume, save_state
from emnist_hf.training.setup import start_accelerator

log = get_logger(__name__)

BLANK = len(LINE_ALPHABET)
CLIP = 5.0  # norm of the gradient at the most
LOOKS_EVERY = 10  # steps between looks at the loss, each of which waits for the device


def train_lines(config: LineConfig) -> dict[str, Any]:
    """Train, evaluate and save; return what `results.json` says ({} in all processes but the main one).

    Raises an `EmnistError` with one sentence if the run cannot start or go on.
    """
    state, accelerator = start_accelerator(config)
    set_seed(config.seed)
    sources = find_sources(Path(config.dataset), Path(config.fonts) if config.fonts else None)
    say_what_is_there(sources)
    Path(config.output_dir).mkdir(parents=True, exist_ok=True)
    run = LineRun(accelerator, config, sources)
    settings = identity_of(
        config, accelerator.num_processes, {"words": len(sources.words), "fonts": len(sources.fonts)}
    )
    if accelerator.is_main_process:
        clear_states(config)
    resume(accelerator, state, settings, run.progress, config)
    save_every = int(config.checkpointing_steps)
    with run.progress_bar() as bar:
        for step in run.steps(bar):
            if step % config.eval_steps == 0:
                run.evaluate()
            if step % save_every == 0:
                save_state(accelerator, config.output_dir, step, settings)
    results = write_line_results(accelerator, config, run.averaged, sources, run.progress)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return results


def say_what_is_there(sources: LineSources) -> None:
    """Log what lines are composed of, and what was looked for and is left out."""
    log.info(
        f"{len(sources.words):,} words and lines, {len(sources.writers)} writers, {len(sources.fonts)} fonts, "
        f"{len(sources.glyphs) if sources.glyphs else 0:,} of EMNIST's rows"
        + (f"; not there and left out: {', '.join(sources.missing)}" if sources.missing else "")
    )
    if sources.left_out:
        signs = ", ".join(f"{sign} {count}" for sign, count in sources.left_out.most_common())
        log.info(f"Words left out for a sign that the alphabet has not: {signs}")


class LineRun:
    """What one process of a run works with, on its device, and how far it has come."""

    def __init__(self, accelerator: Accelerator, config: LineConfig, sources: LineSources) -> None:
        self.accelerator, self.config, self.sources = accelerator, config, sources
        self.batches = LineBatches(
            sources, seed=config.seed, columns=config.columns, words=config.words_share, fonts=config.fonts_share,
            limit=config.max_train_samples,
        )  # fmt: skip
        model = LineNetwork(BLANK + 1, width=config.width, blocks=config.blocks)
        model = model.to(accelerator.device, memory_format=torch.channels_last)
        optimizer = create_optimizer_v2(model, "adamw", lr=config.learning_rate, weight_decay=config.weight_decay)
        self.ema = ModelEmaV3(model, decay=config.ema_decay, use_warmup=True)
        self.averaged: nn.Module = self.ema.module
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.scheduler = LambdaLR(self.optimizer.optimizer, self._rate)
        self.progress = Progress()
        accelerator.register_for_checkpointing(self.scheduler, self.ema, self.progress)

    def _rate(self, step: int) -> float:
        """Return the learning rate's share of its highest at a step."""
        config = self.config
        falling = (config.max_train_steps - step) / max(config.decay_share * config.max_train_steps, 1)
        return float(np.clip(min((step + 1) / max(config.warmup_steps, 1), falling), 0, 1))

    def progress_bar(self) -> tqdm:
        """Return a bar over the steps of the run, which only the main process shows."""
        return tqdm(
            total=self.config.max_train_steps, initial=self.progress.step, desc="Lines", unit="step", mininterval=1,
            disable=not self.accelerator.is_main_process,
        )  # fmt: skip

    def steps(self, bar: tqdm) -> Iterator[int]:
        """Take the steps that are left; yield the number of each when it is done."""
        progress, processes = self.progress, self.accelerator.num_processes
        first = [
            step * processes + self.accelerator.process_index
            for step in range(progress.step, self.config.max_train_steps)
        ]
        loader: DataLoader[Batch] = DataLoader(
            _Numbered(self.batches), batch_size=None, sampler=first, num_workers=self.config.dataloader_num_workers,
            prefetch_factor=6 if self.config.dataloader_num_workers else None,
        )  # fmt: skip
        self.model.train()
        clock, lines = time.monotonic(), 0
        for batch in loader:
            loss = self.train_step(batch)
            lines += len(batch.strips) * processes
            bar.update()
            if progress.step % LOOKS_EVERY == 0:
                self.look(loss)
                now = time.monotonic()
                progress.seconds += now - clock
                progress.images_per_second = lines / max(now - clock, 1e-9)
                clock, lines = now, 0
                bar.set_postfix_str(
                    f"loss {np.mean(progress.losses[-50:]):.3f}, {progress.images_per_second:,.0f} lines/s"
                )
            yield progress.step

    def train_step(self, batch: Batch) -> Tensor:
        """Learn from a batch; return its loss, a scalar in nats a character."""
        device = self.accelerator.device
        strips, widths, targets, lengths = (torch.as_tensor(part).to(device) for part in batch)
        logits = self.model(to_input(strips))
        columns = torch.clamp(-(-widths // STRIDE), max=logits.shape[1])
        loss = F.ctc_loss(
            logits.float().log_softmax(-1).transpose(0, 1), targets, columns, lengths, blank=BLANK, zero_infinity=True
        )
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.scheduler.step()
        self.progress.step += 1
        self.ema.update(self.accelerator.unwrap_model(self.model), step=self.progress.step)
        return loss

    def look(self, loss: Tensor) -> None:
        """Note the loss, averaged over processes; stop all of them when it is no longer a number."""
        value = float(self.accelerator.reduce(loss.detach().float(), "mean"))
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss is {value} at step {self.progress.step}: lower --learning_rate (it is "
                f"{self.config.learning_rate:g}); go on from a checkpoint saved before with --resume_from_checkpoint."
            )
        self.progress.note(value, 0.0)
        self.progress.losses, self.progress.accuracies = self.progress.losses[-1000:], []
        self.accelerator.log(
            {"train_loss": value, "learning_rate": self.optimizer.param_groups[0]["lr"]}, step=self.progress.step
        )

    def evaluate(self) -> None:
        """Score the averaged weights on the validation persons' words, read greedily, and note it."""
        if not self.accelerator.is_main_process:
            return
        texts, limit = self.sources.words.text, self.config.max_eval_samples
        found = columns_of(self.averaged, self.sources, "validation", self.accelerator.device, limit)
        rates = error_rates([(str(texts[row]), greedy_text(columns)) for row, columns in found])
        entry = {
            "step": self.progress.step,
            "train_loss": float(np.mean(self.progress.losses[-100:] or [np.nan])),
            **rates,
        }
        self.progress.history.append(entry)
        log.info(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in entry.items()}))


class _Numbered(Dataset[Batch]):
    """Batches by their number, as torch's loader asks for them."""

    def __init__(self, batches: LineBatches) -> None:
        self.batches = batches

    def __getitem__(self, number: int) -> Batch:
        return self.batches[number]
