"""Capabilities of the processor's convolutions."""

from __future__ import annotations

from functools import cache

import torch

__all__ = ["has_fast_bfloat16", "has_fused_convolutions", "has_onednn"]


@cache
def has_onednn(dtype: torch.dtype = torch.float32) -> bool:
    """Whether oneDNN convolutions of this data type can be called explicitly.

    oneDNN rejects half precision on processors without the instructions, such as x86-64 without AVX-512.
    """
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not (available and hasattr(torch, "mkldnn_convolution")):
        return False
    queries = {torch.bfloat16: "_is_mkldnn_bf16_supported", torch.float16: "_is_mkldnn_fp16_supported"}
    if dtype not in queries:
        return True
    supported = getattr(torch.ops.mkldnn, queries[dtype], None)
    return supported is not None and bool(supported())


@cache
def has_fused_convolutions() -> bool:
    """Whether this torch has convolutions with fused addition and ReLU, made for its own compiler."""
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
    return any(bool(query()) for name in names if (query := getattr(torch.cpu, name, None)) is not None)
