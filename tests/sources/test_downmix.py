"""Sample formats and channel layouts."""

import numpy as np
import pytest

from streamer.sources.downmix import MAX_LEVEL, mono_weights, to_float, to_mono


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.array([0, 128, 255], np.uint8), [-1.0, 0.0, 127 / 128]),
        (np.array([-32768, 0, 16384], np.int16), [-1.0, 0.0, 0.5]),
        (np.array([-(2**31), 0, 2**30], np.int32), [-1.0, 0.0, 0.5]),
        (np.array([-0.25, np.nan, np.inf], np.float64), [-0.25, 0.0, 1.0]),
        (np.array([1.5, 3e38, -3e38], np.float32), [1.5, MAX_LEVEL, -MAX_LEVEL]),
        (np.array([1e300, -1e300], np.float64), [MAX_LEVEL, -MAX_LEVEL]),
    ],
)
def test_every_sample_format_becomes_float_of_a_level_that_can_be_reckoned_with(
    samples: np.ndarray, expected: list[float]
) -> None:
    assert to_float(samples).dtype == np.float32
    np.testing.assert_allclose(to_float(samples), expected)


def test_stereo_is_the_mean_of_its_channels() -> None:
    np.testing.assert_allclose(to_mono(np.array([[0.5, 0.5], [0.0, -0.5]], np.float32), ["FL", "FR"]), [0.25, 0.0])


def test_the_centre_of_a_surround_sound_track_counts_most_and_its_bass_not_at_all() -> None:
    left, right, centre, bass, *surround = mono_weights(["FL", "FR", "FC", "LFE", "SL", "SR"])
    assert centre > left == right > surround[0] == surround[1] > bass == 0


def test_one_channel_can_be_heard_alone_and_of_fewer_the_last() -> None:
    stereo = np.array([[0.5, 0.5], [0.0, -0.5]], np.float32)
    np.testing.assert_allclose(to_mono(stereo, ["FL", "FR"], only=1), [0.5, 0.5])
    np.testing.assert_allclose(to_mono(stereo, ["FL", "FR"], only=2), [0.0, -0.5])
    np.testing.assert_allclose(to_mono(stereo[:1], ["FC"], only=2), [0.5, 0.5])


@pytest.mark.parametrize("channels", [["FC"], ["LFE"], ["NONE", "NONE", "NONE"], ["FL", "FR", "FC", "LFE", "BL", "BR"]])
def test_weights_add_up_to_one_so_that_nothing_clips(channels: list[str]) -> None:
    assert mono_weights(channels).sum() == pytest.approx(1.0)
