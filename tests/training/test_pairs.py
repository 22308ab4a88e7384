"""Pairs on disk in several layouts, split by scene, and cropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llflow_photo.errors import TrainingDataError
from llflow_photo.training import crops
from llflow_photo.training.crops import CropSource, random_crop
from llflow_photo.training.pairs import LoadedPair, Pair, find_pairs, load_pair, split_by_scene


def _photo(path: Path, value: int = 100, size: tuple[int, int] = (24, 16)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value // 2, 10)).save(path)


def _folder(folder: Path, names: tuple[str, str], stems: list[tuple[str, str]]) -> None:
    for low, high in stems:
        _photo(folder / names[0] / low, 10)
        _photo(folder / names[1] / high)


def test_equal_names_in_two_folders(tmp_path: Path) -> None:
    _folder(tmp_path, ("low", "high"), [("1.png", "1.jpg"), ("2.png", "2.png")])
    pairs = find_pairs(tmp_path)
    assert [(pair.low.name, pair.high.name, pair.scene) for pair in pairs] == [
        ("1.png", "1.jpg", "1"),
        ("2.png", "2.png", "2"),
    ]


def test_the_lol_layout(tmp_path: Path) -> None:
    _folder(tmp_path / "our485", ("low", "high"), [("1.png", "1.png"), ("2.png", "2.png")])
    _folder(tmp_path / "eval15", ("low", "high"), [("9.png", "9.png")])
    assert len(find_pairs(tmp_path)) == 3
    assert [pair.scene for pair in find_pairs(tmp_path, "train")] == ["1", "2"]
    assert [pair.scene for pair in find_pairs(tmp_path, "test")] == ["9"]


def test_the_ve_lol_layout(tmp_path: Path) -> None:
    place = tmp_path / "Real_captured"
    _folder(place / "Train", ("Low", "Normal"), [("low00001.png", "normal00001.png")])
    _folder(place / "Test", ("Low", "Normal"), [("low00690.png", "normal00690.png")])
    assert [pair.scene for pair in find_pairs(tmp_path, "train")] == ["00001"]
    assert [pair.high.name for pair in find_pairs(tmp_path, "test")] == ["normal00690.png"]


def test_a_list_of_pairs_names_scenes(tmp_path: Path) -> None:
    _folder(tmp_path, ("low", "high"), [("a.png", "x.png"), ("b.png", "x.png")])
    (tmp_path / "pairs.csv").write_text("low,high,scene\nlow/a.png,high/x.png,7\nlow/b.png,high/x.png,7\n")
    assert [(pair.low.name, pair.scene) for pair in find_pairs(tmp_path)] == [("a.png", "7"), ("b.png", "7")]
    (tmp_path / "pairs.csv").write_text("low,high\nlow/a.png,high/x.png\n")
    assert [pair.scene for pair in find_pairs(tmp_path)] == ["a"]


@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8"), (",", "utf-8-sig"), (", ", "utf-8")]
)
def test_a_list_of_pairs_may_come_from_a_spreadsheet(separator: str, encoding: str, tmp_path: Path) -> None:
    _folder(tmp_path, ("low", "high"), [("ä, b.png", "x.png")])
    rows = [["low", "high", "scene"], ['"low/ä, b.png"', "high/x.png", "Küche"]]
    text = "".join(separator.join(row) + "\r\n" for row in rows)
    if separator == ", ":  # a space before a quote is part of the value
        text = text.replace('"low/ä, b.png"', "low/x.png")
        _photo(tmp_path / "low/x.png", 10)
    (tmp_path / "pairs.csv").write_text(text, encoding=encoding, newline="")
    (pair,) = find_pairs(tmp_path)
    assert pair.low.is_file() and pair.high.name == "x.png" and pair.scene == "Küche"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("low,high,scene\nlow/1.png,high/1.png,Küche\n".encode("latin-1"), "is not encoded as UTF-8"),
        ("low,high\nlow/1.png,high/1.png\n".encode("utf-16"), "is not encoded as UTF-8"),
        (b"dark;bright\na;b\n", "and optionally scene; it has dark, bright"),
        (b"", "it has no lines"),
        (b"low,high\nlow/1.png,high/1.png\nlow/1.png,\n", "row 3 lacks one"),
    ],
)
def test_an_unsuitable_list_of_pairs_is_described(content: bytes, words: str, tmp_path: Path) -> None:
    _folder(tmp_path, ("low", "high"), [("1.png", "1.png")])
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(TrainingDataError, match=words):
        find_pairs(tmp_path)


def test_the_shared_lol_pairs_are_found(shared: Path) -> None:
    pairs = find_pairs(shared / "data/lol", "train")
    assert len(pairs) == 485
    assert len({pair.scene for pair in pairs}) < 485


def test_invalid_folders_are_reported(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="is not a folder"):
        find_pairs(tmp_path / "absent")
    with pytest.raises(TrainingDataError, match="expected subfolders low/ and high/"):
        find_pairs(tmp_path)
    _folder(tmp_path, ("low", "high"), [("1.png", "1.png")])
    _photo(tmp_path / "low/2.png")
    with pytest.raises(
        TrainingDataError, match=r"1 files .* no counterpart .* the first is .*2\.\w+; rename"
    ):
        find_pairs(tmp_path)
    _photo(tmp_path / "high/2.png")
    _photo(tmp_path / "high/2.jpg")
    with pytest.raises(TrainingDataError, match="have the same name"):
        find_pairs(tmp_path)
    (tmp_path / "pairs.csv").write_text("low,high\nlow/1.png,high/absent.png\n")
    with pytest.raises(TrainingDataError, match="1 files are missing"):
        find_pairs(tmp_path)
    (tmp_path / "pairs.csv").write_text("dark,bright\na,b\n")
    with pytest.raises(TrainingDataError, match="needs low and high"):
        find_pairs(tmp_path)


def test_scenes_are_not_split() -> None:
    pairs = [Pair(Path(f"{scene}-{take}"), Path("x"), str(scene)) for scene in range(40) for take in range(3)]
    training, validation = split_by_scene(pairs, 10)
    assert len(validation) == 10
    assert len(training) == 90
    assert not {pair.scene for pair in training} & {pair.scene for pair in validation}
    shuffled = [pairs[i] for i in np.random.default_rng(0).permutation(len(pairs))]
    again = {pair.scene for pair in split_by_scene(shuffled, 10)[1]}
    assert again == {pair.scene for pair in validation}
    assert {pair.scene for pair in split_by_scene(pairs, 10, seed=1)[1]} != again
    # one more scene moves the split by one at most
    more = [*pairs, Pair(Path("new"), Path("x"), "new")]
    assert len(again & {pair.scene for pair in split_by_scene(more, 10)[1]}) >= 9


def test_invalid_pairs_are_reported(tmp_path: Path) -> None:
    _photo(tmp_path / "low.png", size=(24, 16))
    _photo(tmp_path / "high.png", size=(24, 24))
    with pytest.raises(TrainingDataError, match="24x16, its reference 24x24"):
        load_pair(Pair(tmp_path / "low.png", tmp_path / "high.png", "x"))
    (tmp_path / "broken.png").write_bytes((tmp_path / "low.png").read_bytes()[:60])
    with pytest.raises(TrainingDataError, match=r"cannot read .*broken\.png"):
        load_pair(Pair(tmp_path / "broken.png", tmp_path / "low.png", "x"))
    Image.fromarray(np.full((16, 24), 40000, np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(TrainingDataError, match="8-bit"):
        load_pair(Pair(tmp_path / "deep.png", tmp_path / "low.png", "x"))
    with pytest.raises(TrainingDataError, match=r"hold out fewer scenes \(--validation-scenes\)"):
        CropSource([])


def test_a_pair_is_cropped_flipped_and_transposed_alike() -> None:
    random = np.random.default_rng(0)
    low = random.integers(0, 255, (40, 56, 3), dtype=np.uint8)
    seen = set()
    for seed in range(40):
        first, second = random_crop(np.random.default_rng(seed), 16, low, 255 - low).images
        assert first.shape == (16, 16, 3)
        np.testing.assert_array_equal(first, 255 - second)
        again, _ = random_crop(np.random.default_rng(seed), 16, low, low).images
        np.testing.assert_array_equal(first, again)
        seen.add(first.tobytes())
    assert len(seen) == 40


@pytest.mark.parametrize("scaled", [0.0, 1.0])
def test_a_window_is_the_position_of_a_crop_in_its_transformed_frame(
    scaled: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops, "SCALED_SHARE", scaled)
    ramp = np.mgrid[0:128, 0:128].transpose(1, 2, 0)
    photo = np.dstack([ramp, np.full((128, 128, 1), 100)]).astype(np.uint8)
    source = CropSource([LoadedPair(photo, photo)], frames=True)
    turned = parts = 0
    for step in range(40):
        batch = source.batch(step, 32, 1)
        assert batch.frames is not None
        top, left, height, width = (round(float(value) * 64) for value in batch.frames.windows[0])
        assert min(top, left, height, width, 64 - top - height, 64 - left - width) >= 0
        frame = batch.frames.thumbnails[0]
        whole = frame[:, top : top + height, left : left + width]
        light = ((batch.low[0] + 0.055) / 1.055) ** 2.4
        for channel in range(3):
            assert float(light[channel].mean()) == pytest.approx(float(whole[channel].mean()), abs=0.006)
        assert scaled or float((batch.low[0].diff(dim=1).abs().amax() * 255).round()) == 1
        turned += bool(frame[0, 0, 0] > frame[0, -1, -1])
        parts += float(frame[0].max() - frame[0].min()) < 0.9 * (127.0 / 255.0) ** 2.2
    assert 0 < turned < 40
    assert 10 < parts < 40  # 0.7 of frames are parts


def test_crops_shrink_to_the_smallest_photo(tmp_path: Path) -> None:
    for name, size in (("a", (64, 64)), ("b", (40, 28))):
        _photo(tmp_path / f"low/{name}.png", 10, size)
        _photo(tmp_path / f"high/{name}.png", 200, size)
    pairs = [load_pair(pair) for pair in find_pairs(tmp_path)]
    batch = CropSource(pairs).batch(0, 64, 5)
    assert batch.low.shape == batch.reference.shape == (5, 3, 24, 24)
    assert batch.equalization.shape == (5, 3, 256)
    assert batch.low.max() <= 1.0
    again = CropSource(pairs).batch(0, 64, 5)
    assert (again.low == batch.low).all()
    assert CropSource(pairs).batch(1, 64, 5).low.shape == batch.low.shape


def test_scenes_are_equally_probable_for_any_number_of_exposures() -> None:
    def pair(value: int, scene: str) -> LoadedPair:
        photo = np.full((16, 16, 3), value, np.uint8)
        return LoadedPair(photo, photo, scene)

    source = CropSource([pair(10, "often") for _ in range(9)] + [pair(200, "once")])
    values = source.batch(0, 16, 400).reference[:, 0, 0, 0].numpy() * 255.0
    assert 0.4 < float((values > 100).mean()) < 0.6
