"""What the benchmark calls a telephone, a room and noise is one."""

import numpy as np
import pytest

from benchmarks.voice_conditions import (
    BESIDE_DB,
    Change,
    across_a_room,
    by_telephone,
    over_pink_noise,
    while_others_talk,
)
from streamer.features.arrays import Float32

RATE_HZ = 16_000
HISS: Float32 = np.random.default_rng(3).normal(0, 0.05, 2 * RATE_HZ).astype(np.float32)
CLICK: Float32 = 0.5 * np.eye(1, RATE_HZ, 0, dtype=np.float32)[0]


def _power(waveform: Float32, low_hz: float, high_hz: float) -> float:
    spectrum = np.abs(np.fft.rfft(waveform)) ** 2
    hz = np.fft.rfftfreq(len(waveform), 1 / RATE_HZ)
    return float(spectrum[(hz >= low_hz) & (hz < high_hz)].mean())


def test_a_telephone_carries_its_band_and_nothing_beside() -> None:
    heard = by_telephone(HISS, np.random.default_rng(0))
    assert len(heard) == len(HISS)
    assert _power(heard, 500, 3_000) == pytest.approx(_power(HISS, 500, 3_000), rel=0.05)
    assert _power(heard, 20, 150) < 1e-3 * _power(HISS, 20, 150)
    assert _power(heard, 4_300, 7_900) < 1e-5 * _power(HISS, 4_300, 7_900)


def test_a_room_goes_on_after_the_sound_and_has_died_away_by_60_db_when_it_should() -> None:
    heard = across_a_room(CLICK, np.random.default_rng(0))
    assert heard[0] == pytest.approx(0.5, abs=0.05)
    assert (heard[1:] ** 2).sum() == pytest.approx(0.5**2, rel=0.1)
    early, late = (heard[begin : begin + 800] ** 2 for begin in (1, 7_200))
    assert 10 * np.log10(early.mean() / late.mean()) == pytest.approx(45, abs=3)


@pytest.mark.parametrize(
    "change", [over_pink_noise, while_others_talk([HISS, CLICK, HISS[::-1], HISS[::2], CLICK[::-1]])]
)
def test_what_is_heard_beside_is_as_much_softer_as_promised(change: Change) -> None:
    heard = change(HISS, np.random.default_rng(0))
    assert (np.abs(change(HISS * 5, np.random.default_rng(0))) <= 1).all()
    assert 20 * np.log10(HISS.std() / (heard - HISS).std()) == pytest.approx(BESIDE_DB, abs=0.01)
