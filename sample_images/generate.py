"""Make the sample photos from freely licensed pictures, through the package's own camera simulation.

    apt-get download lomiri-wallpapers-16.04        # on Debian 12
    dpkg-deb -x lomiri-wallpapers-16.04_*.deb wallpapers
    pip install scikit-image                        # three pictures come with it
    python sample_images/generate.py wallpapers/usr/share/backgrounds [OUTPUT]

The same sources give the same photos.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from llflow_photo.camera import NightSettings, develop, night, simulate_night_raw, write_frame_dng
from llflow_photo.camera.light import Lamp, Shade, Unevenness
from llflow_photo.camera.sensor_noise import SensorNoise, read_noise_of
from llflow_photo.camera.sensors import CAMERAS

CAMERA_NAME = "simulated camera"
JPEG_QUALITY = 88
EXIF_TAGS = {"Make": 0x010F, "Model": 0x0110, "Software": 0x0131, "Artist": 0x013B, "Copyright": 0x8298}
EXIF_TAGS |= {"ImageDescription": 0x010E}
CAPTURE_TAGS = {"ExposureTime": 0x829A, "FNumber": 0x829D, "ISOSpeedRatings": 0x8827}
CAPTURE_TAGS |= {"DateTimeOriginal": 0x9003, "FocalLength": 0x920A}


@dataclass(frozen=True)
class Sample:
    """A sample photo and where it comes from.

    Attributes:
        name: of the file to write; its suffix decides its kind.
        source: file name of the picture, or ``skimage:NAME``.
        author: of the picture.
        licence: of the picture and of what is made of it.
        width: the picture is scaled down to; None keeps its size.
        settings: of the night.
        exposure: EXIF's exposure time in seconds, aperture, ISO and focal length in mm.
        quarter_turns: by which the camera was held turned clockwise; EXIF orientation rights it.
    """

    name: str
    source: str
    author: str
    licence: str
    width: int | None
    settings: NightSettings
    exposure: tuple[float, float, int, float]
    quarter_turns: int = 0


def _uneven(across: float, down: float, *shades: Shade) -> Unevenness:
    waves = np.zeros((3, 3, 3))
    waves[:, 0, 1], waves[:, 1, 0] = across, down
    return Unevenness(waves, shades)


def _high_iso(shot: float) -> SensorNoise:
    read = read_noise_of(shot)
    return SensorNoise(shot, read, row=0.2 * read, black_error=(1e-4, -5e-5, 5e-5, -1e-4), hot=2e-5)


WARM_WHITE, SODIUM, COLD = (1.0, 0.9, 0.78), (1.0, 0.62, 0.22), (0.85, 0.95, 1.0)

SAMPLES = (
    Sample(
        "moonrise-12mp.jpg",
        "sunset_by_Aitzol_Berasategi.jpg",
        "Aitzol Berasategi",
        "CC BY 4.0",
        None,
        replace(
            night(-4.3, "moonlit shade", CAMERAS[5]),
            noise=SensorNoise(0.0006, read_noise_of(0.0006), hot=1e-5),
            lamps=(
                Lamp(0.500, 0.268, 0.009, 12.0, 0.05, 0.035, COLD),
                Lamp(0.226, 0.322, 0.0016, 8.0, 0.06, 0.005, SODIUM),
                Lamp(0.243, 0.326, 0.0012, 6.0, 0.04, 0.004, SODIUM),
                Lamp(0.262, 0.321, 0.0013, 6.0, 0.05, 0.004, WARM_WHITE),
                Lamp(0.690, 0.318, 0.0013, 5.0, 0.05, 0.004, SODIUM),
            ),
        ),
        (0.5, 2.8, 1600, 24.0),
    ),
    Sample(
        "sodium-lane.jpg",
        "friends_by_Aitzol_Berasategi.jpg",
        "Aitzol Berasategi",
        "CC BY 4.0",
        1000,
        replace(
            night(-4.6, "sodium", CAMERAS[2]),
            noise=_high_iso(0.0015),
            balance_error=(0.93, 1.0, 1.06),
            unevenness=_uneven(-0.5, 0.9, Shade(0.55, 0.9, 0.25, 3.0)),
            lamps=(
                Lamp(0.60, 0.10, 0.016, 30.0, 0.16, 0.06, SODIUM),
                Lamp(0.10, 0.06, 0.006, 9.0, 0.08, 0.02, (1.0, 0.16, 0.12)),
            ),
        ),
        (1 / 15, 1.8, 3200, 35.0),
    ),
    Sample(
        "rocket-launch.jpg",
        "skimage:rocket",
        "SpaceX",
        "public domain (CC0)",
        None,
        replace(night(-3.0, "led", CAMERAS[3]), noise=_high_iso(0.0008)),
        (1 / 60, 4.0, 1600, 50.0),
    ),
    Sample(
        "coffee-tungsten.jpg",
        "skimage:coffee",
        "Rachel Michetti",
        "CC0 1.0",
        None,
        replace(
            night(-4.5, "tungsten", CAMERAS[1]),
            noise=_high_iso(0.0012),
            balance_error=(0.92, 1.0, 1.12),
            unevenness=_uneven(0.6, -0.3),
        ),
        (1 / 30, 2.0, 2500, 50.0),
    ),
    Sample(
        "dandelions-almost-bright.jpg",
        "seeding_by_Clements_Engelhardt.jpg",
        "Clemens Engelhardt",
        "CC0 1.0",
        1600,
        replace(night(-0.4, "daylight", CAMERAS[0], shot=0.0002), contrast=True),
        (1 / 250, 4.0, 200, 85.0),
    ),
    Sample(
        "valley-moonlight.dng",
        "aitzgorri_by_Aitzol_Berasategi.jpg",
        "Aitzol Berasategi",
        "CC BY 4.0",
        1920,
        replace(
            night(-5.0, "moonlit shade", CAMERAS[4], shot=0.0005),
            unevenness=_uneven(0.4, 0.4),
            lamps=(Lamp(0.70, 0.40, 0.003, 6.0, 0.05, 0.012, WARM_WHITE),),
        ),
        (1.0, 2.0, 1600, 28.0),
    ),
    Sample(
        "wine-room.dng",
        "Wine_by_Jakkub_Mede.jpg",
        "Jakub Mede",
        "CC BY 4.0",
        1200,
        replace(
            night(-5.0, "tungsten", CAMERAS[1]),
            noise=_high_iso(0.0008),
            pattern="GBRG",
            unevenness=_uneven(0.0, 0.5, Shade(0.1, 0.8, 0.2, 3.0)),
            black_level=2048,
        ),
        (1 / 20, 2.0, 2000, 35.0),
        quarter_turns=1,
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample photos.")
    parser.add_argument("pictures", type=Path, help="folder with the wallpapers' pictures")
    parser.add_argument("output", type=Path, nargs="?", default=Path(__file__).parent)
    arguments = parser.parse_args()
    for seed, sample in enumerate(SAMPLES):
        make(sample, arguments.pictures, arguments.output, seed)


def make(sample: Sample, pictures: Path, output: Path, seed: int) -> None:
    """Write one sample."""
    picture = _clean_picture(sample, pictures)
    if sample.name.endswith(".dng"):
        picture = np.rot90(picture, sample.quarter_turns)
    frame = simulate_night_raw(np.ascontiguousarray(picture), sample.settings, np.random.default_rng(seed))
    fields = _exif_fields(sample, seed)
    if sample.name.endswith(".dng"):
        write_frame_dng(
            output / sample.name,
            frame,
            exif=fields,
            orientation=(1, 6, 3, 8)[sample.quarter_turns],
            camera_model=f"llflow-photo {CAMERA_NAME}",
        )
        return
    developed = develop(frame, sample.settings.contrast)
    exif = Image.Exif()
    for name, value in fields.items():
        if name in EXIF_TAGS:
            exif[EXIF_TAGS[name]] = value
        else:
            exif.get_ifd(0x8769)[CAPTURE_TAGS[name]] = value
    pixels = np.rint(developed * 255).astype(np.uint8)
    Image.fromarray(pixels).save(output / sample.name, quality=JPEG_QUALITY, exif=exif)


def _clean_picture(sample: Sample, pictures: Path) -> np.ndarray:
    """H x W x 3, uint8; scaled down as stated."""
    if sample.source.startswith("skimage:"):
        from skimage import data

        picture = Image.fromarray(getattr(data, sample.source.removeprefix("skimage:"))())
    else:
        picture = Image.open(pictures / sample.source).convert("RGB")
    if sample.width is not None:
        height = round(picture.height * sample.width / picture.width)
        picture = picture.resize((sample.width, height), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _exif_fields(sample: Sample, seed: int) -> dict[str, str | float | int]:
    seconds, aperture, iso, focal_length = sample.exposure
    return {
        "ImageDescription": f"Simulated night frame of a picture by {sample.author}",
        "Make": "llflow-photo",
        "Model": CAMERA_NAME,
        "Software": "llflow-photo camera simulation",
        "Artist": sample.author,
        "Copyright": sample.licence,
        "ExposureTime": seconds,
        "FNumber": aperture,
        "ISOSpeedRatings": iso,
        "DateTimeOriginal": f"2024:11:0{seed + 1} 21:{10 + seed}:00",
        "FocalLength": focal_length,
    }


if __name__ == "__main__":
    main()
