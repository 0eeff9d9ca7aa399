from itertools import chain, combinations
from typing import Any

import av
import numpy as np
import pytest
from skimage.data import astronaut, coins

from streamer import Model, load_bundle
from streamer.cli.demo import CLIP
from streamer.inference import arguments
from streamer.labels import EMOTIONS, MODALITIES, SENTIMENTS, SENTIMENTS_OF, Modality

SUBSETS = list(chain.from_iterable(combinations(MODALITIES, n) for n in range(4)))


@pytest.fixture(scope="module")
def model() -> Model:
    return load_bundle()


def voice(seconds: float = 2.0) -> np.ndarray:
    time_s = np.arange(int(16_000 * seconds)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 140 * k * time_s) / k for k in range(1, 12))
    return (0.1 * buzz * (1 + np.sin(2 * np.pi * 3 * time_s))).astype(np.float32)


def portrait(n: int = 6) -> np.ndarray:
    return np.repeat(astronaut()[None, :300, 80:380], n, axis=0)


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_every_subset_of_modalities_gives_a_consistent_answer_and_says_what_was_used(
    model: Model, subset: tuple[Modality, ...]
) -> None:
    given = {"text": "I can't believe it!", "waveform": voice(), "face_crops": portrait()}
    wanted = dict(zip(MODALITIES, given.items(), strict=True))
    result = model.predict(**dict(wanted[modality] for modality in subset))
    assert sum(result.emotion.probs.values()) == pytest.approx(1, abs=1e-3)
    assert sum(result.sentiment.probs.values()) == pytest.approx(1, abs=1e-3)
    assert tuple(result.emotion.probs) == EMOTIONS
    assert tuple(result.sentiment.probs) == SENTIMENTS
    assert result.sentiment.label in SENTIMENTS_OF[result.emotion.label]
    assert {m for m, field in result.modalities.items() if field.used} == set(subset)
    for modality, field in result.modalities.items():
        assert (field.reason is None) == (modality in subset)
        assert (field.weight > 0) == (modality in subset)
    if subset:
        assert sum(field.weight for field in result.modalities.values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("text", "emotions", "sentiment"),
    [
        ("I am so happy for you, this is wonderful!", {"joy"}, "positive"),
        ("Get out of my house, I hate you!", {"anger", "disgust"}, "negative"),
        ("I'm so sorry, I miss him so much.", {"sadness"}, "negative"),
        ("The meeting is at three on Monday.", {"neutral"}, "neutral"),
    ],
)
def test_plain_feelings_in_plain_words_are_recognised(
    model: Model, text: str, emotions: set[str], sentiment: str
) -> None:
    result = model.predict(text=text)
    assert result.emotion.label in emotions
    assert result.sentiment.label == sentiment


def test_the_dialogue_so_far_is_heard(model: Model) -> None:
    alone = model.predict(text="Right.").emotion.probs
    context = [("Ross", "I got married."), ("Joey", "Again?")]
    assert model.predict(text="Right.", speaker="Joey", context=context).emotion.probs != alone


@pytest.mark.parametrize("turn", ["Hi.", ("Ross",), ("Ross", None), (1, "Hi."), ("Ross", "Hi.", "Oh.")])
def test_a_turn_that_is_no_pair_is_named(model: Model, turn: Any) -> None:
    with pytest.raises(TypeError, match=r"^context must hold pairs \(speaker or None, text\), got "):
        model.predict(text="Right.", context=[turn])


def test_the_face_of_a_whole_picture_is_found(model: Model) -> None:
    pictures = np.repeat(astronaut()[None], 6, axis=0)
    assert model.predict(frames=pictures).modalities["video"].used
    assert model.predict(frames=pictures[:1]).modalities["video"].used


def test_a_face_in_the_first_seconds_of_a_long_film_is_found(model: Model) -> None:
    small = np.repeat(astronaut()[None, 30:190, 140:300], 140, axis=0)
    small[20:] = 90
    field = model.predict(frames=small, times_s=[number / 2 for number in range(140)]).modalities["video"]
    assert field.used, field.reason


def test_pictures_without_a_face_are_said_to_have_none(model: Model) -> None:
    field = model.predict(frames=np.full((3, 240, 320, 3), 90, np.uint8)).modalities["video"]
    assert (field.used, field.reason) == (False, "no face in view")


def test_what_is_no_face_to_the_daemon_is_none_here_however_often_it_is_shown(model: Model) -> None:
    field = model.predict(frames=np.repeat(coins()[None, :, :, None], 50, axis=0).repeat(3, axis=3)).modalities["video"]
    assert (field.used, field.reason) == (False, "no face in view")


@pytest.fixture(scope="module")
def spoken() -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The demo clip: its sound, its pictures, and when each of them was."""
    with av.open(str(CLIP)) as container:
        resampler, sound = av.AudioResampler("flt", "mono", 16_000), []
        for frame in container.decode(audio=0):
            sound += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    with av.open(str(CLIP)) as container:
        pictures = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    times_s = [float(time_s) for time_s, _ in pictures if time_s < 6.0]
    return np.concatenate(sound)[: 6 * 16_000], np.stack([image for _, image in pictures[: len(times_s)]]), times_s


def test_mouths_are_compared_with_the_sound_of_their_moment_also_where_pictures_begin_late(
    model: Model, spoken: tuple[np.ndarray, np.ndarray, list[float]]
) -> None:
    sound, pictures, times_s = spoken
    late = next(i for i, time_s in enumerate(times_s) if time_s >= 1.2)
    result = model.predict(waveform=sound, frames=pictures[late:], times_s=times_s[late:])
    assert result.modalities["video"].used, result.modalities["video"].reason


def test_a_single_picture_beside_speech_is_judged_as_by_itself(
    model: Model, spoken: tuple[np.ndarray, np.ndarray, list[float]]
) -> None:
    sound, pictures, times_s = spoken
    field = model.predict(waveform=sound, frames=pictures[30:31], times_s=times_s[30:31]).modalities["video"]
    assert field.used, field.reason


def test_a_silent_sound_track_says_nothing_about_faces(
    model: Model, spoken: tuple[np.ndarray, np.ndarray, list[float]]
) -> None:
    sound, pictures, times_s = spoken
    muted = model.predict(waveform=np.zeros_like(sound), frames=pictures, times_s=times_s)
    assert muted.emotion == model.predict(frames=pictures, times_s=times_s).emotion
    assert muted.modalities["audio"].reason == "too quiet: below -60 dBFS throughout"


def test_a_face_that_keeps_its_mouth_still_is_not_taken_for_the_speaker(model: Model) -> None:
    field = model.predict(waveform=voice(2.4), frames=np.repeat(astronaut()[None], 60, axis=0)).modalities["video"]
    assert not field.used
    assert "mouth" in (field.reason or "")


def test_silence_short_sound_and_empty_words_do_no_harm(model: Model) -> None:
    silence = np.zeros(16_000, np.float32)
    nothing = model.predict(waveform=silence)
    assert nothing.modalities["audio"].reason == "too quiet: below -60 dBFS throughout"
    assert (nothing.emotion.label, nothing.emotion.uncertain, nothing.sentiment.label) == ("neutral", True, "neutral")
    assert model.predict(waveform=voice(0.02)).modalities["audio"].used
    alone = model.predict(waveform=voice())
    assert model.predict(waveform=voice(), earlier_waveforms=[silence] * 4).emotion.probs == alone.emotion.probs
    assert model.predict(text="  ").modalities["text"].reason == "no words"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"waveform": np.zeros(800, np.int16)}, TypeError, "waveform must be a float32 array, got an array of int16"),
        ({"waveform": np.zeros((2, 800), np.float32)}, ValueError, r"waveform must be mono.*\[2, 800\]"),
        ({"waveform": np.full(800, 300, np.float32)}, ValueError, r"\[-1, 1\], its peak is 300"),
        ({"waveform": np.full(800, np.nan, np.float32)}, ValueError, "NaN"),
        ({"waveform": [0.0, 0.1]}, TypeError, "got list"),
        ({"frames": np.zeros((4, 8, 8, 3), np.float32)}, TypeError, "frames must be a uint8 array"),
        ({"face_crops": np.zeros((8, 8, 3), np.uint8)}, ValueError, r"face_crops must have the shape"),
        ({"face_crops": np.zeros((0, 8, 8, 3), np.uint8)}, ValueError, "no pictures"),
        ({"face_crops": np.zeros((2, 8, 8, 3), np.uint8), "times_s": [0.0]}, ValueError, "one time for each of 2"),
        ({"face_crops": np.zeros((2, 8, 8, 3), np.uint8), "times_s": [1.0, 0.0]}, ValueError, "rise"),
        ({"text": 3}, TypeError, "text must be a str, got int"),
        ({"frames": portrait(1), "face_crops": portrait(1)}, ValueError, "exclude each other"),
    ],
)
def test_a_wrong_argument_is_named(
    model: Model, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.predict(**arguments)  # type: ignore[arg-type]


def test_pictures_without_times_are_25_a_second() -> None:
    assert arguments.times(None, 3) == pytest.approx([0.0, 0.04, 0.08])


def test_a_voice_is_judged_relative_to_what_was_heard_before(model: Model) -> None:
    now = voice() * np.float32(0.2)
    alone = model.predict(waveform=now)
    quiet, loud = (
        model.predict(waveform=now, earlier_waveforms=[voice() * np.float32(gain)] * 8) for gain in (0.05, 1.0)
    )
    assert quiet.emotion.probs != loud.emotion.probs
    assert alone.emotion.probs != loud.emotion.probs
    for sound in (voice(), np.zeros(16_000, np.float32)):
        with pytest.raises(ValueError, match="waveform"):
            model.predict(waveform=sound, earlier_waveforms=[voice()[None]])


def test_of_many_earlier_voices_the_last_ones_count(model: Model) -> None:
    assert model.manifest.audio is not None
    n = model.manifest.audio.spec.history_utterances
    quiet, loud = ([voice(0.5) * np.float32(gain)] * n for gain in (0.05, 1.0))
    many, last = (model.predict(waveform=voice(), earlier_waveforms=before) for before in (loud + quiet, quiet))
    assert many.emotion == last.emotion
