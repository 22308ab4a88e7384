"""Lossless JPEG (ITU-T T.81 annex H), for mosaics in DNG: predictor 1, Huffman-coded differences."""

from __future__ import annotations

import heapq
import struct
from typing import TypeAlias

import numpy as np

__all__ = ["encode_lossless_jpeg"]

# Count, order among equals, symbols below.
_Node: TypeAlias = tuple[int, int, tuple[int, ...]]
_BLOCK_SYMBOLS = 1 << 20


def encode_lossless_jpeg(samples: np.ndarray) -> bytes:
    """Encode samples as a JPEG stream of one frame.

    Args:
        samples: H x W x C uint16, C components (1 to 4) interleaved; H and W at most 65535.

    A mosaic is best passed as H x W/2 x 2, so that a pixel is predicted from its neighbor of the same color.
    """
    height, width, components = samples.shape
    differences = _differences(samples)
    magnitude = np.abs(differences)
    categories = np.zeros(differences.shape, np.uint8)
    for bit in range(16):
        categories += magnitude >= (1 << bit)
    lengths = _code_lengths(np.bincount(categories, minlength=17))
    codes = _canonical_codes(lengths)
    frame = struct.pack(">BHHB", 16, height, width, components)
    frame += b"".join(bytes((index, 0x11, 0)) for index in range(components))
    scan = (
        bytes((components,)) + b"".join(bytes((index, 0)) for index in range(components)) + bytes((1, 0, 0))
    )
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xC3, frame),
            _segment(0xC4, _huffman_table(lengths)),
            _segment(0xDA, scan),
            _entropy_coded(differences, categories, codes, lengths),
            b"\xff\xd9",
        )
    )


def _differences(samples: np.ndarray) -> np.ndarray:
    """Differences to the left neighbor (first column: the one above; first pixel: 2^15), modulo 2^16."""
    values = samples.astype(np.int32)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 1 << 15
    wrapped = (values - predicted) & 0xFFFF
    # T.81 H.1.2.1: -32767..32768; the category of 32768 is 16, with no further bits.
    return np.where(wrapped > 32768, wrapped - 65536, wrapped).reshape(-1)


def _code_lengths(counts: np.ndarray) -> np.ndarray:
    """Huffman code lengths, at most 16, that leave the all-ones code unused (T.81 annex K.2)."""
    used = [int(symbol) for symbol in np.flatnonzero(counts)]
    # A dummy symbol takes the all-ones code, which the standard reserves.
    heap: list[_Node] = [(0, 999, (-1,)), *((int(counts[symbol]), symbol, (symbol,)) for symbol in used)]
    heapq.heapify(heap)
    depth = dict.fromkeys([*used, -1], 0)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in (*first[2], *second[2]):
            depth[symbol] += 1
        heapq.heappush(heap, (first[0] + second[0], min(first[1], second[1]), (*first[2], *second[2])))
    lengths = np.zeros(17, np.int64)
    for symbol in used:
        lengths[symbol] = depth[symbol]
    if lengths.max() > 16:
        # Rarer than any photo: fall back to equal lengths, 17 symbols and the dummy fit into 5 bits.
        lengths[used] = 5
    return lengths


def _canonical_order(lengths: np.ndarray) -> list[int]:
    return sorted((int(s) for s in np.flatnonzero(lengths)), key=lambda s: (int(lengths[s]), s))


def _canonical_codes(lengths: np.ndarray) -> np.ndarray:
    codes = np.zeros(17, np.int64)
    code, length = 0, 0
    for symbol in _canonical_order(lengths):
        code <<= int(lengths[symbol]) - length
        length = int(lengths[symbol])
        codes[symbol] = code
        code += 1
    return codes


def _huffman_table(lengths: np.ndarray) -> bytes:
    counts = bytes(int((lengths == length).sum()) for length in range(1, 17))
    return b"\0" + counts + bytes(_canonical_order(lengths))


def _entropy_coded(
    differences: np.ndarray, categories: np.ndarray, codes: np.ndarray, lengths: np.ndarray
) -> bytes:
    out, rest = [], np.zeros(0, np.uint8)
    for start in range(0, differences.size, _BLOCK_SYMBOLS):
        difference = differences[start : start + _BLOCK_SYMBOLS].astype(np.int64)
        category = categories[start : start + _BLOCK_SYMBOLS].astype(np.int64)
        extra = np.where(category == 16, 0, category)
        mantissa = np.where(difference < 0, difference + (1 << extra) - 1, difference) & ((1 << extra) - 1)
        words = (codes[category] << extra) | mantissa
        bits = lengths[category] + extra
        ends = np.cumsum(bits)
        shift = np.repeat(ends, bits) - 1 - np.arange(ends[-1])
        stream = ((np.repeat(words, bits) >> shift) & 1).astype(np.uint8)
        stream = np.concatenate((rest, stream))
        whole = stream.size // 8 * 8
        out.append(np.packbits(stream[:whole]).tobytes())
        rest = stream[whole:]
    if rest.size:
        out.append(np.packbits(np.concatenate((rest, np.ones(8 - rest.size, np.uint8)))).tobytes())
    return b"".join(out).replace(b"\xff", b"\xff\0")


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload
