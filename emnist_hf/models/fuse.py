"""Batch norms folded into the convolutions before them (Jacob et al. 2018, section 3.2), for serving.

`fold` does it with weights alone, which is how a graph of the package gets them without torch; `fuse` does it to a
network of torch's.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

Norm = tuple[str, str, float]
"""Names of a convolution and of the batch norm that follows it, and that one's epsilon."""


def fold(weights: dict[str, NDArray[Any]], norms: list[Norm]) -> dict[str, NDArray[np.float32]]:
    """Return weights and biases of the convolutions with their batch norms folded in, by name, float32."""
    folded = {}
    for convolution, norm, epsilon in norms:
        scale = weights.get(f"{norm}.weight", 1) / np.sqrt(weights[f"{norm}.running_var"] + epsilon)
        bias = (weights.get(f"{convolution}.bias", 0) - weights[f"{norm}.running_mean"]) * scale
        weight = weights[f"{convolution}.weight"]
        folded[f"{convolution}.weight"] = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
        folded[f"{convolution}.bias"] = weights.get(f"{norm}.bias", 0) + bias
    return {name: np.ascontiguousarray(value, np.float32) for name, value in folded.items()}


def fuse(model: nn.Module) -> nn.Module:
    """Return a copy of a network, in eval mode, that answers the same (to float32's rounding) in less time.

    Each batch norm that follows a convolution and nothing else is folded into it, and the copy is laid out channels
    last. A network that cannot be traced keeps its batch norms. Not for training.
    """
    import torch
    from torch import nn

    fused = copy.deepcopy(model).eval().requires_grad_(False)
    norms = find_norms(fused)
    weights = {name: value.cpu().numpy() for name, value in fused.state_dict().items()} if norms else {}
    device = next(fused.parameters()).device if norms else None
    for name, value in fold(weights, norms).items():
        module, _, which = name.rpartition(".")
        setattr(fused.get_submodule(module), which, nn.Parameter(torch.from_numpy(value).to(device), False))
    for _, norm, _ in norms:
        after: Any = fused.get_submodule(norm)
        # timm's BatchNormAct2d brings an activation, which stays.
        fused.set_submodule(norm, nn.Sequential(after.drop, after.act) if hasattr(after, "act") else nn.Identity())
    return fused.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def find_norms(model: nn.Module) -> list[Norm]:
    """Return the batch norms that follow a convolution, where that feeds nothing else and each is called once."""
    from timm.layers import BatchNormAct2d
    from torch import fx, nn

    CONVOLUTIONS, NORMS = (nn.Conv1d, nn.Conv2d), (nn.BatchNorm1d, nn.BatchNorm2d, BatchNormAct2d)

    class Tracer(fx.Tracer):
        """Sees every kind of convolution and batch norm as one step, timm's own included."""

        def is_leaf_module(self, module: nn.Module, name: str) -> bool:
            return isinstance(module, CONVOLUTIONS + NORMS) or super().is_leaf_module(module, name)

    try:
        steps = [node for node in Tracer().trace(model).nodes if node.op == "call_module"]
    except Exception:  # tracing raises what the traced Python does with a value that is not there
        return []
    modules: dict[Any, Any] = dict(model.named_modules())
    calls = [step.target for step in steps]
    norms = []
    for step in steps:
        before: Any = step.args[0] if step.args else None
        norm = modules[step.target]
        if (
            type(norm) in NORMS
            and norm.running_mean is not None
            and before in steps
            and isinstance(modules[before.target], CONVOLUTIONS)
            and len(before.users) == 1
            and calls.count(before.target) == calls.count(step.target) == 1
        ):
            norms.append((str(before.target), str(step.target), float(norm.eps)))
    return norms
