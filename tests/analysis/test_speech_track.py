"""What was heard lately, by time."""

from streamer.analysis.speech_track import SpeechTrack
from streamer.messages import Heard
from streamer.segment import SILENCE_DBFS


def test_chunks_are_kept_as_long_as_asked_for_and_no_longer() -> None:
    speech = SpeechTrack(keep_s=60.0)
    for number in range(1, 3001):
        speech.add(Heard(number * 0.032, 0.9, -20.0 if number < 1200 else -50.0))
    heard = speech.between(0.0, 100.0)
    assert (heard[0].time_s, heard[-1].time_s) == (36.0, 96.0)
    assert speech.loudest_dbfs(36.0) == -20.0
    assert speech.loudest_dbfs(40.0) == -50.0
    assert (speech.loudest_dbfs(96.0), speech.loudest_dbfs(96.1)) == (-50.0, SILENCE_DBFS)
