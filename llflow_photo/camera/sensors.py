"""Color matrices of cameras, and their white balance gains by light source."""

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
        name: name of the model.
        color_matrix: 3 x 3, CIE XYZ to camera RGB under D65, as in DNG's ColorMatrix.
    """

    name: str
    color_matrix: tuple[tuple[float, ...], ...]

    @property
    def camera_from_srgb(self) -> np.ndarray:
        """3 x 3, float32: linear sRGB to white-balanced camera RGB; rows sum to 1, to preserve grays."""
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
    _camera("Canon EOS 5D Mark III", 6722, -635, -963, -4287, 12460, 2028, -908, 2162, 5668),
    _camera("Canon EOS 6D", 7034, -804, -1014, -4420, 12564, 2058, -851, 1994, 5758),
    _camera("Canon EOS 5D Mark IV", 6446, -366, -864, -4436, 12204, 2513, -952, 2496, 6348),
    _camera("Canon EOS 80D", 7457, -671, -937, -4849, 12495, 2643, -1213, 2354, 5492),
    _camera("Nikon D90", 7309, -1403, -519, -8474, 16008, 2622, -2434, 2826, 8064),
    _camera("Nikon D750", 9020, -2890, -715, -4535, 12436, 2348, -934, 1919, 7086),
    _camera("Nikon D810", 9369, -3195, -791, -4488, 12430, 2301, -893, 1796, 6872),
    _camera("Nikon D850", 10405, -3755, -1270, -5461, 13787, 1793, -1040, 2015, 6785),
    _camera("Sony ILCE-7RM2", 6629, -1900, -483, -4618, 12349, 2550, -622, 1381, 6514),
    _camera("Sony ILCE-7S", 5838, -1430, -246, -3497, 11477, 2297, -748, 1885, 5778),
    _camera("Sony ILCE-6000", 5991, -1456, -455, -4764, 12135, 2980, -707, 1425, 6701),
    _camera("Fujifilm X-Pro1", 10413, -3996, -993, -3721, 11640, 2361, -733, 1540, 6011),
    _camera("Fujifilm X-T2", 11434, -4948, -1210, -3746, 12042, 1903, -666, 1479, 5235),
    _camera("Olympus E-M1", 7687, -1984, -606, -4327, 11928, 2721, -1381, 2339, 6452),
    _camera("Olympus E-M5 Mark II", 9422, -3258, -711, -2655, 10898, 2015, -512, 1354, 5512),
    _camera("Panasonic DMC-GX7", 7610, -2780, -576, -4614, 12195, 2733, -1375, 2393, 6490),
    _camera("Panasonic DMC-LX100", 8844, -3538, -768, -3709, 11762, 2200, -698, 1792, 5220),
    _camera("Pentax K-3", 7415, -2052, -721, -5186, 12788, 2682, -1446, 2157, 6773),
    _camera("Pentax K-1", 8596, -2981, -639, -4202, 12046, 2431, -685, 1424, 6122),
    _camera("Leica M9", 6687, -1751, -291, -3556, 11373, 2492, -548, 2204, 7146),
)


def mixed_camera(random: np.random.Generator) -> Camera:
    """A synthetic camera, whose matrix is a random convex combination of those of three real ones."""
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


# The daylight range is from Brooks et al. 2019; the others extend it to warm and narrow-band lamps.
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
