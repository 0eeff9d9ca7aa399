"""The real network on real and made sounds."""

from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES
from streamer.segment.voice_activity import VoiceActivity
from tests.segment.conftest import MakeSound


def probs_of(session: InferenceSession, sound: Float32) -> list[float]:
    activity = VoiceActivity(session)
    return [activity.push(sound[at : at + CHUNK_SAMPLES]) for at in range(0, sound.shape[0], CHUNK_SAMPLES)]


def test_speech_is_likely_in_babble_and_unlikely_in_silence(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound
) -> None:
    probs = np.array(probs_of(voice_session, np.concatenate([silence(1.024), babble(1.024)])))
    assert probs[:30].max() < 0.1
    assert np.median(probs[34:]) > 0.8


def test_noise_hum_and_clicks_are_no_speech(voice_session: InferenceSession) -> None:
    rng = np.random.default_rng(0)
    time_s = np.arange(32_000) / 16_000
    hum = 0.1 * np.sin(2 * np.pi * 50 * time_s) + 0.05 * np.sin(2 * np.pi * 150 * time_s)
    for sound in (0.1 * rng.standard_normal(32_000), hum, 0.8 * (rng.random(32_000) < 1e-4)):
        assert max(probs_of(voice_session, sound.astype(np.float32))) < 0.2


def test_what_was_heard_before_matters_until_reset(voice_session: InferenceSession, babble: MakeSound) -> None:
    activity = VoiceActivity(voice_session)
    sound = babble(0.256)
    first = [activity.push(sound[at : at + CHUNK_SAMPLES]) for at in range(0, 4096, CHUNK_SAMPLES)]
    assert activity.push(sound[:CHUNK_SAMPLES]) != first[0]
    activity.reset()
    assert [activity.push(sound[at : at + CHUNK_SAMPLES]) for at in range(0, 4096, CHUNK_SAMPLES)] == first


def test_every_chunk_is_heard_with_the_last_4_ms_of_the_one_before(
    voice_session: InferenceSession, babble: MakeSound
) -> None:
    chunks = babble(0.512).reshape(-1, CHUNK_SAMPLES)
    before = np.vstack([np.zeros((1, 64), np.float32), chunks[:-1, -64:]])
    state = np.zeros((1, 1, 128), np.float32)
    (at_once,) = voice_session.run(["speech_probs"], {"input": np.hstack([before, chunks]), "h": state, "c": state})
    np.testing.assert_allclose(probs_of(voice_session, chunks.ravel()), at_once.ravel(), atol=1e-5)


def test_a_short_last_chunk_counts_as_filled_up_with_silence(
    voice_session: InferenceSession, babble: MakeSound
) -> None:
    short = babble(0.5)[: CHUNK_SAMPLES * 8 + 100]
    filled = np.concatenate([short, np.zeros(CHUNK_SAMPLES - 100, np.float32)])
    assert probs_of(voice_session, short) == probs_of(voice_session, filled)


@pytest.mark.data
def test_streaming_agrees_with_faster_whispers_own_use_of_the_network(
    voice_session: InferenceSession, shared_data: Path
) -> None:
    vad = pytest.importorskip("faster_whisper.vad")
    from benchmarks.segmentation import read_waveform

    sound = read_waveform(shared_data / "av" / "speech" / "jfk.flac")
    sound = sound[: sound.shape[0] // CHUNK_SAMPLES * CHUNK_SAMPLES]
    theirs = vad.get_vad_model()(sound.copy()).squeeze()
    ours = probs_of(voice_session, sound)
    np.testing.assert_allclose(ours[:-1], theirs[:-1], atol=1e-4)  # theirs blanks the end of the very last chunk
