"""Cameras' color matrices, and what white balance they need under which light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["CAMERAS", "ILLUMINANTS", "XYZ_FROM_SRGB", "Camera", "Illuminant", "mixed_camera"]

XYZ_FROM_SRGB = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


@dataclass(frozen=True)
class Camera:
    """A sensor's color response.

    Attributes:
        name: of the model.
        color_matrix: 3 x 3, CIE XYZ to camera RGB under D65, as DNG's ColorMatrix states it.
    """

    name: str
    color_matrix: tuple[tuple[float, ...], ...]

    @property
    def camera_from_srgb(self) -> np.ndarray:
        """3 x 3, float32: linear sRGB to white-balanced camera RGB; rows sum to 1, so grays stay gray."""
        matrix = np.array(self.color_matrix) @ XYZ_FROM_SRGB
        return np.asarray(matrix / matrix.sum(1, keepdims=True), np.float32)

    @property
    def srgb_from_camera(self) -> np.ndarray:
        """3 x 3, float32: inverse of `camera_from_srgb`."""
        return np.asarray(np.linalg.inv(self.camera_from_srgb.astype(np.float64)), np.float32)


def _camera(name: str, *matrix: int) -> Camera:
    rows = tuple(tuple(value / 10000 for value in matrix[i : i + 3]) for i in (0, 3, 6))
    return Camera(name, rows)


# ColorMatrix for D65 as published in these models' DNG profiles, times 10,000.
CAMERAS = (
    _camera("Canon EOS 5D Mark II", 4716, 603, -830, -7798, 15474, 2480, -1496, 1937, 6651),
    _camera("Canon EOS 550D", 6941, -1164, -857, -3825, 11597, 2534, -416, 1540, 6039),
    _camera("Nikon D700", 8139, -2171, -663, -8747, 16541, 2295, -1925, 2008, 8093),
    _camera("Nikon D7000", 8198, -2239, -724, -4871, 12389, 2798, -1043, 2050, 7181),
    _camera("Sony ILCE-7", 5271, -712, -347, -6153, 13653, 2763, -1601, 2366, 7242),
    _camera("Sony ILCE-7M3", 7374, -2389, -551, -5435, 13162, 2519, -1006, 1795, 6552),
    _camera("Fujifilm X-T1", 8458, -2451, -855, -4597, 12447, 2407, -1475, 2482, 6526),
    _camera("Olympus E-M5", 8380, -2630, -639, -2887, 10725, 2496, -627, 1427, 5438),
    _camera("Panasonic DMC-GH4", 7122, -2108, -512, -3155, 11201, 2231, -541, 1423, 5045),
    _camera("Pentax K-5", 8713, -2833, -743, -4342, 11900, 2772, -722, 1543, 6247),
)


def mixed_camera(random: np.random.Generator) -> Camera:
    """A camera between three real ones, its matrix a random convex combination of theirs."""
    chosen = random.choice(len(CAMERAS), 3, replace=False)
    weights = random.dirichlet((1.0, 1.0, 1.0))
    matrices = [np.array(CAMERAS[index].color_matrix) for index in chosen]
    mixed = sum(weight * matrix for weight, matrix in zip(weights, matrices, strict=True))
    return Camera("mixed", tuple(tuple(float(value) for value in row) for row in np.asarray(mixed)))


@dataclass(frozen=True)
class Illuminant:
    """Ranges of the white balance gains (green = 1) that cameras apply under a light."""

    name: str
    red: tuple[float, float]
    blue: tuple[float, float]

    def gains(self, random: np.random.Generator) -> tuple[float, float, float]:
        """Red, green and blue gain, drawn uniformly from the ranges."""
        return float(random.uniform(*self.red)), 1.0, float(random.uniform(*self.blue))


# The daylight range is Brooks et al. 2019's; the others widen it to what warm and narrow-band lamps need.
ILLUMINANTS = {
    light.name: light
    for light in (
        Illuminant("daylight", (1.9, 2.4), (1.5, 1.9)),
        Illuminant("moonlit shade", (2.2, 2.7), (1.25, 1.5)),
        Illuminant("led", (1.6, 2.1), (1.6, 2.3)),
        Illuminant("fluorescent", (1.5, 2.0), (1.9, 2.6)),
        Illuminant("tungsten", (1.2, 1.6), (2.2, 3.0)),
        Illuminant("sodium", (1.0, 1.25), (2.7, 3.5)),
    )
}
