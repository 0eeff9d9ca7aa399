"""What is said of an utterance while it goes on, message by message."""

import time
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest

from streamer.analysis import Analyzer
from streamer.faces import FaceRing
from streamer.inference import Model
from streamer.messages import (
    CHUNK_SAMPLES,
    FaceSighting,
    Heard,
    SegmentEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechStarted,
    Watched,
)
from streamer.settings import SegmentSettings, Settings
from streamer.wire import Event, Partial, State, Utterance
from tests.analysis.conftest import status

CHUNK_S = CHUNK_SAMPLES / 16_000


@pytest.fixture
def analyzer(model: Model) -> Analyzer:
    """Of a live microphone, without a recogniser."""
    return Analyzer(model=model, recogniser=None, ring=None, status=status(model), settings=Settings(), in_step=False)


def _spoken(utterances: int, seconds: float = 2.0) -> Iterator[SegmentEvent]:
    """One utterance after the other, as a microphone gives them."""
    noise = np.random.default_rng(0)
    now_s = 0.0
    for number in range(1, utterances + 1):
        start_s = now_s
        for chunk in count():
            now_s += CHUNK_S
            waveform = (0.1 * noise.standard_normal(CHUNK_SAMPLES)).astype(np.float32)
            yield Heard(now_s, 0.9, -20.0)
            yield SpeechStarted(number, start_s, waveform) if not chunk else SpeechContinued(waveform)
            if now_s - start_s >= seconds:
                break
        yield SpeechEnded(now_s, now_s, time.monotonic())


def _events(analyzer: Analyzer, utterances: int) -> list[Event]:
    return [draft.event for message in _spoken(utterances) for draft in analyzer.step(message)]


def test_one_slow_moment_does_not_end_the_partials_of_the_utterances_after_it(
    analyzer: Analyzer, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    fuse, calls = model.fuse, count()

    def busy_at_first(*given: object) -> object:
        if next(calls) == 0:
            time.sleep(0.25)
        return fuse(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "fuse", busy_at_first)
    said = _events(analyzer, 3)
    partials = [sum(isinstance(e, Partial) and e.id == u.id for e in said) for u in said if isinstance(u, Utterance)]
    assert partials[0] == 1
    assert all(number > 2 for number in partials[1:])


def test_an_utterance_of_a_minute_is_judged_by_all_of_it(model: Model) -> None:
    settings = Settings(segment=SegmentSettings(max_utterance_s=60.0))
    ring = FaceRing(settings.segment.kept_s)
    patient = Analyzer(model=model, recogniser=None, ring=ring, status=status(model), settings=settings, in_step=False)
    crop = np.zeros((48, 48, 1), np.uint8)
    for number in range(120):  # the mouth of one face, seen in the first seconds only, moves with the voice
        motion = 0.1 * (number % 4 < 2)
        ring.add(number / 12, [FaceSighting(number / 12, 1, (0, 0, 90, 90), 0.9, crop, motion)])
    ring.advance(70.0)
    list(patient.step(SpeechStarted(1, 0.0, np.zeros(CHUNK_SAMPLES, np.float32))))
    for number in range(1, int(60 / CHUNK_S)):
        loud = (number * CHUNK_S * 12 - 2.4) % 4 < 2
        list(patient.step(Heard(number * CHUNK_S, 0.9 if number * CHUNK_S < 10 else 0.0, -20.0 if loud else -40.0)))
    said = [draft.event for draft in patient.step(SpeechEnded(59.9, 10.0, time.monotonic()))]
    (utterance,) = (event for event in said if isinstance(event, Utterance))
    assert utterance.speaker is not None


def test_a_partial_does_not_promise_words_where_nothing_recognises_any(analyzer: Analyzer) -> None:
    reasons = {e.modalities["text"].reason for e in _events(analyzer, 1) if isinstance(e, Partial)}
    assert reasons == {"speech recognition is off (asr.engine = none)"}


def test_what_no_utterance_will_have_is_said_before_the_first(model: Model) -> None:
    first, deaf = (status(model, sound=sound).announce("idle", 0.0, None).event for sound in (True, False))
    assert isinstance(first, State)
    assert isinstance(deaf, State)
    assert first.reasons == {"text": "speech recognition is off (asr.engine = none)", "video": "no camera"}
    assert deaf.reasons == {"text": "no microphone", "audio": "no microphone", "video": "no camera"}


def test_a_camera_without_a_microphone_has_started_with_its_first_picture(model: Model) -> None:
    deaf = Analyzer(
        model=model,
        recogniser=None,
        ring=None,
        status=status(model, sound=False),
        settings=Settings(),
        in_step=False,
    )
    (first,) = (draft.event for draft in deaf.step(Watched(0.04)))
    assert isinstance(first, State)
    assert first.activity == "idle"
