"""How sources are shared out to processes."""

import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import SourceError, StageError
from streamer.group_elsewhere import GroupElsewhere, shares
from streamer.publish import Draft
from streamer.settings import AsrSettings, InferenceSettings, Settings, SourceSettings
from tests.system.conftest import CLIP


def _settings(sources: int, each: int) -> Settings:
    return Settings(
        source=tuple(SourceSettings(name=f"s{number}", url=f"{number}.mp4") for number in range(sources)),
        inference=InferenceSettings(sources_per_process=each, provider="cpu"),
    )


@given(st.integers(1, 40), st.integers(1, 10), st.integers(1, 16))
def test_every_source_has_one_process_and_no_core_has_two(sources: int, each: int, cores: int) -> None:
    settings = _settings(sources, each)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
        found = shares(settings)
    assert [source for share in found for source in share.source] == list(settings.source)
    sizes = [len(share.source) for share in found]
    assert len(sizes) <= cores
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= each or len(sizes) == cores
    assert {share.model_copy(update={"source": ()}) for share in found} == {settings.model_copy(update={"source": ()})}


def test_as_many_as_one_process_serves_stay_in_this_one() -> None:
    assert shares(_settings(4, 4)) == [_settings(4, 4)]


def test_where_a_gpu_may_be_used_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(
        "onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    settings = _settings(8, 4)
    inference = settings.inference.model_copy(update={"provider": "auto"})
    assert len(shares(settings.model_copy(update={"inference": inference}))) == 1
    assert len(shares(settings)) == 2


def test_a_process_that_dies_before_it_is_started_fails_its_sources() -> None:
    film = SourceSettings(name="film", url=str(CLIP), pace="fast")
    published: list[Draft] = []
    group = GroupElsewhere(Settings(source=(film,), asr=AsrSettings(engine="none")), published.append)
    group.wait_until_open()
    group._process.kill()
    group._process.join()
    group.start()
    while not group.join(1.0):
        pass
    (outcome,) = group.outcomes()
    group.close()
    assert (outcome.source, str(outcome.error)) == ("film", "process: ended with code -9")
    assert published == []


@pytest.mark.parametrize("cause", [SourceError("film.mp4: no such file"), ZeroDivisionError("division by zero")])
def test_the_failure_of_a_stage_reads_the_same_behind_a_pipe(cause: Exception) -> None:
    error = StageError("faces", cause)
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (str(arrived), arrived.stage) == (str(error), "faces")
