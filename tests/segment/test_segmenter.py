"""Decisions on scripted probabilities: named behaviours, then laws that hold for any stretch of sound."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ
from streamer.segment.segmenter import Began, Decision, Ended, Paused, Resumed, Segmenter
from streamer.settings import AHEAD_S, SegmentSettings

CHUNK_S = CHUNK_SAMPLES / SAMPLE_RATE_HZ
SETTINGS = SegmentSettings(
    onset=0.5,
    offset=0.3,
    min_speech_s=0.16,
    pause_s=0.16,
    min_silence_s=0.4,
    pad_s=0.096,
    max_utterance_s=3.2,
    window_s=3.0,
)
"""In chunks: 5 of speech, 5 of pause, 12 of silence (to the nearest), 3 of padding, 100 at most."""
PAD = 3


@dataclass
class Script:
    """What the segmenter decided, in chunks, and when."""

    decisions: list[tuple[int, Decision]] = field(default_factory=list)

    def spans(self) -> list[tuple[float, float]]:
        """[start, end) of each utterance, in chunks."""
        starts = [d.start / CHUNK_SAMPLES for _, d in self.decisions if isinstance(d, Began)]
        ends = [d.end / CHUNK_SAMPLES for _, d in self.decisions if isinstance(d, Ended)]
        return list(zip(starts, ends, strict=True))

    def kinds(self) -> list[type]:
        return [type(decision) for _, decision in self.decisions]


def play(probs: list[float], config: SegmentSettings = SETTINGS) -> Script:
    segmenter = Segmenter(config)
    script = Script()
    for index, prob in enumerate(probs):
        script.decisions += [(index + 1, decision) for decision in segmenter.push(prob)]
    script.decisions += [(len(probs), decision) for decision in segmenter.flush()]
    return script


def test_a_silence_without_sound_pauses_and_ends_an_utterance_as_one_that_is_heard_but_pads_it_with_nothing() -> None:
    segmenter, decisions = Segmenter(SETTINGS), list[tuple[int, Decision]]()
    for _ in range(20):
        segmenter.push(0.9)
    for chunk in range(21, 40):
        decisions += [(chunk, decision) for decision in segmenter.unheard(chunk * CHUNK_SAMPLES)]
    heard = play([0.9] * 20 + [0.0] * 19).decisions[1:]
    assert [(chunk, type(decision)) for chunk, decision in decisions] == [(chunk, type(d)) for chunk, d in heard]
    assert decisions[-1][1] == Ended(20 * CHUNK_SAMPLES, 20 * CHUNK_SAMPLES)


def test_an_utterance_is_its_voice_and_the_padding_on_both_sides() -> None:
    script = play([0.0] * 10 + [0.9] * 20 + [0.0] * 20)
    assert script.spans() == [(10 - PAD, 30 + PAD)]
    (_, ended) = script.decisions[-1]
    assert isinstance(ended, Ended)
    assert ended.voice_end == 30 * CHUNK_SAMPLES


def test_it_begins_as_soon_as_the_voice_is_long_enough_and_ends_400_ms_after_it_to_the_nearest_chunk() -> None:
    script = play([0.0] * 10 + [0.9] * 20 + [0.0] * 20)
    assert [(at, type(decision)) for at, decision in script.decisions] == [(15, Began), (35, Paused), (42, Ended)]


def test_padding_does_not_reach_back_before_the_first_sample() -> None:
    assert play([0.9] * 10 + [0.0] * 20).spans() == [(0, 10 + PAD)]


def test_a_cough_is_no_utterance() -> None:
    assert play([0.0] * 10 + [0.9] * 4 + [0.0] * 30).decisions == []


def test_a_short_first_word_belongs_to_the_speech_that_follows_within_the_silence() -> None:
    assert play([0.0] * 10 + [0.9] * 3 + [0.0] * 8 + [0.9] * 10 + [0.0] * 20).spans() == [(10 - PAD, 31 + PAD)]


def test_coughs_that_add_up_only_after_the_longest_utterance_are_none() -> None:
    sparse = SETTINGS.model_copy(update={"min_speech_s": 0.32})
    assert play(([0.9] + [0.0] * 11) * 12, sparse).decisions == []
    assert play(([0.9] * 2 + [0.0] * 10) * 5, sparse).kinds()[0] is Began


def test_two_coughs_further_apart_are_not_added_up() -> None:
    assert play(([0.9] * 4 + [0.0] * 12) * 5).decisions == []


def test_the_voice_goes_on_between_offset_and_onset_but_does_not_begin_there() -> None:
    assert play([0.4] * 50).decisions == []
    assert play([0.9] * 5 + [0.4] * 20 + [0.0] * 20).spans() == [(0, 25 + PAD)]


def test_a_pause_is_told_and_taken_back_when_speech_goes_on() -> None:
    script = play([0.9] * 10 + [0.0] * 8 + [0.9] * 10 + [0.0] * 20)
    assert script.kinds() == [Began, Paused, Resumed, Paused, Ended]
    assert [at for at, _ in script.decisions] == [5, 15, 19, 33, 40]


def test_a_dip_shorter_than_a_pause_is_nothing() -> None:
    assert play([0.9] * 10 + [0.0] * 4 + [0.9] * 10 + [0.0] * 20).kinds() == [Began, Paused, Ended]


def test_the_silence_that_ends_an_utterance_separates_it_from_the_next() -> None:
    assert len(play([0.9] * 10 + [0.0] * 11 + [0.9] * 10).spans()) == 1
    assert play([0.9] * 10 + [0.0] * 12 + [0.9] * 10).spans() == [(0, 13), (22 - PAD, 32)]


def test_padding_before_does_not_reach_into_the_utterance_before() -> None:
    wide = SETTINGS.model_copy(update={"pad_s": 0.4})
    assert play([0.9] * 10 + [0.0] * 12 + [0.9] * 10, wide).spans() == [(0, 22), (22, 32)]


def test_a_long_utterance_is_cut_at_its_weakest_moment_in_the_last_third() -> None:
    probs = [0.9] * 75 + [0.31] * 5 + [0.9] * 50 + [0.0] * 20
    assert play(probs).spans() == [(0, 78), (78, 130 + PAD)]


def test_after_a_cut_in_a_silence_its_voice_stopped_before_and_the_next_one_must_reach_the_onset() -> None:
    script = play([0.9] * 75 + [0.0] * 3 + [0.4] * 6 + [0.9] * 50 + [0.0] * 20)
    assert script.spans() == [(0, 78), (84 - PAD, 134 + PAD)]
    first, _ = (decision for _, decision in script.decisions if isinstance(decision, Ended))
    assert first.voice_end == 75 * CHUNK_SAMPLES


def test_no_cut_leaves_an_utterance_with_less_voice_than_one_needs_to_begin() -> None:
    sparse = SETTINGS.model_copy(update={"min_speech_s": 1.0})
    probs = ([0.9] * 2 + [0.0] * 10) * 5 + [0.9] * 80 + [0.0] * 20
    assert play(probs, sparse).spans() == [(0, 100), (100, 140 + PAD)]


def test_a_weak_moment_before_the_last_third_is_no_place_to_cut() -> None:
    (first, _), *_ = [(end, start) for start, end in play([0.9] * 40 + [0.31] * 5 + [0.9] * 85).spans()]
    assert first >= 100 * 2 / 3


def test_at_the_cut_the_rest_begins_at_once_and_where_the_first_part_ended() -> None:
    script = play([0.9] * 75 + [0.31] * 5 + [0.9] * 50 + [0.0] * 20)
    at = [(at, type(decision)) for at, decision in script.decisions]
    assert at[1:3] == [(100, Ended), (100, Began)]


def test_an_utterance_that_pauses_at_its_maximum_just_ends() -> None:
    script = play([0.9] * 94 + [0.0] * 30)
    assert script.spans() == [(0, 94 + PAD)]
    assert script.decisions[-1][0] == 100


def test_speech_without_any_pause_is_cut_again_and_again_and_none_of_it_is_lost() -> None:
    spans = play([0.9] * 1000).spans()
    assert spans[0][0] == 0
    assert spans[-1][1] == 1000
    assert all(end == start for (_, end), (start, _) in pairwise(spans))


def test_the_last_utterance_of_a_stream_is_not_lost() -> None:
    assert play([0.0] * 10 + [0.9] * 10).spans() == [(10 - PAD, 20)]
    assert play([0.0] * 10 + [0.9] * 10 + [0.0] * 2).spans() == [(10 - PAD, 22)]


def test_silence_decides_nothing() -> None:
    assert play([0.0] * 100).decisions == []
    assert play([]).decisions == []


prob = st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.45, 0.5, 0.8, 1.0])
stretch = st.lists(st.tuples(prob, st.integers(1, 60)), max_size=20).map(
    lambda runs: [p for p, n in runs for _ in range(n)]
)
configs = st.builds(
    lambda min_speech, pause, more, pad, maximum: SegmentSettings(
        onset=0.5,
        offset=0.3,
        min_speech_s=min_speech,
        pause_s=pause,
        min_silence_s=pause + more,
        pad_s=pad * (pause + more),
        max_utterance_s=maximum,
    ),
    st.floats(0.01, 0.3),
    st.floats(0.03, 0.3),
    st.floats(0.0, 0.4),
    st.floats(0.0, 1.0),
    st.floats(1.5, 6.0),
)


def voiced_chunks(probs: list[float]) -> list[bool]:
    """Hysteresis, said in another way than the segmenter does."""
    voiced: list[bool] = []
    for value in probs:
        voiced.append(value >= 0.5 or (value >= 0.3 and bool(voiced) and voiced[-1]))
    return voiced


@given(stretch, configs)
def test_utterances_lie_in_order_inside_what_was_heard_and_never_overlap(
    probs: list[float], config: SegmentSettings
) -> None:
    spans = play(probs, config).spans()
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(start < end for start, end in spans)
    assert all(0 <= edge <= len(probs) for edge in edges)


@given(stretch, configs)
def test_none_is_longer_than_the_maximum_and_a_chunk(probs: list[float], config: SegmentSettings) -> None:
    assert all((end - start) * CHUNK_S < config.max_utterance_s + CHUNK_S for start, end in play(probs, config).spans())


@given(stretch, configs)
def test_none_has_less_voice_than_the_minimum(probs: list[float], config: SegmentSettings) -> None:
    voiced = voiced_chunks(probs)
    for start, end in play(probs, config).spans():
        voice = sum(voiced[index] for index in range(len(probs)) if start <= index and index + 1 <= end)
        assert voice * CHUNK_S >= config.min_speech_s - 1 / SAMPLE_RATE_HZ


@given(stretch, configs)
def test_every_voice_that_is_long_enough_is_in_an_utterance(probs: list[float], config: SegmentSettings) -> None:
    voiced = voiced_chunks(probs)
    spans = play(probs, config).spans()
    run = 0
    for index, value in enumerate([*voiced, False]):
        if value:
            run += 1
            continue
        if run * CHUNK_S > max(config.min_speech_s, 1 / SAMPLE_RATE_HZ):
            for chunk in range(index - run, index):
                assert any(start <= chunk and chunk + 1 <= end for start, end in spans), (chunk, spans)
        run = 0


@given(stretch, configs)
def test_begins_pauses_and_ends_alternate(probs: list[float], config: SegmentSettings) -> None:
    allowed: dict[type[Decision] | None, tuple[type[Decision], ...]] = {
        None: (Began,),
        Began: (Paused, Ended),
        Paused: (Resumed, Ended),
        Resumed: (Paused, Ended),
        Ended: (Began,),
    }
    before: type[Decision] | None = None
    for _, decision in play(probs, config).decisions:
        assert type(decision) in allowed[before]
        before = type(decision)
    assert before in (None, Ended)


@given(stretch, configs)
def test_an_end_by_silence_comes_half_a_chunk_around_the_minimum(probs: list[float], config: SegmentSettings) -> None:
    uncut = config.model_copy(update={"max_utterance_s": 1000.0})
    for at, decision in play(probs, uncut).decisions:
        if isinstance(decision, Ended) and at < len(probs):
            silence_s = at * CHUNK_S - decision.voice_end / SAMPLE_RATE_HZ
            assert abs(silence_s - max(config.min_silence_s, CHUNK_S)) <= CHUNK_S / 2 + 1 / SAMPLE_RATE_HZ


@given(stretch)
@settings(max_examples=20)
def test_the_same_probabilities_give_the_same_decisions(probs: list[float]) -> None:
    assert play(probs).decisions == play(probs).decisions


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pad_s", 0.5, "pad_s"),
        ("pause_s", 0.5, "pause_s"),
        ("offset", 0.9, "offset"),
        ("min_speech_s", 11.8, "max_utterance_s"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(key: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SegmentSettings(**{key: value})


@pytest.mark.parametrize(("longest_s", "window_s"), [(60.0, 3.0), (12.0, 60.0)])
def test_what_was_heard_and_seen_is_kept_longer_than_the_longest_utterance_and_window(
    longest_s: float, window_s: float
) -> None:
    assert SegmentSettings(max_utterance_s=longest_s, window_s=window_s).kept_s == 60.0 + AHEAD_S
