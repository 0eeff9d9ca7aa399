"""The real decoder, in its real process, on the demo clip's voice."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from streamer.asr import Recognition
from streamer.asr.sphinx import PocketSphinx, SphinxRecognition, confidence_of
from streamer.asr.sphinx_decoder import SphinxDecoder, Word
from streamer.bench.processes import family
from streamer.errors import EngineError
from streamer.features.arrays import Float32
from streamer.messages import CHUNK_SAMPLES, SAMPLE_RATE_HZ, Transcript
from streamer.settings import AsrSettings

MONDAY_S = (0.8, 3.05)
"""Where the clip says `We will meet at the office on Monday.`"""
LOVE_S = (3.5, 5.8)
"""And then `I love you, this is wonderful!`"""


def begin(sphinx: PocketSphinx, start_s: float, *, source: str = "", in_step: bool = False) -> SphinxRecognition:
    """An utterance that a decoder hears."""
    begun = sphinx.begin(start_s, source=source, in_step=in_step)
    assert isinstance(begun, SphinxRecognition)
    return begun


@pytest.fixture
def sphinx() -> Iterator[PocketSphinx]:
    recogniser = PocketSphinx(AsrSettings())
    yield recogniser
    recogniser.close()


def part(sound: Float32, start_s: float, end_s: float) -> Float32:
    return sound[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]


def push(recognition: Recognition, sound: Float32) -> None:
    for at in range(0, sound.shape[0], CHUNK_SAMPLES):
        recognition.push(sound[at : at + CHUNK_SAMPLES])


def fastest(seconds: Callable[[], float]) -> float:
    """Of three tries: the machine may be busy with other tests, but who waits for the decoder does so each time."""
    return min(seconds() for _ in range(3))


def test_a_clear_sentence_is_recognised_and_trusted(sphinx: PocketSphinx, demo_voice: Float32) -> None:
    recognition = begin(sphinx, 0.8, in_step=True)
    push(recognition, part(demo_voice, *MONDAY_S))
    transcript = recognition.finish(2.25)
    assert transcript.text == "we will meet at the office on monday"
    assert transcript.confidence is not None
    assert transcript.confidence > 0.5
    assert transcript.rejected is None
    assert transcript.engine == sphinx.name == "pocketsphinx/en-us"


def test_words_grow_while_someone_speaks(sphinx: PocketSphinx, demo_voice: Float32) -> None:
    recognition = begin(sphinx, 0.8, in_step=True)
    partials = []
    for start_s in np.arange(0.8, 3.0, 0.5):
        push(recognition, part(demo_voice, float(start_s), float(start_s) + 0.5))
        partials.append(recognition.partial())
    assert partials[0] != partials[-1]
    assert partials[-1].endswith("office on monday")
    assert [len(words) for words in partials] == sorted(len(words) for words in partials)


def test_in_a_live_stream_partial_does_not_wait_for_the_decoder(sphinx: PocketSphinx, demo_voice: Float32) -> None:
    def waited_s() -> float:
        recognition = begin(sphinx, 0.8)
        push(recognition, part(demo_voice, *MONDAY_S))
        start_s = time.perf_counter()
        recognition.partial()
        took_s = time.perf_counter() - start_s
        assert recognition.finish(2.25).text.endswith("office on monday")
        return took_s

    assert fastest(waited_s) < 0.1


def test_at_a_pause_the_words_are_weighed_before_the_utterance_is_over(
    sphinx: PocketSphinx, demo_voice: Float32
) -> None:
    def waited_s() -> float:
        recognition = begin(sphinx, 0.8, in_step=True)
        push(recognition, part(demo_voice, *MONDAY_S))
        recognition.speculate()
        assert recognition.partial() == "we will meet at the office on monday"
        push(recognition, np.zeros(3200, np.float32))
        start_s = time.perf_counter()
        transcript = recognition.finish(2.45)
        took_s = time.perf_counter() - start_s
        assert transcript.text == "we will meet at the office on monday"
        return took_s

    assert fastest(waited_s) < 0.05


def test_in_a_pause_the_transcript_is_what_the_end_will_say_and_not_before(
    sphinx: PocketSphinx, demo_voice: Float32
) -> None:
    recognition = begin(sphinx, 0.8, in_step=True)
    push(recognition, part(demo_voice, *MONDAY_S))
    assert recognition.provisional() is None
    recognition.speculate()
    provisional = recognition.provisional()
    push(recognition, np.zeros(3200, np.float32))
    assert recognition.provisional() == provisional
    assert recognition.finish(2.45) == provisional


def test_in_a_pause_words_that_are_not_believed_are_marked_so(sphinx: PocketSphinx) -> None:
    recognition = begin(sphinx, 0.0, in_step=True)
    push(recognition, (0.3 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32))
    recognition.speculate()
    provisional = recognition.provisional()
    assert provisional is not None
    assert provisional.text == "" or provisional.rejected


def test_speech_that_goes_on_after_a_pause_is_added(sphinx: PocketSphinx, demo_voice: Float32) -> None:
    recognition = begin(sphinx, 0.8, in_step=True)
    push(recognition, part(demo_voice, *MONDAY_S))
    recognition.speculate()
    push(recognition, part(demo_voice, 3.05, 3.5))
    recognition.resume()
    push(recognition, part(demo_voice, *LOVE_S))
    assert recognition.finish(5.0).text == "we will meet at the office on monday i love you this is wonderful"


def test_a_cut_counts_from_the_begin_of_the_utterance_not_from_its_last_pause(
    sphinx: PocketSphinx, demo_voice: Float32
) -> None:
    recognition = begin(sphinx, 0.8, in_step=True)
    push(recognition, part(demo_voice, *MONDAY_S))
    recognition.speculate()
    recognition.resume()
    push(recognition, part(demo_voice, 3.05, 5.8))
    assert recognition.finish(2.6).text == "we will meet at the office on monday"


def test_words_after_a_cut_are_left_to_the_next_utterance(sphinx: PocketSphinx, demo_voice: Float32) -> None:
    recognition = begin(sphinx, 0.8, in_step=True)
    push(recognition, part(demo_voice, *MONDAY_S))
    text = recognition.finish(1.0).text
    assert text.startswith("we will meet")
    assert "monday" not in text


def test_silence_has_no_words_and_no_confidence(sphinx: PocketSphinx) -> None:
    recognition = begin(sphinx, 0.0, in_step=True)
    push(recognition, np.zeros(16_000, np.float32))
    assert recognition.finish(1.0) == ("", None, sphinx.name, None)


def test_an_utterance_without_any_sound_is_no_failure(sphinx: PocketSphinx) -> None:
    assert begin(sphinx, 0.0).finish(0.0).text == ""


def test_the_same_sound_gives_the_same_words_and_confidence(demo_voice: Float32) -> None:
    transcripts = []
    for _ in range(2):
        sphinx = PocketSphinx(AsrSettings())
        recognition = begin(sphinx, 9.2, source="file", in_step=True)
        push(recognition, part(demo_voice, 9.2, 11.8))
        transcripts.append(recognition.finish(2.6))
        sphinx.close()
    assert transcripts[0] == transcripts[1]


def test_sources_are_recognised_side_by_side(sphinx: PocketSphinx, demo_voice: Float32) -> None:
    one, other = begin(sphinx, 0.8, source="one", in_step=True), begin(sphinx, 3.5, source="other", in_step=True)
    first, second = part(demo_voice, *MONDAY_S), part(demo_voice, *LOVE_S)
    for at in range(0, second.shape[0], CHUNK_SAMPLES):
        one.push(first[at : at + CHUNK_SAMPLES])
        other.push(second[at : at + CHUNK_SAMPLES])
    assert other.finish(2.3).text == "i love you this is wonderful"
    assert one.finish(2.25).text == "we will meet at the office on monday"


def test_a_source_keeps_its_decoder(sphinx: PocketSphinx) -> None:
    begin(sphinx, 0.0, source="cam").finish(0.0)
    decoder = sphinx._idle["cam"]
    again = begin(sphinx, 1.0, source="cam")
    assert again._decoder is decoder


def test_after_forgetting_words_and_confidence_are_those_of_a_fresh_recogniser(
    sphinx: PocketSphinx, demo_voice: Float32
) -> None:
    def heard() -> Transcript:
        recognition = begin(sphinx, 0.0, source="file", in_step=True)
        push(recognition, part(demo_voice, *LOVE_S))
        return recognition.finish(2.3)

    fresh = heard()
    used = heard()
    sphinx.forget()
    assert heard() == fresh
    assert used != fresh  # its confidence: a decoder gets used to a voice


def test_what_was_left_open_is_let_go_when_all_is_forgotten_and_so_is_what_died(sphinx: PocketSphinx) -> None:
    left = begin(sphinx, 0.0, source="left")
    begin(sphinx, 0.0, source="died").finish(0.0)
    begin(sphinx, 0.0, source="lives").finish(0.0)
    died, lives = sphinx._idle["died"], sphinx._idle["lives"]
    died._process.kill()
    died._process.wait()
    sphinx.forget()
    assert sphinx._made == sphinx._fresh == [lives]
    assert left._decoder._stdout.closed
    assert died._stdout.closed


def test_after_close_an_open_utterance_is_told(demo_voice: Float32) -> None:
    sphinx = PocketSphinx(AsrSettings())
    recognition = begin(sphinx, 0.8, in_step=True)
    sphinx.close()
    push(recognition, part(demo_voice, *MONDAY_S))
    assert (recognition.finish(2.25).rejected or "").startswith("pocketsphinx: its process ended")


def test_a_decoder_that_dies_costs_one_utterance_its_words_and_says_so(
    sphinx: PocketSphinx, demo_voice: Float32
) -> None:
    recognition = begin(sphinx, 0.8, source="cam", in_step=True)
    recognition._decoder._process.kill()
    recognition._decoder._process.wait()
    push(recognition, part(demo_voice, *MONDAY_S))
    transcript = recognition.finish(2.25)
    assert transcript.text == ""
    assert transcript.rejected is not None
    assert transcript.rejected.startswith("pocketsphinx: its process ended")
    after = begin(sphinx, 6.0, source="cam", in_step=True)
    push(after, part(demo_voice, *MONDAY_S))
    assert after.finish(2.25).text == "we will meet at the office on monday"


def test_a_decoder_that_cannot_be_started_costs_one_utterance_its_words_and_says_so(
    sphinx: PocketSphinx, demo_voice: Float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(sphinx, 0.0, source="other", in_step=True)  # takes the one that is there
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", "/nowhere/python")
        recognition = sphinx.begin(0.8, source="cam", in_step=True)
        push(recognition, part(demo_voice, *MONDAY_S))
        told = recognition.finish(2.25)
        assert (told.text, told.rejected) == (
            "",
            "pocketsphinx: its process cannot be started (No such file or directory)",
        )
        with pytest.raises(EngineError, match="cannot be started"):
            PocketSphinx(AsrSettings())
    after = begin(sphinx, 6.0, source="cam", in_step=True)
    push(after, part(demo_voice, *MONDAY_S))
    assert after.finish(2.25).text == "we will meet at the office on monday"


def test_a_decoder_that_died_is_let_go(sphinx: PocketSphinx) -> None:
    recognition = begin(sphinx, 0.0, source="cam")
    recognition._decoder._process.kill()
    recognition._decoder._process.wait()
    recognition.push(np.zeros(16_000, np.float32))
    assert recognition.finish(1.0).rejected
    assert sphinx._made == []
    assert recognition._decoder._stdout.closed


def test_a_decoder_that_hangs_costs_one_utterance_its_words_and_does_not_block_the_source_for_ever(
    sphinx: PocketSphinx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamer.asr.sphinx_decoder._FULL_TIMEOUT_S", 0.2)
    recognition = begin(sphinx, 0.0, source="cam")
    os.kill(recognition._decoder._process.pid, signal.SIGSTOP)
    for _ in range(60):  # a second each, of which the pipe holds half
        recognition.push(np.zeros(SAMPLE_RATE_HZ, np.float32))
    rejected = recognition.finish(60.0).rejected
    assert rejected == "pocketsphinx: its process has taken no sound for 0.2 s, it hangs"
    assert sphinx._made == []


def test_each_source_has_a_decoder_that_was_loaded_before_its_first_words(demo_voice: Float32) -> None:
    sphinx = PocketSphinx(AsrSettings(), sources=2)
    sphinx.wait_until_loaded()
    there = set(family(os.getpid()))
    for source in ("left", "right"):
        recognition = begin(sphinx, 0.0, source=source, in_step=True)
        push(recognition, part(demo_voice, *MONDAY_S))
        assert recognition.finish(2.25).text
    assert set(family(os.getpid())) == there
    sphinx.close()


def test_of_several_decoders_one_that_cannot_be_started_or_dies_costs_the_others_nothing(
    demo_voice: Float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SphinxDecoder] = []

    def start() -> SphinxDecoder:
        if len(made) == 2:
            raise EngineError("no more processes")
        made.append(SphinxDecoder())
        return made[-1]

    with monkeypatch.context() as patched:
        patched.setattr("streamer.asr.sphinx.SphinxDecoder", start)
        sphinx = PocketSphinx(AsrSettings(), sources=3)
    made[1]._process.kill()
    made[1]._process.wait()
    sphinx.wait_until_loaded()
    said = []
    for source in ("a", "b", "c"):
        recognition = begin(sphinx, 0.0, source=source, in_step=True)
        push(recognition, part(demo_voice, *MONDAY_S))
        said.append(recognition.finish(2.25))
    sphinx.close()
    assert [transcript.rejected is not None for transcript in said].count(True) == 1
    assert [transcript.text for transcript in said].count("we will meet at the office on monday") == 2


def test_another_language_is_refused() -> None:
    with pytest.raises(EngineError, match=r"knows English only, asr\.language is 'de'"):
        PocketSphinx(AsrSettings(language="de"))


def test_confidence_grows_with_the_posteriors_and_one_bad_word_counts() -> None:
    def words(*posteriors: float) -> list[Word]:
        return [Word("word", 0.0, 0.1, posterior) for posterior in posteriors]

    sure, mixed, unsure = (confidence_of(words(*p)) for p in ((1.0, 0.9, 0.95), (1.0, 0.9, 0.05), (0.1, 0.05, 0.1)))
    assert sure is not None
    assert mixed is not None
    assert unsure is not None
    assert 1 >= sure > 0.6 > mixed > unsure >= 0
    assert confidence_of([]) is None
    assert confidence_of(words(0.0)) is not None
