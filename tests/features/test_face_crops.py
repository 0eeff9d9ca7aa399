import numpy as np
import pytest

from streamer.features import FaceCropSpec


def board(height: int, width: int) -> np.ndarray:
    """A picture whose red is x and whose green is y, so that a crop tells where it was taken."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 / width, y * 255 / height, np.zeros((height, width))], axis=-1).astype(np.uint8)


def test_a_crop_shows_what_is_in_the_box() -> None:
    crop = FaceCropSpec(size_px=48, channels=3).crop(board(480, 640), (200, 100, 296, 196))
    assert crop.shape == (48, 48, 3)
    expected = np.array([(200 + 48) * 255 / 640, (100 + 48) * 255 / 480])
    np.testing.assert_allclose(crop[23:25, 23:25, :2].mean(axis=(0, 1)), expected, atol=2)


def test_a_wide_box_is_made_square_around_its_centre_and_scaled() -> None:
    picture = board(400, 400)
    square = FaceCropSpec(channels=3).crop(picture, (100, 120, 200, 220))
    np.testing.assert_array_equal(square, FaceCropSpec(channels=3).crop(picture, (100, 150, 200, 190)))
    np.testing.assert_array_equal(square, FaceCropSpec(channels=3, scale=2.0).crop(picture, (125, 145, 175, 195)))


@pytest.mark.parametrize("box", [(-50.0, -50.0, 30.0, 30.0), (600.0, 440.0, 700.0, 540.0), (10.0, 10.0, 10.5, 10.5)])
def test_a_box_beyond_the_border_or_without_size_still_gives_a_crop(box: tuple[float, float, float, float]) -> None:
    assert FaceCropSpec().crop(board(480, 640), box).shape == (48, 48, 1)


def test_a_tilted_head_is_turned_upright() -> None:
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[:, 98:102] = 255  # an upright bar
    spec = FaceCropSpec(size_px=48)
    lying = np.rot90(picture).copy()  # the bar lies: a head tilted by 90 degrees
    np.testing.assert_allclose(
        spec.crop(lying, (50, 50, 150, 150), roll_deg=90).mean(),
        spec.crop(picture, (50, 50, 150, 150)).mean(),
        rtol=0.1,
    )
    assert spec.crop(lying, (50, 50, 150, 150), roll_deg=90)[5, 24, 0] > 128


def test_a_large_face_is_shrunk_by_area_without_aliasing() -> None:
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = FaceCropSpec(size_px=48).crop(stripes, (0, 0, 1000, 1000))
    assert crop[4:-4, 4:-4].std() < 12


def test_a_ready_crop_is_taken_whole_whatever_its_size_and_the_scale() -> None:
    face = board(96, 96)
    for spec in (FaceCropSpec(channels=3), FaceCropSpec(channels=3, scale=1.4)):
        np.testing.assert_allclose(spec.resize(face)[0, 0], face[0, 0], atol=4)
        np.testing.assert_allclose(spec.resize(face)[-1, -1], face[-1, -1], atol=4)


def test_equalised_crops_do_not_depend_on_the_light() -> None:
    spec = FaceCropSpec(equalise=True)
    bright = np.random.default_rng(0).integers(0, 255, (2, 48, 48, 1)).astype(np.uint8)
    np.testing.assert_allclose(spec.tensor(bright), spec.tensor((bright * 0.5).astype(np.uint8)), atol=0.15)


@pytest.mark.parametrize(
    ("spec", "n", "picked"),
    [
        (FaceCropSpec(max_crops=4), 3, [0, 1, 2]),
        (FaceCropSpec(max_crops=4), 7, [0, 2, 4, 6]),
        (FaceCropSpec(exact_crops=4), 2, [0, 0, 1, 1]),
        (FaceCropSpec(exact_crops=2), 9, [0, 8]),
        (FaceCropSpec(), 0, []),
    ],
)
def test_crops_are_spread_evenly_over_the_utterance(spec: FaceCropSpec, n: int, picked: list[int]) -> None:
    assert spec.pick(n) == picked
