"""Half precision for products alone: they take most of the time and keep their sums in float32.

The layers that multiply have half-precision weights and run under torch.autocast; what overflows
or loses digits in half precision (the residual stream, norms, attention scores with their softmax)
stays in float32. Autocast itself would do so in part on CUDA and not at all on a CPU.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

_PRODUCTS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Embedding)


def halve_products(part: nn.Module, dtype: torch.dtype) -> None:
    """Give layers that multiply, and embeddings, weights of a half-precision type."""
    for module in part.modules():
        if isinstance(module, _PRODUCTS):
            module.to(dtype)


def mixing(kind: str, dtype: torch.dtype | None) -> AbstractContextManager[object]:
    """Return the context that runs products on a kind of device in `dtype`, None: as they are."""
    if dtype is None:
        return nullcontext()
    # Weights have their type already: there is nothing to cache.
    return torch.autocast(kind, dtype=dtype, cache_enabled=False)


def wide(x: Tensor) -> Tensor:
    """Return x in float32 where products are mixed in, as it is elsewhere."""
    return x.float() if _mixed(x) else x


def unmixed(x: Tensor) -> AbstractContextManager[object]:
    """Return the context in which products of what is like x stay in float32."""
    return torch.autocast(x.device.type, enabled=False) if _mixed(x) else nullcontext()


def _mixed(x: Tensor) -> bool:
    # Training keeps autocast's own choice, with its fused attention.
    kind = x.device.type
    return (
        torch.is_inference_mode_enabled()
        and torch.amp.is_autocast_available(kind)
        and torch.is_autocast_enabled(kind)
    )
