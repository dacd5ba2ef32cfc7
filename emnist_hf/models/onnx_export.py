"""Write a checkpoint as ONNX, for ONNX Runtime and transformers.js: in float32, and in int8 for a quarter of the bytes.

Needs the packages onnx and onnxscript, which nothing else here does.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emnist_hf.errors import EmnistError, first_line
from emnist_hf.models.checkpoint import CONFIG, ONNX, ONNX_INT8
from emnist_hf.models.fuse import fuse
from emnist_hf.models.network import Checkpoint

INPUT, OUTPUT = "pixel_values", "logits"
CALIBRATION_FONTS = ("Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "Serif", "Serif-Italic")
CALIBRATION_BATCH = 62
TOLERANCE = 1e-4  # how far a probability in float32 may be from torch's


class OnnxError(EmnistError):
    """An export to ONNX that cannot be made or read; the message says why and what to do."""


@dataclass(frozen=True)
class Exported:
    """A written file and how its answers compare with torch's on the calibration glyphs.

    largest_difference: of any probability. same_labels: share of glyphs with the same best label.
    """

    path: Path
    largest_difference: float
    same_labels: float


class OnnxNetwork:
    """An exported network, run by ONNX Runtime on the CPU. Safe to share between threads."""

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        """Raises `OnnxError` if ONNX Runtime is not installed or cannot read the file."""
        runtime = _needed("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a type for each thing that can be wrong with a file
            said = first_line(error)
            raise OnnxError(f"{path} is not a network that ONNX Runtime reads: export it again. {said}") from None

    def logits(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return logits, float32 [N, classes], of float32 [N, 1 or 3, side, side] as `Checkpoint.pixels` makes it."""
        return self._session.run([OUTPUT], {INPUT: pixels})[0]


def check_installed() -> None:
    """Raise `OnnxError` if a package is missing that `export_onnx` needs."""
    for package in ("onnx", "onnxruntime", "onnxscript"):
        _needed(package)


def export_onnx(
    checkpoint: Checkpoint, folder: str | Path, calibration: NDArray[np.uint8] | None = None
) -> list[Exported]:
    """Write `onnx/model.onnx` and `onnx/model_quantized.onnx` under a folder, and compare them with torch.

    The checkpoint's config.json, with labels and preprocessing, goes with them: what runs them in a browser reads it.

    Both take `pixel_values`, float32 [N, C, side, side], normalised, and give `logits`, float32 [N, classes], for any
    N; softmax is left to the caller, as in transformers. C is 1, or 3 as transformers.js has pictures: the mean over
    the channels is what is read. The second is quantised to int8 with ranges calibrated
    statically (Jacob et al. 2018) on `calibration`, glyphs uint8 [N, 28, 28]; without it, on printed letters.

    Raises `OnnxError` if a package is missing, the model cannot be exported, or float32 answers differ from torch's.
    """
    check_installed()
    glyphs = printed_glyphs(checkpoint) if calibration is None else calibration
    whole, quantized = Path(folder) / ONNX, Path(folder) / ONNX_INT8
    whole.parent.mkdir(parents=True, exist_ok=True)
    config = checkpoint.folder / CONFIG
    if config.is_file() and config.resolve() != (Path(folder) / CONFIG).resolve():
        shutil.copyfile(config, Path(folder) / CONFIG)
    _write_float(checkpoint, whole)
    exact = compare(checkpoint, whole, glyphs)
    if not exact.largest_difference <= TOLERANCE:
        raise OnnxError(
            f"{whole} differs from torch by {exact.largest_difference:.1e} in a probability: do not use it, and report "
            f"the architecture of {checkpoint.name}."
        )
    _write_quantized(checkpoint, whole, quantized, glyphs)
    return [exact, compare(checkpoint, quantized, glyphs)]


def compare(checkpoint: Checkpoint, path: str | Path, glyphs: NDArray[np.uint8]) -> Exported:
    """Compare an exported network with torch on glyphs, uint8 [N, 28, 28], N > 0. Raises as `OnnxNetwork`."""
    network = OnnxNetwork(path)
    difference, same = 0.0, 0
    for start in range(0, len(glyphs), CALIBRATION_BATCH):
        batch = torch.from_numpy(glyphs[start : start + CALIBRATION_BATCH])
        with torch.inference_mode():
            wanted = checkpoint.logits(batch).softmax(dim=1)
        found = torch.from_numpy(network.logits(checkpoint.pixels(batch).numpy())).softmax(dim=1)
        difference = max(difference, float((wanted - found).abs().max()))
        same += int((wanted.argmax(dim=1) == found.argmax(dim=1)).sum())
    return Exported(Path(path), difference, same / len(glyphs))


def printed_glyphs(checkpoint: Checkpoint) -> NDArray[np.uint8]:
    """Draw every character that the checkpoint knows in six fonts, as a visitor's would be read: uint8 [N, 28, 28]."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    from emnist_hf.ink.glyph import to_glyph

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    glyphs = []
    for name in CALIBRATION_FONTS:
        font = ImageFont.truetype(str(folder / f"DejaVu{name}.ttf"), 96)
        for character in "".join(checkpoint.label_set.members):
            page = Image.new("L", (160, 160))
            ImageDraw.Draw(page).text((80, 80), character, fill=255, font=font, anchor="mm")
            glyphs.append(to_glyph(np.asarray(page, np.float32) / np.float32(255)))
    return np.stack(glyphs)


def _write_float(checkpoint: Checkpoint, path: Path) -> None:
    pixels = torch.zeros(2, 3, checkpoint.image_size, checkpoint.image_size)  # one row would fix the batch at one
    # Folded before and not by each runtime; to_onnx knows no channels_last.
    model = fuse(checkpoint.model).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    export_graph(_AnyChannels(model), pixels, path, (INPUT, OUTPUT), checkpoint.name, free=("batch", "channels"))


def export_graph(
    model: nn.Module,
    pixels: Tensor,
    path: Path,
    names: tuple[str, str],
    called: str,
    free: tuple[str | None, ...] = ("batch",),
) -> None:
    """Write a network as ONNX that takes any number of rows like those of `pixels`, which has two or more.

    names: of its input and its output. called: what to call the network in an error. free: names of the first
    dimensions that may have any size, None for one that may not.

    Raises `OnnxError` if a package is missing or torch cannot export it.
    """
    for package in ("onnx", "onnxscript"):
        _needed(package)
    try:
        torch.onnx.export(
            model.eval(),
            (pixels,),
            str(path),
            input_names=[names[0]],
            output_names=[names[1]],
            dynamic_shapes=({place: torch.export.Dim(name) for place, name in enumerate(free) if name},),
            external_data=False,
            dynamo=True,
            verbose=False,
        )
        _without_notes(path)
    except Exception as error:  # the exporter raises what the traced model's Python does
        raise OnnxError(
            f"torch cannot export {called} to ONNX: {first_line(error)} Use another architecture."
        ) from None


def without_weights(path: Path, weights: dict[str, str]) -> None:
    """Leave of each weight of a graph its name and shape: ONNX Runtime is given the values beside the graph.

    weights: from the names that the graph has to those under which they are handed over.
    """
    import onnx

    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            tensor.name = weights[tensor.name]
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            place = tensor.external_data.add()
            place.key, place.value = "location", "model.safetensors"
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = weights.get(name, name)
    del model.graph.value_info[:]
    onnx.save(model, path)


class _AnyChannels(nn.Module):
    """A network of one channel that takes any number of them, by their mean."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model(pixels.mean(dim=1, keepdim=True))


def _without_notes(path: Path) -> None:
    """Take out the exporter's notes on where each step came from: they name folders of this machine."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        part.ClearField("metadata_props")
    onnx.save(model, path)


def _write_quantized(checkpoint: Checkpoint, whole: Path, path: Path, glyphs: NDArray[np.uint8]) -> None:
    """Write int8 with a scale for each output channel; the dense layers, which cost labels, stay float."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(whole), str(prepared))
        quantize_static(
            str(prepared),
            str(path),
            _calibration_reader(checkpoint, glyphs),
            quant_format=QuantFormat.QDQ,
            nodes_to_exclude=_first_convolution(prepared),
            op_types_to_quantize=["Conv", "Relu", "Add", "MaxPool", "AveragePool", "GlobalAveragePool"],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Weights of 7 bits: without VNNI, processors add pairs of products in 16 bits, which 8 bits overflow.
            reduce_range=True,
        )


def _first_convolution(path: Path) -> list[str]:
    """Return the name of the convolution that sees the picture: in int8 it costs more labels than all the others."""
    import onnx

    return [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"][:1]


def _calibration_reader(checkpoint: Checkpoint, glyphs: NDArray[np.uint8]) -> Any:
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        """Hands the glyphs out in batches, then None."""

        def __init__(self) -> None:
            parts = np.array_split(glyphs, -(-len(glyphs) // CALIBRATION_BATCH))
            self.batches = ({INPUT: checkpoint.pixels(torch.from_numpy(part)).numpy()} for part in parts)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self.batches, None)

    return Reader()


def _needed(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise OnnxError(
            f"ONNX needs {package}, which is not installed: pip install onnx onnxruntime onnxscript."
        ) from None
