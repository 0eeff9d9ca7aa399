"""The stage with the real voice activity detector: what leaves it, sample for sample."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from streamer.features.arrays import Float32
from streamer.messages import (
    CHUNK_SAMPLES,
    SAMPLE_RATE_HZ,
    AudioChunk,
    AudioTick,
    Heard,
    SegmentEvent,
    SpeechContinued,
    SpeechEnded,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    Watched,
)
from streamer.segment import Segment
from streamer.segment.segment import level_dbfs
from streamer.settings import SegmentSettings
from tests.segment.conftest import Chunks, MakeSound

SETTINGS = SegmentSettings()


@dataclass
class Utterance:
    """What a reader of the stage's events puts together."""

    number: int
    start_s: float
    waveform: Float32
    end: SpeechEnded | None = None


def collect(events: list[SegmentEvent]) -> list[Utterance]:
    utterances: list[Utterance] = []
    for event in events:
        match event:
            case SpeechStarted(utterance, start_s, waveform):
                assert not utterances or utterances[-1].end is not None
                utterances.append(Utterance(utterance, start_s, waveform))
            case SpeechContinued(waveform):
                assert utterances[-1].end is None
                utterances[-1].waveform = np.concatenate([utterances[-1].waveform, waveform])
            case SpeechEnded():
                utterances[-1].end = event
            case SpeechPaused() | SpeechResumed():
                assert utterances[-1].end is None
            case Heard() | Watched():
                pass
    return utterances


def run(session: InferenceSession, sound: list[AudioChunk], settings: SegmentSettings = SETTINGS) -> list[SegmentEvent]:
    segment = Segment(settings, session)
    return [event for chunk in sound for event in segment.push(chunk)] + list(segment.flush())


def of_times(sound: Float32, start_s: float, end_s: float) -> Float32:
    return sound[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]


def test_two_utterances_are_found_and_their_samples_are_those_of_the_stream(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = np.concatenate([silence(1), babble(2), silence(1), babble(3), silence(1)])
    first, second = collect(run(voice_session, chunks(sound)))
    assert (first.number, second.number) == (1, 2)
    for utterance, (start_s, end_s) in ((first, (1.0, 3.0)), (second, (4.0, 7.0))):
        assert utterance.end is not None
        assert utterance.start_s == pytest.approx(start_s - SETTINGS.pad_s, abs=0.1)
        assert utterance.end.speech_end_s == pytest.approx(end_s, abs=0.1)
        assert utterance.end.end_s == pytest.approx(utterance.end.speech_end_s + SETTINGS.pad_s, abs=1e-9)
        np.testing.assert_array_equal(utterance.waveform, of_times(sound, utterance.start_s, utterance.end.end_s))


def test_the_end_is_decided_400_ms_after_the_voice_and_carries_the_capture_time_of_the_chunk_that_decided(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    events = run(voice_session, chunks(np.concatenate([silence(1), babble(2), silence(1)])))
    index = next(i for i, event in enumerate(events) if isinstance(event, SpeechEnded))
    ended, heard = events[index], [event for event in events[:index] if isinstance(event, Heard)][-1]
    assert isinstance(ended, SpeechEnded)
    assert heard.time_s - ended.speech_end_s == pytest.approx(0.4, abs=0.017)
    assert heard.time_s - 3.0 == pytest.approx(0.4, abs=0.1)
    assert ended.captured_s == pytest.approx(1000.0 + heard.time_s - 0.032)


def test_speech_at_the_very_end_of_a_stream_is_handed_out_to_its_last_sample(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = np.concatenate([silence(1), babble(1.0101)])
    (utterance,) = collect(run(voice_session, chunks(sound)))
    assert utterance.end is not None
    assert utterance.end.end_s == pytest.approx(sound.shape[0] / SAMPLE_RATE_HZ)
    np.testing.assert_array_equal(utterance.waveform, of_times(sound, utterance.start_s, utterance.end.end_s))


def test_the_rest_after_a_cut_is_handed_out_again_and_nothing_is_lost(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = np.concatenate([silence(1), babble(14), silence(1)])
    utterances = collect(run(voice_session, chunks(sound), SETTINGS.model_copy(update={"max_utterance_s": 4.0})))
    assert len(utterances) >= 4
    edge_s = utterances[0].start_s
    for utterance in utterances:
        assert utterance.end is not None
        assert utterance.start_s == edge_s
        edge_s = utterance.end.end_s
        assert edge_s - utterance.start_s <= 4.1
        kept = utterance.waveform[: round((edge_s - utterance.start_s) * SAMPLE_RATE_HZ)]
        np.testing.assert_array_equal(kept, of_times(sound, utterance.start_s, edge_s))
    assert edge_s == pytest.approx(15.2, abs=0.15)


def test_silence_beyond_the_padding_is_withheld_until_the_voice_resumes(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = np.concatenate([silence(1), babble(1), silence(0.32), babble(1), silence(1)])
    events = run(voice_session, chunks(sound))
    (utterance,) = collect(events)
    assert utterance.end is not None
    np.testing.assert_array_equal(utterance.waveform, of_times(sound, utterance.start_s, utterance.end.end_s))
    kinds = [type(event) for event in events if isinstance(event, SpeechPaused | SpeechResumed)]
    assert kinds == [SpeechPaused, SpeechResumed, SpeechPaused]


def test_lost_sound_ends_the_utterance_at_the_gap_and_time_goes_on_after_it(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = np.concatenate([silence(1), babble(2)])
    before, after = chunks(sound)[:-20], chunks(np.concatenate([babble(2), silence(1)]), start_s=10.0)
    first, second = collect(run(voice_session, before + after))
    assert first.end is not None
    assert second.end is not None
    lost_from_s = before[-1].time_s + 0.032
    assert first.end.end_s == pytest.approx(lost_from_s)
    np.testing.assert_array_equal(first.waveform, of_times(sound, first.start_s, lost_from_s))
    assert second.start_s >= 10.0
    assert second.end.speech_end_s == pytest.approx(12.0, abs=0.1)


def test_one_lost_chunk_is_lost_sound_and_does_not_shift_the_time(
    voice_session: InferenceSession, babble: MakeSound, chunks: Chunks
) -> None:
    sound = chunks(babble(1.6))
    del sound[30]
    events = run(voice_session, sound)
    heard_s = [event.time_s for event in events if isinstance(event, Heard)]
    assert heard_s == pytest.approx([chunk.time_s + 0.032 for chunk in sound])
    (ended, _) = (event for event in events if isinstance(event, SpeechEnded))
    assert ended.end_s == pytest.approx(30 * 0.032)


def test_after_lost_sound_what_was_heard_before_it_does_not_count(
    voice_session: InferenceSession, babble: MakeSound, chunks: Chunks
) -> None:
    before, after = chunks(babble(2)), chunks(babble(1), start_s=10.0)
    probs = [event.speech_prob for event in run(voice_session, before + after) if isinstance(event, Heard)]
    fresh = [event.speech_prob for event in run(voice_session, after) if isinstance(event, Heard)]
    assert probs[-len(fresh) :] == fresh


def test_padding_as_long_as_the_silence_is_handed_out_to_its_end(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = np.concatenate([silence(1), babble(1), silence(1)])
    (utterance,) = collect(run(voice_session, chunks(sound), SETTINGS.model_copy(update={"pad_s": 0.4})))
    assert utterance.end is not None
    np.testing.assert_array_equal(utterance.waveform, of_times(sound, utterance.start_s, utterance.end.end_s))


def test_heard_comes_first_for_every_chunk_with_its_level_and_the_time_of_its_end(
    voice_session: InferenceSession, babble: MakeSound, chunks: Chunks
) -> None:
    sound = chunks(babble(0.5), start_s=5.0)
    segment = Segment(SETTINGS, voice_session)
    for chunk in sound:
        first = next(iter(segment.push(chunk)))
        assert isinstance(first, Heard)
        assert first.time_s == pytest.approx(chunk.time_s + chunk.waveform.shape[0] / SAMPLE_RATE_HZ)
        assert first.level_dbfs == level_dbfs(chunk.waveform)


def test_the_same_sound_gives_the_same_events(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    sound = chunks(np.concatenate([babble(1), silence(1), babble(1)]))
    first, second = (
        repr([e for e in run(voice_session, sound) if isinstance(e, Heard | SpeechEnded)]) for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("begin_s", [0.0, 7.0])
def test_where_sound_ends_in_the_middle_of_a_word_ticks_end_the_utterance_with_the_samples_that_were_there(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks, begin_s: float
) -> None:
    sound = np.concatenate([silence(1), babble(2)])[: 90 * CHUNK_SAMPLES]
    segment, end_s = Segment(SETTINGS, voice_session), begin_s + 90 * 0.032
    events = [event for chunk in chunks(sound, begin_s) for event in segment.push(chunk)]
    for number in range(1, 20):
        ticked = list(segment.push(AudioTick(end_s + number * 0.032, 1000.0 + number)))
        assert isinstance(ticked[0], Watched)
        events += ticked
        if any(isinstance(event, SpeechEnded) for event in ticked):
            break
    (said,) = collect(events)
    assert said.end is not None
    assert number * 0.032 == pytest.approx(SETTINGS.min_silence_s, abs=0.04)
    assert said.end.end_s == said.end.speech_end_s == pytest.approx(end_s)
    assert said.end.captured_s == 1000.0 + number
    np.testing.assert_array_equal(said.waveform, of_times(sound, said.start_s - begin_s, end_s - begin_s))


def test_sound_that_is_no_longer_needed_is_forgotten(
    voice_session: InferenceSession, silence: MakeSound, chunks: Chunks
) -> None:
    segment = Segment(SETTINGS, voice_session)
    for chunk in chunks(silence(5)):
        list(segment.push(chunk))
    with pytest.raises(IndexError):
        segment._memory.between(0, CHUNK_SAMPLES)


def test_sources_share_the_network_but_not_its_memory(
    voice_session: InferenceSession, babble: MakeSound, silence: MakeSound, chunks: Chunks
) -> None:
    alone = run(voice_session, chunks(np.concatenate([silence(0.5), babble(1)])))
    one, other = Segment(SETTINGS, voice_session), Segment(SETTINGS, voice_session)
    together: list[SegmentEvent] = []
    for chunk, noise in zip(chunks(np.concatenate([silence(0.5), babble(1)])), chunks(babble(1.5)), strict=True):
        together += one.push(chunk)
        list(other.push(noise))
    probs = [[event.speech_prob for event in events if isinstance(event, Heard)] for events in (alone, together)]
    assert probs[0] == probs[1]


@pytest.mark.parametrize(
    ("sound", "level"),
    [
        (np.zeros(512, np.float32), -100.0),
        (np.ones(512, np.float32), 0.0),
        (np.full(512, 0.1, np.float32), -20.0),
        (np.zeros(0, np.float32), -100.0),
    ],
)
def test_a_level_is_relative_to_a_full_scale_square_wave(sound: Float32, level: float) -> None:
    assert level_dbfs(sound) == pytest.approx(level, abs=1e-4)


@pytest.mark.data
def test_the_sentences_of_a_speech_are_its_utterances(
    voice_session: InferenceSession, shared_data: Path, chunks: Chunks
) -> None:
    from benchmarks.segmentation import read_waveform

    sound = read_waveform(shared_data / "av" / "speech" / "jfk.flac")
    utterances = collect(run(voice_session, chunks(sound)))
    assert [round(utterance.start_s) for utterance in utterances] == [0, 3, 5, 8]


@pytest.mark.parametrize(
    ("settings", "liked_s", "after_s"),
    [
        pytest.param(SegmentSettings(), 0.128, 0.128, id="the recogniser's"),
        pytest.param(SegmentSettings(pause_s=0.32), 0.128, 0.32, id="the one that is named"),
    ],
)
def test_words_are_asked_for_after_the_pause_that_is_named_or_that_the_recogniser_likes(
    voice_session: InferenceSession,
    babble: MakeSound,
    silence: MakeSound,
    chunks: Chunks,
    settings: SegmentSettings,
    liked_s: float,
    after_s: float,
) -> None:
    segment = Segment(settings, voice_session, liked_s)
    events = [event for chunk in chunks(np.concatenate([babble(2), silence(1)])) for event in segment.push(chunk)]
    paused = next(event for event in events if isinstance(event, SpeechPaused))
    ended = next(event for event in events if isinstance(event, SpeechEnded))
    assert paused.time_s - ended.speech_end_s == pytest.approx(after_s, abs=1e-9)
