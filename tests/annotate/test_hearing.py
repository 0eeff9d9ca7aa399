"""One recogniser for one recording after the other."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from streamer.annotate.hearing import Hearing
from streamer.asr.sphinx import PocketSphinx
from streamer.errors import EngineError
from streamer.settings import AsrSettings, Settings

EMBEDDED = Settings(asr=AsrSettings(engine="pocketsphinx"))


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    with closing(Hearing("cpu")) as opened:
        yield opened


def test_the_next_recording_is_heard_by_the_same_decoder_which_has_forgotten_the_last(hearing: Hearing) -> None:
    first, _ = hearing.afresh(EMBEDDED, 1)
    assert isinstance(first, PocketSphinx)
    first.begin(0.0, source="file").finish(0.0)
    (decoder,) = first._made
    again, _ = hearing.afresh(EMBEDDED, 1)
    assert again is first
    assert first._fresh == [decoder]
    assert first._idle == {}


def test_other_settings_have_a_recogniser_of_their_own(hearing: Hearing) -> None:
    first, _ = hearing.afresh(EMBEDDED, 1)
    assert isinstance(first, PocketSphinx)
    assert hearing.afresh(Settings(asr=AsrSettings(engine="none")), 1)[0] is None
    assert first._fresh[0]._stdout.closed


def test_one_that_cannot_be_opened_is_tried_again_with_the_next_recording(
    hearing: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EngineError("no memory")

    with monkeypatch.context() as broken:
        broken.setattr("streamer.annotate.hearing.open_recogniser", refuse)
        for _ in range(2):
            with pytest.raises(EngineError, match="no memory"):
                hearing.afresh(EMBEDDED, 1)
    assert isinstance(hearing.afresh(EMBEDDED, 1)[0], PocketSphinx)
