"""What is said of an utterance while it goes on, message by message."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from streamer.analysis import Analyzer
from streamer.asr.subtitles import Subtitles, parse_srt
from streamer.faces import FaceRing
from streamer.inference import Model
from streamer.messages import (
    CHUNK_SAMPLES,
    FaceSighting,
    Heard,
    SegmentEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Waited,
    Watched,
)
from streamer.publish import Draft
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
    said: list[Event] = []
    for number in range(1, int(60 / CHUNK_S)):
        loud = (number * CHUNK_S * 12 - 2.4) % 4 < 2
        heard = Heard(number * CHUNK_S, 0.9 if number * CHUNK_S < 10 else 0.0, -20.0 if loud else -40.0)
        said += [draft.event for draft in patient.step(heard)]
    assert [event.speaker_track_id for event in said if isinstance(event, State)][-1] == 1
    said = [draft.event for draft in patient.step(SpeechEnded(59.9, 10.0, time.monotonic()))]
    assert [event.speaker_track_id for event in said if isinstance(event, State)] == [None]
    (utterance,) = (event for event in said if isinstance(event, Utterance))
    assert utterance.speaker is not None
    assert utterance.latency_ms["frame_age"] == pytest.approx(1000 * (59.9 - 119 / 12), abs=0.1)


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


SRT = "1\n00:00:00,000 --> 00:00:01,000\nI hate you.\n\n2\n00:00:02,000 --> 00:00:03,000\nGet out!\n"


def _talk(
    from_s: float, to_s: float, *, start: bool = False, voice: bool = True, level_dbfs: float = -20.0
) -> Iterator[SegmentEvent]:
    """What is heard of one utterance between two times, with its samples while there is a voice."""
    noise = np.random.default_rng(round(1000 * from_s))
    for number in range(round((to_s - from_s) / CHUNK_S)):
        waveform = (0.1 * noise.standard_normal(CHUNK_SAMPLES)).astype(np.float32)
        yield Heard(from_s + (number + 1) * CHUNK_S, 0.9 if voice else 0.0, level_dbfs)
        if start and not number:
            yield SpeechStarted(1, from_s, waveform)
        elif voice:
            yield SpeechContinued(waveform)


def _in_step(model: Model, srt: str = SRT) -> Analyzer:
    """Of a film with subtitles and no pictures: nothing depends on how fast this machine is."""
    return Analyzer(
        model=model,
        recogniser=Subtitles(parse_srt(srt), "subtitles/made.srt"),
        ring=None,
        status=status(model),
        settings=Settings(),
        in_step=True,
    )


def _drafts(analyzer: Analyzer, messages: Iterator[SegmentEvent]) -> list[Draft]:
    return [draft for message in messages for draft in analyzer.step(message)]


def test_each_pause_foretells_the_words_until_then_and_speech_that_goes_on_takes_the_pause_back(model: Model) -> None:
    def messages() -> Iterator[SegmentEvent]:
        yield from _talk(0.0, 1.28, start=True)
        yield SpeechPaused(1.28)
        yield from _talk(1.28, 1.6, voice=False)
        yield SpeechResumed(1.6)
        yield from _talk(1.6, 3.2)
        yield SpeechPaused(3.2)
        yield from _talk(3.2, 3.52, voice=False)
        yield SpeechEnded(3.2, 3.2, 0.0)
        yield from _talk(3.52, 4.0, voice=False)

    said = [draft.event for draft in _drafts(_in_step(model), messages())]
    foretold = [event for event in said if isinstance(event, Partial) and event.provisional]
    assert [event.transcript and event.transcript.text for event in foretold] == ["I hate you.", "I hate you. Get out!"]
    assert [event.end_s for event in foretold] == pytest.approx([1.28 + CHUNK_S, 3.2 + CHUNK_S], abs=0.001)  # at once
    (utterance,) = (event for event in said if isinstance(event, Utterance))
    assert utterance.transcript == foretold[1].transcript
    assert utterance.emotion == foretold[1].emotion
    doing = [(event.stream_s, event.activity) for event in said if isinstance(event, State)]
    assert {activity for at, activity in doing if 0.1 < at < 1.28 or 1.6 < at < 3.2} == {"speaking"}
    assert {activity for at, activity in doing if 1.3 < at < 1.6 or 3.25 < at < 3.5} == {"pause"}
    assert doing[-1][1] == "idle"
    assert [type(event) for event in said[said.index(utterance) + 1 :]].count(Partial) == 0


def test_latency_counts_from_the_end_of_the_voice_in_stream_time_and_on_the_clock_of_the_capture(model: Model) -> None:
    analyzer = _in_step(model)
    _drafts(analyzer, _talk(0.0, 1.92, start=True))
    (draft, _) = analyzer.step(SpeechEnded(end_s=1.72, speech_end_s=1.52, captured_s=500.0))
    assert isinstance(draft.event, Utterance)
    assert draft.event.latency_ms["endpoint"] == pytest.approx(400.0)
    assert draft.since_s == pytest.approx(500.0 - 0.4)


def test_the_time_of_a_source_never_goes_back(model: Model) -> None:
    begun = SpeechStarted(1, 4.6, np.zeros(CHUNK_SAMPLES, np.float32))
    said = _drafts(_in_step(model), iter([Watched(5.0), Heard(4.8, 0.9, -20.0), begun]))
    assert [draft.event.stream_s for draft in said if isinstance(draft.event, State)] == [5.0, 5.0]


def test_an_utterance_that_could_not_be_judged_leaves_nothing_to_those_after_it(model: Model) -> None:
    srt = "1\n00:00:10,000 --> 00:00:11,000\nOh. You too?\n"

    def told(*, whispered_before: bool) -> Utterance:
        analyzer = _in_step(model, srt)
        if whispered_before:
            _drafts(analyzer, _talk(5.0, 6.28, start=True, level_dbfs=-70.0))
            _drafts(analyzer, iter([SpeechEnded(6.28, 6.28, 0.0)]))
        _drafts(analyzer, _talk(10.0, 11.28, start=True))
        draft, _ = analyzer.step(SpeechEnded(11.28, 11.28, 0.0))
        assert isinstance(draft.event, Utterance)
        return draft.event

    after, alone = told(whispered_before=True), told(whispered_before=False)
    assert [name for name, field in alone.modalities.items() if field.used] == ["text", "audio"]
    assert (after.emotion, after.sentiment) == (alone.emotion, alone.sentiment)


def test_a_slow_machine_leaves_no_partial_of_a_film_out(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[float]:
        drafts = _drafts(_in_step(model), _talk(0.0, 2.56, start=True))
        return [draft.event.end_s for draft in drafts if isinstance(draft.event, Partial)]

    usual, fuse, calls = told(), model.fuse, count()

    def busy_at_first(*given: object) -> object:
        if next(calls) == 0:
            time.sleep(0.21)
        return fuse(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "fuse", busy_at_first)
    assert told() == usual


def test_a_source_stays_where_its_sound_was_until_that_is_lost_and_is_then_as_far_as_its_pictures(model: Model) -> None:
    ring = FaceRing(keep_s=60.0)
    live = Analyzer(model=model, recogniser=None, ring=ring, status=status(model), settings=Settings(), in_step=False)

    def told(message: SegmentEvent) -> tuple[float, int]:
        (event,) = (draft.event for draft in live.step(message))
        assert isinstance(event, State)
        return event.stream_s, len(event.faces)

    face = FaceSighting(5.0, 1, (0, 0, 90, 90), 0.9, None, None)
    ring.add(5.0, [face])
    assert told(Heard(5.0, 0.0, -60.0)) == (5.0, 1)
    ring.add(7.0, [replace(face, time_s=7.0)])
    assert told(Waited(lost=False)) == (5.0, 1)
    assert told(Waited(lost=True)) == (7.0, 1)
    assert told(Waited(lost=True)) == (7.0, 0)  # its pictures do not go on either


def test_a_film_waits_for_the_pictures_of_what_was_heard(model: Model) -> None:
    ring = FaceRing(keep_s=60.0)
    film = Analyzer(model=model, recogniser=None, ring=ring, status=status(model), settings=Settings(), in_step=True)
    late = threading.Timer(0.05, lambda: ring.add(2.0, [FaceSighting(2.0, 1, (0, 0, 90, 90), 0.9, None, None)]))
    late.start()
    (state,) = (draft.event for draft in film.step(Heard(2.0, 0.0, -60.0)))
    late.join()
    assert isinstance(state, State)
    assert [face.track_id for face in state.faces] == [1]
