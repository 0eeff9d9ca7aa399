"""Voices, words and faces as they come in the worst case. What must hold whatever the weights are, and what must hold for most."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from streamer import Model, Prediction, load_bundle
from streamer.features.arrays import Float32, UInt8
from streamer.labels import SENTIMENTS_OF

RATE_HZ = 16_000
SARCASM = (
    "Oh great. Another meeting. I just love those.",
    "Oh, that is just perfect, thanks a lot.",
    "Wow, what a surprise, you are late again.",
    "Yeah, because that went so well last time.",
    "Sure, I would love to do your work for you.",
    "Fantastic, the printer is broken again.",
    "Nice job, genius.",
    "Well, isn't that wonderful, it is raining again.",
)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_bundle()


@pytest.fixture(scope="module")
def clips(shared_data: Path) -> list[Float32]:
    """RAVDESS, speakers who trained nothing, without the silence around: as the daemon cuts an utterance."""
    paths = sorted(chain.from_iterable((shared_data / "audio" / "ravdess").glob(f"*-{a}.opus") for a in (17, 18, 19)))
    chosen = np.random.default_rng(1).permutation(len(paths))[:16]
    return [spoken(paths[i]) for i in chosen]


def spoken(path: Path) -> Float32:
    waveform = sound(path)
    level = np.convolve(waveform**2, np.full(800, 1 / 800), "same")
    loud = np.flatnonzero(level > level.max() * 10**-3.5)
    return waveform[max(0, loud[0] - 4_800) : loud[-1] + 4_800]


def sound(path: Path) -> Float32:
    resampler = av.AudioResampler("flt", "mono", RATE_HZ)
    with av.open(str(path)) as container:
        blocks = [block.to_ndarray()[0] for frame in container.decode(audio=0) for block in resampler.resample(frame)]
    return np.concatenate(blocks).astype(np.float32)


def made_voice(seconds: float = 2.0) -> Float32:
    time_s = np.arange(round(RATE_HZ * seconds)) / RATE_HZ
    f0_hz = 150 + 30 * np.sin(2 * np.pi * 0.7 * time_s)
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE_HZ
    buzz = sum(np.sin(k * phase) / k for k in range(1, 14))
    return np.asarray(0.1 * buzz * (0.55 - 0.45 * np.cos(2 * np.pi * 4 * time_s)), np.float32)


def whispered(waveform: Float32) -> Float32:
    """The envelope of the spectrum, over noise in the place of the voice."""
    rng, length, hop = np.random.default_rng(0), 512, 128
    window = np.hanning(length)
    padded = np.pad(waveform, length)
    out = np.zeros_like(padded)
    for begin in range(0, len(padded) - length, hop):
        cepstrum = np.fft.irfft(np.log(np.abs(np.fft.rfft(padded[begin : begin + length] * window)) + 1e-6))
        cepstrum[30:-30] = 0
        envelope = np.exp(np.fft.rfft(cepstrum).real)
        noise = np.exp(2j * np.pi * rng.random(len(envelope)))
        out[begin : begin + length] += np.fft.irfft(envelope * noise) * window
    return np.asarray(0.1 * out[length:-length] / np.abs(out).max(), np.float32)


def shouted(waveform: Float32) -> Float32:
    """20 dB too loud for the microphone."""
    return np.asarray(np.clip(10 * waveform, -1, 1), np.float32)


def half_a_second(waveform: Float32) -> Float32:
    begin = max(0, int(np.abs(waveform).argmax()) - RATE_HZ // 4)
    return waveform[begin : begin + RATE_HZ // 2]


def laughing(waveform: Float32) -> Float32:
    """Five bursts a second of voice and breath."""
    rng = np.random.default_rng(0)
    time_s = np.arange(len(waveform)) / RATE_HZ
    bursts = np.maximum(np.sin(2 * np.pi * 5 * time_s), 0) ** 2
    breath = 0.05 * rng.standard_normal(len(waveform))
    return (bursts * (np.resize(made_voice(), len(waveform)) + breath)).astype(np.float32)


def with_music(waveform: Float32, speech_over_music_db: float) -> Float32:
    """A held chord under it."""
    time_s = np.arange(len(waveform)) / RATE_HZ
    tones = [
        np.sin(2 * np.pi * f0_hz * k * time_s + f0_hz) / k for f0_hz in (220, 277.2, 329.6, 440) for k in (1, 2, 3)
    ]
    chord = np.sum(tones, axis=0)
    speech = np.sort(waveform**2)[-len(waveform) // 3 :].mean()
    mixed = waveform + chord * np.sqrt(speech / (chord**2).mean() / 10 ** (speech_over_music_db / 10))
    return np.asarray(mixed / max(1.0, np.abs(mixed).max()), np.float32)


HEARD: dict[str, Callable[[Float32], Float32]] = {
    "whispered": whispered,
    "shouted": shouted,
    "0.5 s": half_a_second,
    "laughter": laughing,
    "music 10 dB below": lambda waveform: with_music(waveform, 10),
    "music as loud": lambda waveform: with_music(waveform, 0),
}


def is_sound(found: Prediction) -> bool:
    """Whether probabilities are some, and labels do not contradict each other."""
    for probs in (found.emotion.probs, found.sentiment.probs):
        values = np.array(list(probs.values()))
        if not (np.isfinite(values).all() and (values >= 0).all() and abs(values.sum() - 1) < 1e-3):
            return False
    return found.sentiment.label in SENTIMENTS_OF[found.emotion.label] and found.emotion.label in found.emotion.set


@pytest.mark.parametrize("how", HEARD)
def test_a_voice_however_it_comes_is_used_and_gives_probabilities(model: Model, how: str) -> None:
    found = model.predict(waveform=HEARD[how](made_voice()))
    assert is_sound(found)
    assert found.modalities["audio"].used


@pytest.mark.data
@pytest.mark.parametrize("how", HEARD)
def test_a_real_voice_however_it_comes_is_used_and_gives_probabilities(
    model: Model, clips: list[Float32], how: str
) -> None:
    for clip in clips[:4]:
        found = model.predict(waveform=HEARD[how](clip))
        assert is_sound(found)
        assert found.modalities["audio"].used


@pytest.mark.data
def test_music_20_db_below_leaves_most_decisions_and_stays_within_what_was_thought_possible(
    model: Model, clips: list[Float32]
) -> None:
    clean = [model.predict(waveform=clip).emotion for clip in clips]
    mixed = [model.predict(waveform=with_music(clip, 20)).emotion for clip in clips]
    assert sum(a.label == b.label for a, b in zip(clean, mixed, strict=True)) > len(clips) / 2
    assert sum(b.label in a.set for a, b in zip(clean, mixed, strict=True)) > 0.75 * len(clips)


def test_what_a_decoder_or_resampler_overshoots_full_scale_is_no_error(model: Model) -> None:
    loud = made_voice()
    assert model.predict(waveform=loud * np.float32(1.2 / np.abs(loud).max())).modalities["audio"].used


@pytest.mark.data
def test_most_sarcasm_is_not_taken_for_certain_with_a_voice_that_says_otherwise(
    model: Model, shared_data: Path
) -> None:
    angry = spoken(shared_data / "audio" / "ravdess" / "03-01-05-01-01-01-17.opus")
    unsure = [
        f.emotion.uncertain or f.sentiment.uncertain for f in (model.predict(text=s, waveform=angry) for s in SARCASM)
    ]
    assert sum(unsure) > len(SARCASM) / 2


def test_most_sarcasm_is_not_taken_for_certain_from_its_words_alone(model: Model) -> None:
    unsure = [f.emotion.uncertain or f.sentiment.uncertain for f in (model.predict(text=text) for text in SARCASM)]
    assert sum(unsure) > len(SARCASM) / 2


def turned(picture: UInt8) -> UInt8:
    """A head turned to the side, as well as a flat picture can be: its far half narrow and in the shade."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    aside = np.array(
        [[0.3 * width, 0.1 * height], [0.65 * width, 0], [0.65 * width, height], [0.3 * width, 0.9 * height]]
    )
    warped = cv2.warpPerspective(
        picture, cv2.getPerspectiveTransform(corners, aside.astype(np.float32)), (width, height)
    )
    return np.asarray(warped * np.linspace(0.1, 1, width)[None, :, None], np.uint8)


def tiny(picture: UInt8) -> UInt8:
    """A face of 12 pixels in a wide room."""
    room = np.full((480, 640, 3), 128, np.uint8)
    small = cv2.resize(picture, (54, 54), interpolation=cv2.INTER_AREA)
    room[200:254, 300:354] = small
    return room


def dark(picture: UInt8) -> UInt8:
    return (picture * 0.04).astype(np.uint8)


def with_sunglasses(picture: UInt8) -> UInt8:
    """A black bar over the eyes."""
    covered = picture.copy()
    covered[95:125, 185:265] = 0
    return covered


def half_hidden(picture: UInt8) -> UInt8:
    covered = picture.copy()
    covered[:, :222] = 90
    return covered


SEEN: dict[str, Callable[[UInt8], UInt8]] = {
    "profile": turned,
    "tiny": tiny,
    "dark": dark,
    "black": np.zeros_like,
    "sunglasses": with_sunglasses,
    "half hidden": half_hidden,
}


@pytest.mark.parametrize("how", SEEN)
def test_a_face_that_is_hard_to_see_is_used_or_masked_with_a_reason(model: Model, how: str) -> None:
    found = model.predict(frames=np.repeat(SEEN[how](astronaut())[None], 8, axis=0))
    field = found.modalities["video"]
    assert is_sound(found)
    assert field.used != bool(field.reason)
    if how in {"tiny", "black"}:
        assert (field.used, field.reason) == (False, "no face in view")


@pytest.mark.parametrize("how", ["dark", "black", "sunglasses", "half hidden"])
def test_a_face_that_was_cut_out_already_is_judged_however_little_it_shows(model: Model, how: str) -> None:
    face = SEEN[how](astronaut())[40:200, 150:300]
    found = model.predict(face_crops=np.repeat(face[None], 3, axis=0), text="Well.")
    assert is_sound(found)
    assert found.modalities["video"].used


def test_a_face_of_a_few_pixels_is_judged_without_harm(model: Model) -> None:
    assert is_sound(model.predict(face_crops=np.full((2, 5, 4, 3), 120, np.uint8)))


def film(path: Path, until_s: float) -> tuple[UInt8, list[float]]:
    """Pictures of 640 x 360 and their times."""
    pictures, times_s = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if (frame.time or 0) > until_s:
                break
            pictures.append(np.asarray(frame.reformat(width=640, height=360, format="rgb24").to_ndarray(), np.uint8))
            times_s.append(float(frame.time or 0))
    return np.stack(pictures), times_s


@pytest.mark.data
def test_a_real_face_is_used_with_its_own_voice_and_not_with_one_from_beside_the_camera(
    model: Model, shared_data: Path
) -> None:
    path = shared_data / "av" / "ravdess" / "01-01-08-01-02-02-01.mp4"
    pictures, times_s = film(path, 3.0)
    own = model.predict(waveform=sound(path)[: 3 * RATE_HZ], frames=pictures, times_s=times_s)
    assert own.modalities["video"].used
    silent = [i for i, time_s in enumerate(times_s) if time_s < 0.7]
    beside = spoken(shared_data / "av" / "speech" / "jfk.flac")[4_800 : 4_800 + round(0.7 * RATE_HZ)]
    others = model.predict(waveform=beside, frames=pictures[silent], times_s=[times_s[i] for i in silent])
    assert is_sound(others)
    assert not others.modalities["video"].used
    assert "mouth" in (others.modalities["video"].reason or "")
    assert others.modalities["audio"].used
