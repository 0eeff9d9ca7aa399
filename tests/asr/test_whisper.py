"""The real faster-whisper engine on a tiny network of random weights: nonsense out, but by the real path."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streamer.asr.whisper import Crew, Whisper
from streamer.errors import EngineError
from streamer.features.arrays import Float32
from streamer.settings import AsrSettings


def noise(seconds: float, seed: int = 0) -> Float32:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(16_000 * seconds))).astype(np.float32)


@pytest.fixture
def whisper(tiny_whisper: Path) -> Iterator[Whisper]:
    recogniser = Whisper(tiny_whisper, "toy", AsrSettings(), "cpu")
    recogniser.wait_until_loaded()
    yield recogniser
    recogniser.close()


def test_an_utterance_goes_through_the_engine(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0)
    recognition.push(noise(1.0))
    assert recognition.partial() == ""
    transcript = recognition.finish(1.0)
    assert transcript.text
    assert transcript.confidence is not None
    assert 0 < transcript.confidence < 1
    assert transcript.engine == "faster-whisper/toy"


def test_an_utterance_longer_than_the_decoder_can_write_has_words(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0)
    recognition.push(noise(41.0))
    assert recognition.finish(41.0).text


def test_nonsense_that_the_engine_itself_does_not_trust_is_not_believed(tiny_whisper: Path) -> None:
    recogniser = Whisper(tiny_whisper, "toy", AsrSettings(min_confidence=0.99), "cpu")
    recognition = recogniser.begin(0.0)
    recognition.push(noise(1.0))
    transcript = recognition.finish(1.0)
    recogniser.close()
    assert transcript.text
    assert transcript.rejected is not None


def test_at_a_pause_the_result_is_made_and_used_at_the_end(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0, in_step=True)
    recognition.push(noise(1.0))
    recognition.speculate()
    words = recognition.partial()
    provisional = recognition.provisional()
    job = recognition._job
    recognition.push(np.zeros(640, np.float32))
    finished = recognition.finish(1.04)
    assert finished.text == words
    assert finished == provisional
    assert recognition._job is job


def test_speech_that_goes_on_makes_the_speculation_worthless(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0, in_step=True)
    recognition.push(noise(1.0))
    recognition.speculate()
    recognition.resume()
    assert recognition.provisional() is None
    recognition.push(noise(1.0, seed=1))
    alone = whisper.begin(0.0)
    alone.push(np.concatenate([noise(1.0), noise(1.0, seed=1)]))
    assert recognition.finish(2.0) == alone.finish(2.0)


def test_a_cut_is_recognised_without_what_follows_it(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0, in_step=True)
    recognition.push(noise(2.0))
    recognition.speculate()
    alone = whisper.begin(0.0)
    alone.push(noise(2.0)[:16_000])
    assert recognition.finish(1.0) == alone.finish(1.0)


def test_who_waits_goes_before_what_is_only_on_trust(tiny_whisper: Path) -> None:
    whisper = Whisper(tiny_whisper, "toy", AsrSettings(), "cpu")
    done: list[str] = []
    guesses = [whisper.jobs.submit(noise(3.0, seed=seed)) for seed in range(20)]
    wanted = whisper.jobs.submit(noise(0.5))
    whisper.jobs.wait_for(wanted)
    done = [f"guess {index}" for index, guess in enumerate(guesses) if guess.done.is_set()]
    assert len(done) < len(guesses)
    whisper.close()
    assert all(guess.done.is_set() for guess in guesses)


@pytest.mark.parametrize(
    ("sources", "cores", "crew"),
    [
        pytest.param(1, 2, Crew(1, 2), id="one source has all cores"),
        pytest.param(4, 2, Crew(2, 1), id="several are heard side by side"),
        pytest.param(4, 1, Crew(1, 1), id="one core hears one at a time"),
        pytest.param(2, 8, Crew(2, 4), id="the cores are shared out"),
        pytest.param(32, 64, Crew(4, 4), id="not more than CTranslate2 can use"),
    ],
)
def test_cores_go_to_as_many_utterances_as_there_are_sources(sources: int, cores: int, crew: Crew) -> None:
    assert Crew.of(sources, cores) == crew


@pytest.mark.parametrize("crew", [Crew(1, 2), Crew(2, 1)])
def test_several_threads_get_their_own_words(tiny_whisper: Path, crew: Crew) -> None:
    whisper = Whisper(tiny_whisper, "toy", AsrSettings(), "cpu", crew)
    texts: dict[int, str] = {}

    def utter(seed: int) -> None:
        recognition = whisper.begin(0.0)
        recognition.push(noise(0.5 + seed / 4, seed=seed))
        texts[seed] = recognition.finish(0.5 + seed / 4).text

    threads = [threading.Thread(target=utter, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        alone = whisper.begin(0.0)
        alone.push(noise(0.5 + seed / 4, seed=seed))
        assert alone.finish(0.5 + seed / 4).text == texts[seed]
    whisper.close()


def test_silence_is_refused_however_it_is_filled_with_words(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0)
    recognition.push(np.zeros(16_000, np.float32))
    transcript = recognition.finish(1.0)
    assert not transcript.text or (transcript.rejected or "").startswith("too quiet")


def test_a_model_that_cannot_be_loaded_is_told_at_once_or_with_each_utterance(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"not a model")
    whisper = Whisper(tmp_path, "broken", AsrSettings(), "cpu")
    with pytest.raises(EngineError, match=r"faster-whisper/broken: cannot be loaded from"):
        whisper.wait_until_loaded()
    recognition = whisper.begin(0.0)
    recognition.push(noise(0.5))
    assert "cannot be loaded" in (recognition.finish(0.5).rejected or "")
    whisper.close()


def test_after_close_an_utterance_is_told(whisper: Whisper) -> None:
    recognition = whisper.begin(0.0)
    recognition.push(noise(0.5))
    whisper.close()
    assert recognition.finish(0.5).rejected == "faster-whisper/toy: is closed"
