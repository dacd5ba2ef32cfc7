"""One folder, many ways to load it, and all that can be wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import train
from emnist_hf.errors import EmnistError
from emnist_hf.models.checkpoint import CheckpointError, normalise
from emnist_hf.models.fuse import fuse
from emnist_hf.models.network import (
    calibrate,
    count_parameters,
    create_model,
    load_checkpoint,
    save_checkpoint,
    to_input,
)
from emnist_hf.models.pretrained import CHARACTERS
from emnist_hf.models.replaced_cnn import ReplacedCNN
from emnist_hf.recognizer import Recognizer
from emnist_hf.splits import CHARSETS, SPLITS
from tests.support.drawn import draw_rows
from tests.support.training import quick_flags


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    return save_checkpoint(create_model(CHARSETS["digits"]), tmp_path / "fresh", CHARSETS["digits"], split="digits")


def edit(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_timm_transformers_and_ours_agree(folder: Path) -> None:
    import timm
    from PIL import Image
    from transformers import AutoModelForImageClassification, pipeline

    from emnist_hf.processor import GlyphImageProcessor

    glyphs = draw_rows(CHARSETS["digits"], 2).images
    ours = Recognizer.from_pretrained(folder).predict_proba(glyphs)
    pixels = normalise(to_input(torch.from_numpy(glyphs), 56))

    plain = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    with torch.inference_mode():
        assert np.allclose(plain(pixels).softmax(1).numpy(), ours, atol=1e-5)
    wrapped = AutoModelForImageClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        assert np.allclose(wrapped(pixels).logits.softmax(1).numpy(), ours, atol=1e-5)
    assert wrapped.config.id2label[7] == "7"

    processor = GlyphImageProcessor.from_pretrained(folder)
    classify = pipeline("image-classification", model=wrapped, image_processor=processor)
    for row, glyph in enumerate(glyphs):
        found = {entry["label"]: entry["score"] for entry in classify(Image.fromarray(glyph), top_k=10)}
        assert np.allclose([found[str(i)] for i in range(10)], ours[row], atol=1e-5)


def test_the_processor_takes_what_people_have(folder: Path) -> None:
    from PIL import Image

    from emnist_hf.processor import GlyphImageProcessor

    glyph = draw_rows(CHARSETS["digits"], 1).images[3]
    processor = GlyphImageProcessor.from_pretrained(folder)
    wanted = processor(Image.fromarray(glyph)).pixel_values
    assert wanted.shape == (1, 1, 56, 56)
    forms = [
        Image.fromarray(glyph).convert("RGB"),
        glyph,
        torch.from_numpy(glyph.copy()),
        torch.from_numpy(glyph / 255),
    ]
    for form in forms:
        assert torch.allclose(processor(form).pixel_values, wanted, atol=1e-4)


def test_saved_weights_are_contiguous_and_come_back_the_same(tmp_path: Path) -> None:
    model = create_model(CHARSETS["letters"]).to(memory_format=torch.channels_last)
    save_checkpoint(model, tmp_path, CHARSETS["letters"])
    loaded = load_checkpoint(tmp_path).model.state_dict()
    assert all(torch.equal(value, loaded[name]) for name, value in model.state_dict().items())


def test_calibration_is_part_of_the_weights() -> None:
    model = create_model(CHARSETS["digits"]).eval()
    pixels = torch.rand(3, 1, 56, 56)
    with torch.inference_mode():
        before = model(pixels)
    bias = np.linspace(-1, 1, 10, dtype=np.float32)
    calibrate(model, 2.0, bias)
    with torch.inference_mode():
        assert torch.allclose(model(pixels), before / 2 + torch.from_numpy(bias), atol=1e-5)


def test_an_unknown_architecture() -> None:
    with pytest.raises(CheckpointError, match="timm cannot make 'resnet9000'"):
        create_model(CHARSETS["digits"], "resnet9000")


@pytest.mark.security(24)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_classes": 11}, "num_classes is 11"),
        ({"label_names": list("9876543210")}, "official order"),
        ({"label_names": None}, "no label_names"),
        ({"architecture": "nothing"}, "timm cannot make"),
        ({"model_args": {"channels": [8, 8, 8, 8]}}, "do not fit"),
        ({"model_args": [1]}, "not the config"),
        ({"model_args": {"checkpoint_path": "x.pth"}}, "from elsewhere"),
        ({"architecture": "hf-hub:user/name"}, "from elsewhere"),
        ({"pretrained_cfg": {"input_size": [3, 56, 56], "mean": [0.5], "std": [0.5]}}, "one channel"),
        ({"pretrained_cfg": {"input_size": [1, 56, 56], "mean": [0.5] * 3, "std": [0.5] * 3}}, "one channel"),
        ({"pretrained_cfg": {}}, "input_size"),
    ],
)
def test_a_config_that_does_not_fit(folder: Path, changes: dict[str, object], said: str) -> None:
    edit(folder, **changes)
    with pytest.raises(CheckpointError, match=said):
        load_checkpoint(folder)


@pytest.mark.security(25)
def test_weights_of_other_kinds_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:5000])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load_checkpoint(folder)
    torch.save({"x": torch.zeros(1)}, weights)  # a pickle under the wrong name
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        load_checkpoint(folder)
    weights.rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="only safetensors"):
        load_checkpoint(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        load_checkpoint(folder)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["fc.bias"][0] = float("nan")
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="not numbers"):
        load_checkpoint(folder)


@pytest.mark.security(28)
def test_no_checkpoint_there(tmp_path: Path) -> None:
    for source in (tmp_path / "none", "../../etc", "no such", "x" * 300, tmp_path):
        with pytest.raises(CheckpointError):
            Recognizer.from_pretrained(source)


@pytest.mark.parametrize("split", CHARACTERS)
def test_packaged_checkpoints(split: str) -> None:
    recognizer = Recognizer.from_pretrained(split)
    assert recognizer.label_set is SPLITS[split].label_set
    assert (recognizer.folder / "model.safetensors").stat().st_size <= 6_000_000
    assert sum(parameter.numel() for parameter in recognizer.checkpoint.model.parameters()) <= 3_000_000
    assert recognizer.results["split"] == split
    assert "model-index" in (recognizer.folder / "README.md").read_text()


@pytest.mark.parametrize("architecture", ["resnet10t", "test_efficientnet", "emnist_replaced_cnn"])
def test_a_fused_network_answers_the_same(architecture: str) -> None:
    """Plain batch norms, timm's with an activation inside, and none."""
    torch.manual_seed(0)
    model = create_model(CHARSETS["digits"], architecture)
    pixels = torch.rand(8, 1, *([28] * 2 if architecture == "emnist_replaced_cnn" else [56] * 2))
    for _ in range(20):
        model(pixels)  # so that the batch norms have statistics worth folding
    had = [name for name, module in model.eval().named_modules() if isinstance(module, nn.BatchNorm2d)]
    fused = fuse(model)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fused.modules())
    assert [name for name, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)] == had  # a copy was changed
    with torch.inference_mode():
        assert torch.allclose(fused(pixels).softmax(1), model(pixels).softmax(1), atol=1e-5)


def test_only_what_is_safe_is_fused() -> None:
    """A batch norm whose convolution is also read elsewhere keeps its place, as does all of an untraceable network."""

    class Shared(nn.Module):
        def __init__(self, branches: bool) -> None:
            super().__init__()
            self.conv, self.norm, self.branches = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), branches

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            found = self.conv(pixels)
            if self.branches and pixels.sum() < 0:  # a tracer has no sum to compare
                return found
            return self.norm(found) + found

    for branches in (False, True):
        model = Shared(branches)
        model(torch.rand(8, 1, 9, 9))
        pixels = torch.rand(2, 1, 9, 9)
        fused = fuse(model)
        assert isinstance(fused.get_submodule("norm"), nn.BatchNorm2d)
        assert torch.allclose(fused(pixels), model.eval()(pixels), atol=1e-6)


def test_the_replaced_network_has_the_size_it_had(tmp_path: Path) -> None:
    byclass = CHARSETS["byclass"]
    model = create_model(byclass, "emnist_replaced_cnn")
    assert count_parameters(model) == 264_894
    save_checkpoint(model, tmp_path, byclass, image_size=28)
    loaded = load_checkpoint(tmp_path)
    glyphs = torch.from_numpy(draw_rows(CHARSETS["digits"], 1).images)
    with torch.inference_mode():
        assert torch.equal(loaded.logits(glyphs), model.eval()(normalise(to_input(glyphs, 28))))
    with pytest.raises(EmnistError, match="takes 28x28"):
        model(torch.zeros(1, 1, 56, 56))


def test_the_replaced_network_is_trained_by_the_same_script(small_emnist: Path, tmp_path: Path) -> None:
    """Two steps of train.py, then the checkpoint reads."""
    network = {"architecture": "emnist_replaced_cnn", "model_args": "{}", "max_train_samples": 64}
    assert train.main(quick_flags(small_emnist, tmp_path, validation_fraction=0.05, **network)) == 0
    assert json.loads((tmp_path / "results.json").read_text())["train"]["steps"] == 2
    recognizer = Recognizer.from_pretrained(tmp_path)
    assert isinstance(recognizer.checkpoint.model, ReplacedCNN)
    assert recognizer.predict_proba(draw_rows(CHARSETS["digits"], 1).images).shape == (10, 10)
