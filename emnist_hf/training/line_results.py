"""How a run of the line network ends: its scores fitted, scored, and written as a checkpoint folder with its card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from tqdm import tqdm

from emnist_hf.data.line_rows import LineSources, held_out_batches
from emnist_hf.data.strokes import Part
from emnist_hf.evaluation.calibration import calibration_bins, calibration_error_of
from emnist_hf.evaluation.line_scores import ReadWord, fit_scores, rates_by_style, read_word
from emnist_hf.evaluation.markdown import render
from emnist_hf.evaluation.metrics import write_json
from emnist_hf.letterforms import LINE_ALPHABET
from emnist_hf.models.checkpoint import CARD, RESULTS
from emnist_hf.models.line_checkpoint import STRIDE, read_line_checkpoint
from emnist_hf.models.line_engine import LineEngine
from emnist_hf.models.line_network import save_line_network, to_input
from emnist_hf.reading.ctc import Columns
from emnist_hf.reading.vocabulary import vocabulary
from emnist_hf.training.line_config import LineConfig
from emnist_hf.training.run_state import Progress


def write_line_results(
    accelerator: Accelerator, config: LineConfig, model: nn.Module, sources: LineSources, progress: Progress
) -> dict[str, Any]:
    """Fit scores on validation persons, look at the test persons once, write checkpoint, results and card.

    Returns what stands in results.json; {} in all processes but the main one.
    """
    if not accelerator.is_main_process:
        return {}
    folder, device = Path(config.output_dir), accelerator.device
    validation = read_part(model, sources, "validation", device, config.max_eval_samples)
    calibration = fit_scores(validation)
    save_line_network(model, folder, config.width, config.blocks, calibration=calibration)
    test = read_part(model, sources, "test", device, config.max_eval_samples)
    engine = LineEngine(read_line_checkpoint(folder))
    frames, posteriors, right = (
        np.concatenate([getattr(w, n) for w in test]) for n in ("frames", "posteriors", "right")
    )
    bins = calibration_bins(engine.score(frames, posteriors).astype(np.float32), right)
    results = {
        "task": "lines",
        "model": {
            "parameters": sum(p.numel() for p in model.parameters()),
            "width": config.width,
            "blocks": config.blocks,
        },
        "train": {
            "words": len(sources.words.rows("train")),
            "writers_of_characters": len(sources.writers),
            "fonts": len(sources.fonts),
            "rows_of_characters": len(sources.glyphs) if sources.glyphs else 0,
            "missing": sources.missing,
            "left_out": dict(sources.left_out.most_common()),
            "steps": progress.step,
            "hours": progress.seconds / 3600,
            "settings": {k: v for k, v in asdict(config).items() if k not in ("dataset", "fonts", "output_dir")},
        },
        "validation": rates_by_style(validation),
        "test": rates_by_style(test),
        "calibration": {"ece": calibration_error_of(bins), "characters": len(right), "bins": bins},
        "alphabet": LINE_ALPHABET,
        "history": progress.history,
    }
    write_json(results, folder / RESULTS)
    (folder / CARD).write_text(render("lines_card", r=results), encoding="utf-8")
    return results


def read_part(
    model: nn.Module, sources: LineSources, part: Part, device: torch.device, limit: int | None = None
) -> list[ReadWord]:
    """Read the words of the persons of a part, greedily and with English words."""
    words, english, found = sources.words, vocabulary("en"), []
    for row, columns in tqdm(columns_of(model, sources, part, device, limit), desc=f"reading {part}", unit="word"):
        found.append(read_word(str(words.text[row]), str(words.style[row]), columns, english))
    return found


@torch.inference_mode()
def columns_of(
    model: nn.Module, sources: LineSources, part: Part, device: torch.device, limit: int | None = None
) -> Iterator[tuple[int, Columns]]:
    """Yield row and columns, log probabilities float32 [T, classes], of the words of persons who are not trained on."""
    model.eval()
    for batch, rows in held_out_batches(sources.words, part, limit=limit):
        found = model(to_input(torch.as_tensor(batch.strips).to(device))).float().log_softmax(-1).cpu().numpy()
        for row, width, columns in zip(rows, batch.widths, found):
            yield row, columns[: -(-int(width) // STRIDE)]
