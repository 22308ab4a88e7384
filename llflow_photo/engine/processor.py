"""What the processor's convolutions can do: asked here, by the product and by its tests."""

from __future__ import annotations

from functools import cache

import torch

__all__ = ["has_fast_bfloat16", "has_fused_convolutions", "has_onednn"]


@cache
def has_onednn(dtype: torch.dtype = torch.float32) -> bool:
    """Whether oneDNN can be asked by name for a convolution in this type.

    Without it torch's own convolution is taken. oneDNN refuses half precision on processors that lack the
    instructions (x86-64 without AVX-512, for instance).
    """
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not (available and hasattr(torch, "mkldnn_convolution")):
        return False
    asked = {torch.bfloat16: "_is_mkldnn_bf16_supported", torch.float16: "_is_mkldnn_fp16_supported"}
    if dtype not in asked:
        return True
    supported = getattr(torch.ops.mkldnn, asked[dtype], None)
    return supported is not None and bool(supported())


@cache
def has_fused_convolutions() -> bool:
    """Whether this torch has convolutions that add and rectify on the way, made for its own compiler."""
    return all(
        hasattr(getattr(torch.ops.mkldnn, name, None), "binary")
        for name in ("_convolution_pointwise", "_convolution_pointwise_")
    )


@cache
def has_fast_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16; elsewhere it is emulated, slower than float32."""
    if not has_onednn(torch.bfloat16):
        return False
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(ask()) for name in names if (ask := getattr(torch.cpu, name, None)) is not None)
