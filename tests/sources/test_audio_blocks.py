"""Resampling and re-blocking: no clicks, nothing lost, times that can be trusted."""

from itertools import pairwise

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from streamer.sources.audio_blocks import MAX_FILL_S, TOLERANCE_S, AudioBlocks, SoundBlock


def sine(rate_hz: int, length_s: float, tone_hz: float = 440.0) -> Float32:
    return (0.5 * np.sin(2 * np.pi * tone_hz * np.arange(round(rate_hz * length_s)) / rate_hz)).astype(np.float32)


def cut(waveform: Float32, rate_hz: int, sizes: list[int]) -> list[SoundBlock]:
    """Push a waveform in pieces of these sizes, over and over, each with its time."""
    blocks, out, start = AudioBlocks(), [], 0
    while start < len(waveform):
        for size in sizes:
            piece = waveform[start : start + size]
            out += blocks.push(piece, rate_hz, start / rate_hz)
            start += size
    return out + blocks.flush()


def joined(blocks: list[SoundBlock]) -> Float32:
    return np.concatenate([np.zeros(0, np.float32), *(block.waveform for block in blocks)])


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_pieces_of_any_rate_sound_exactly_as_the_whole_resampled_at_once(rate_hz: int) -> None:
    whole = sine(rate_hz, 1.5)
    streamed = joined(cut(whole, rate_hz, [1024, 1, 777, 20]))
    expected = whole if rate_hz == SAMPLE_RATE_HZ else soxr.resample(whole, rate_hz, SAMPLE_RATE_HZ)
    assert abs(len(streamed) - len(expected)) <= 1
    n = min(len(streamed), len(expected))
    np.testing.assert_allclose(streamed[:n], expected[:n], atol=1e-5)


@settings(deadline=None)
@given(
    rate_hz=st.sampled_from([8_000, 16_000, 44_100]),
    samples=st.integers(0, 20_000),
    sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=5),
)
def test_all_blocks_but_the_last_are_whole_and_each_begins_where_the_one_before_ended(
    rate_hz: int, samples: int, sizes: list[int]
) -> None:
    blocks = cut(np.ones(samples, np.float32) * 0.1, rate_hz, sizes)
    assert all(len(block.waveform) == CHUNK_SAMPLES for block in blocks[:-1])
    assert [block.time_s for block in blocks] == pytest.approx(
        [i * CHUNK_SAMPLES / SAMPLE_RATE_HZ for i in range(len(blocks))]
    )
    assert len(joined(blocks)) == pytest.approx(samples * SAMPLE_RATE_HZ / rate_hz, abs=1)


@settings(deadline=None)
@given(jitter_s=st.lists(st.floats(-TOLERANCE_S / 2, TOLERANCE_S / 2), min_size=5, max_size=40))
def test_jittering_time_stamps_move_nothing(jitter_s: list[float]) -> None:
    blocks, out = AudioBlocks(), []
    out += blocks.push(np.ones(320, np.float32), SAMPLE_RATE_HZ, 0.0)
    for i, offset_s in enumerate(jitter_s, start=1):
        out += blocks.push(np.ones(320, np.float32), SAMPLE_RATE_HZ, max(0.0, i * 0.02 + offset_s))
    out += blocks.flush()
    np.testing.assert_array_equal(joined(out), np.ones(320 * (len(jitter_s) + 1)))


def test_a_short_gap_is_filled_with_silence_so_that_what_follows_is_at_its_time() -> None:
    blocks = AudioBlocks()
    out = blocks.push(np.ones(1600, np.float32), SAMPLE_RATE_HZ, 0.0)
    out += blocks.push(np.ones(1600, np.float32), SAMPLE_RATE_HZ, 0.6)
    out += blocks.flush()
    heard = joined(out)
    np.testing.assert_array_equal(np.flatnonzero(np.diff(heard)), [1600 - 1, 9600 - 1])
    assert len(heard) == 9600 + 1600


def test_after_a_long_gap_the_next_block_has_a_later_time_and_starts_with_the_sound() -> None:
    blocks = AudioBlocks()
    out = blocks.push(np.full(1000, 0.25, np.float32), SAMPLE_RATE_HZ, 0.0)
    out += blocks.push(np.full(600, 0.5, np.float32), SAMPLE_RATE_HZ, 5.0)
    out += blocks.flush()
    assert [block.time_s for block in out] == pytest.approx([0.0, 0.032, 5.0, 5.032])
    assert out[1].waveform[-1] == 0.0  # filled up: the sound before the gap is not lost
    assert out[2].waveform[0] == 0.5


@pytest.mark.parametrize("early_s", [0.01, 0.09, 0.11, 0.5])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_sound_from_before_the_stream_is_cut_off_and_what_follows_stays_at_its_time(
    rate_hz: int, early_s: float
) -> None:
    waveform = np.zeros(2 * rate_hz, np.float32)
    waveform[rate_hz] = 1.0
    blocks, out = AudioBlocks(), list[SoundBlock]()
    for start in range(0, len(waveform), 1024):
        time_s = start / rate_hz - early_s if start < 4096 else None  # then it follows what came before
        out += blocks.push(waveform[start : start + 1024], rate_hz, time_s)
    assert out[0].time_s == 0.0
    assert joined(out).argmax() / SAMPLE_RATE_HZ == pytest.approx(1.0 - early_s, abs=1e-3)


def test_sound_that_comes_twice_is_left_out() -> None:
    blocks = AudioBlocks()
    out = blocks.push(np.full(16_000, 0.25, np.float32), SAMPLE_RATE_HZ, 0.0)
    out += blocks.push(np.full(8_000, 0.5, np.float32), SAMPLE_RATE_HZ, 0.7)
    out += blocks.flush()
    heard = joined(out)
    assert len(heard) == round(1.2 * SAMPLE_RATE_HZ)
    assert np.flatnonzero(np.diff(heard)).tolist() == [15_999]


def test_a_change_of_rate_in_the_middle_keeps_the_time() -> None:
    blocks = AudioBlocks()
    out = blocks.push(sine(44_100, 1.0), 44_100, 0.0)
    out += blocks.push(sine(8_000, 1.0), 8_000, 1.0)
    out += blocks.flush()
    heard = joined(out)
    assert abs(len(heard) - 2 * SAMPLE_RATE_HZ) <= 2
    np.testing.assert_allclose(heard[20_000:28_000], sine(SAMPLE_RATE_HZ, 2.0)[20_000:28_000], atol=2e-2)


@settings(deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 4_000), st.floats(-3.0, 6.0)), min_size=1, max_size=20),
    rate_hz=st.sampled_from([8_000, 16_000, 48_000]),
)
def test_times_never_go_back_whatever_the_stamps_say(steps: list[tuple[int, float]], rate_hz: int) -> None:
    blocks, out, time_s = AudioBlocks(), [], 0.0
    for samples, leap_s in steps:
        time_s += leap_s
        out += blocks.push(np.zeros(samples, np.float32), rate_hz, time_s)
    out += blocks.flush()
    assert all(later.time_s >= earlier.due_s - 1e-3 for earlier, later in pairwise(out))
    assert all(block.time_s >= 0 for block in out)


def test_the_bound_of_the_filling_is_what_it_says() -> None:
    for gap_s, filled in ((MAX_FILL_S - 0.01, True), (MAX_FILL_S + 0.01, False)):
        blocks = AudioBlocks()
        blocks.push(np.ones(1600, np.float32), SAMPLE_RATE_HZ, 0.0)
        out = blocks.push(np.ones(1600, np.float32), SAMPLE_RATE_HZ, 0.1 + gap_s)
        assert (max(np.diff([block.time_s for block in out])) < 0.033) == filled
