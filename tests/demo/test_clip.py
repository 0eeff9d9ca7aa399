"""The packaged clip holds what the demo is to show: one face, seven sentences, and a mouth that moves with the voice."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from streamer.bench.truth import read_turns, truth_beside
from streamer.cli.demo import CLIP
from streamer.faces.haar import HaarDetector

SAMPLE_RATE_HZ = 16_000
SPOKEN_S = (
    (1.0, "we will meet at the office on monday"),
    (3.7, "i love you this is wonderful"),
    (6.5, "leave me alone i hate you"),
    (9.3, "something is out there i'm really scared"),
    (12.5, "i feel so sad and alone"),
    (15.0, "the smell is really disgusting"),
    (17.7, "what a wonderful surprise"),
)
"""Where each sentence begins, as `streamer/demo/PROVENANCE.md` says."""


@pytest.fixture(scope="module")
def sound() -> NDArray[np.int16]:
    """[samples]."""
    with av.open(str(CLIP)) as container:
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE_HZ)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """[n, height, width, 3], one a second."""
    with av.open(str(CLIP)) as container:
        frames = [frame.to_ndarray(format="rgb24") for i, frame in enumerate(container.decode(video=0)) if i % 25 == 0]
    return np.stack(frames).astype(np.uint8)


def test_the_embedded_recogniser_gets_every_sentence_right(sound: NDArray[np.int16]) -> None:
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=SAMPLE_RATE_HZ, loglevel="FATAL")
    ends_s = [begin_s for begin_s, _ in SPOKEN_S[1:]] + [len(sound) / SAMPLE_RATE_HZ]
    heard = []
    for (begin_s, _), end_s in zip(SPOKEN_S, ends_s, strict=True):
        decoder.start_utt()
        decoder.process_raw(
            sound[int((begin_s - 0.2) * SAMPLE_RATE_HZ) : int((end_s - 0.6) * SAMPLE_RATE_HZ)].tobytes()
        )
        decoder.end_utt()
        heard.append(decoder.hyp().hypstr)
    assert heard == [words for _, words in SPOKEN_S]


@pytest.mark.parametrize("name", ["clip.mp4", "speech.mp4"])
def test_the_times_of_the_sentences_are_those_of_the_sound(name: str) -> None:
    recording = CLIP.with_name(name)
    with av.open(str(recording)) as container:
        resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
        parts = [out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    loud = np.abs(np.concatenate(parts)) > 0.008
    for turn in read_turns(truth_beside(recording), closer_than_s=0.0):
        around = loud[round((turn.start_s - 0.2) * SAMPLE_RATE_HZ) : round((turn.end_s + 0.2) * SAMPLE_RATE_HZ)]
        voiced_s = np.flatnonzero(around) / SAMPLE_RATE_HZ - 0.2
        assert voiced_s[0] == pytest.approx(0.0, abs=0.02)
        assert voiced_s[-1] == pytest.approx(turn.end_s - turn.start_s, abs=0.03)


def test_the_embedded_detector_finds_one_face_in_every_picture(pictures: NDArray[np.uint8]) -> None:
    detector = HaarDetector()
    assert {len(detector.detect(picture)) for picture in pictures} == {1}


def test_the_provenance_names_every_sentence() -> None:
    text = Path(CLIP).with_name("PROVENANCE.md").read_text(encoding="utf-8").lower()
    plain = text.replace(",", "").replace("!", "").replace(".", "")
    assert all(words in plain for _, words in SPOKEN_S)
