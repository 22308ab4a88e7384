"""Color of a DNG: matrix of its camera, and white balance as shot.

Source: Adobe, Digital Negative Specification 1.7.1, "Mapping Camera Color Space to CIE XYZ Space".
"""

from __future__ import annotations

import numpy as np

from ...color.spaces import REC2020_LINEAR, xyz_matrix
from ..tiff.directory import Directory
from ..tiff.parse import numbers_of, packet_of
from ..tiff.tags import LightSource, Tag
from .picture import first_number

__all__ = ["as_shot_neutral", "camera_from_xyz", "daylight_neutral"]

_D65_KELVIN = 6504.0
# Correlated color temperatures of the light sources of EXIF's LightSource (Exif 2.32, 4.6.5).
_KELVIN = {
    1: 5500.0, 2: 4150.0, 3: 2850.0, 4: 5500.0, 9: 5500.0, 10: 6500.0, 11: 7500.0, 12: 6400.0, 13: 5050.0,
    14: 4150.0, 15: 3525.0, 17: 2850.0, 18: 5500.0, 19: 6500.0, 20: 5500.0, 21: 6504.0, 22: 7500.0,
    23: 5000.0, 24: 3200.0,
}  # fmt: skip


def camera_from_xyz(
    page: Directory, kelvin: float = _D65_KELVIN, *, blend: bool = False
) -> np.ndarray | None:
    """3 x 3: CIE XYZ to camera RGB before white balance; None if the file has no usable matrix.

    Args:
        page: first directory of the file.
        kelvin: correlated color temperature of the light.
        blend: whether to interpolate between the matrices of two illuminants, or use the nearer one.
    """
    found = [
        (_KELVIN.get(int(first_number(page, illuminant, LightSource.D65)), _D65_KELVIN), matrix)
        for tag, calibration, illuminant in (
            (Tag.ColorMatrix1, Tag.CameraCalibration1, Tag.CalibrationIlluminant1),
            (Tag.ColorMatrix2, Tag.CameraCalibration2, Tag.CalibrationIlluminant2),
        )
        if (matrix := _matrix(page, tag, calibration)) is not None
    ]
    if not found:
        return None
    if len(found) == 1:
        return found[0][1]
    (kelvin1, first), (kelvin2, second) = found
    if not blend or kelvin1 == kelvin2:
        return first if abs(1 / kelvin1 - 1 / kelvin) < abs(1 / kelvin2 - 1 / kelvin) else second
    weight = float(np.clip((1 / kelvin - 1 / kelvin2) / (1 / kelvin1 - 1 / kelvin2), 0, 1))
    return np.asarray(weight * first + (1 - weight) * second)


def _matrix(page: Directory, tag: Tag, calibration: Tag) -> np.ndarray | None:
    """AnalogBalance x CameraCalibration x ColorMatrix."""
    numbers = np.array(numbers_of(page, tag), float)
    if numbers.size != 9:
        return None
    matrix = numbers.reshape(3, 3)
    own = np.array(numbers_of(page, calibration), float)
    signatures = (Tag.CameraCalibrationSignature, Tag.ProfileCalibrationSignature)
    signed_alike = len({packet_of(page, tag) for tag in signatures}) == 1
    if own.size == 9 and signed_alike and _usable(own.reshape(3, 3)):
        matrix = own.reshape(3, 3) @ matrix
    balance = np.array(numbers_of(page, Tag.AnalogBalance), float)
    if balance.size == 3 and (balance > 0).all():
        matrix = balance[:, None] * matrix
    return matrix if _usable(matrix) else None


def _usable(matrix: np.ndarray) -> bool:
    return bool(np.isfinite(matrix).all()) and abs(float(np.linalg.det(matrix))) > 1e-6


def daylight_neutral(matrix: np.ndarray) -> np.ndarray:
    """Camera RGB of a neutral surface under D65."""
    return np.asarray(matrix @ xyz_matrix(REC2020_LINEAR).sum(axis=1))


def as_shot_neutral(page: Directory) -> np.ndarray | None:
    """Camera RGB of a neutral surface in the light of the photo, 3 numbers; None if undeclared.

    From AsShotNeutral, or from the chromaticity of the light, AsShotWhiteXY, by the camera's matrices.
    """
    neutral = np.array(numbers_of(page, Tag.AsShotNeutral), float)
    if _positive(neutral):
        return neutral
    xy = np.array(numbers_of(page, Tag.AsShotWhiteXY), float)
    if xy.size != 2 or not 0.05 < xy[1] < 0.9 or not 0.05 < xy[0] < 0.9:
        return None
    matrix = camera_from_xyz(page, _kelvin_of(*xy), blend=True)
    if matrix is None:
        return None
    neutral = matrix @ np.array((xy[0] / xy[1], 1.0, (1 - xy.sum()) / xy[1]))
    return neutral if _positive(neutral) else None


def _positive(neutral: np.ndarray) -> bool:
    return neutral.size == 3 and bool(np.isfinite(neutral).all()) and bool((neutral > 1e-6).all())


def _kelvin_of(x: float, y: float) -> float:
    """Correlated color temperature of a chromaticity.

    Source: C. S. McCamy, Correlated color temperature as an explicit function of chromaticity coordinates,
    Color Research and Application 17 (1992).
    """
    n = (x - 0.3320) / (0.1858 - y) if y != 0.1858 else 0.0
    return float(np.clip(449.0 * n**3 + 3525.0 * n**2 + 6823.3 * n + 5520.33, 1500.0, 25000.0))
