"""A clip in its dialogue is given to the networks as the daemon would give it."""

from pathlib import Path

import numpy as np
import pytest

from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from training import corpora
from training.batch import rng_for
from training.clip_data import ClipData, audio_source, sources_of
from training.clip_store import ClipStore, store_of
from training.decode import decode
from training.progress import Progress


@pytest.mark.parametrize("remembered", [0, 2])
def test_a_voice_is_heard_relative_to_those_before_it_in_the_dialogue(
    mini_meld: Path, tmp_path: Path, remembered: int
) -> None:
    spec = LogMelSpec(relative_to="session", history_utterances=remembered)
    samples = [s for s in corpora.read(("meld-clips",), mini_meld) if s.split == "train"]
    dialogue = [s for s in samples if s.dialogue == samples[0].dialogue]
    assert len(dialogue) >= 3
    source = sources_of({"audio": spec}, ClipStore(tmp_path, Progress(), audio=spec), samples)["audio"]
    memories: list[Float32] = []
    for sample in dialogue:
        found = source.of(sample)
        if sample.audio is None or found is None:
            continue
        wave = decode(sample.audio, spec.sample_rate_hz)
        np.testing.assert_allclose(
            found[0], spec.extract(wave, memories[len(memories) - min(len(memories), remembered) :]), atol=1e-4
        )
        stream = spec.stream()
        stream.push(wave)
        if (memory := stream.memory()) is not None:
            memories.append(memory)
    assert len(memories) >= 2


def test_a_clip_of_no_dialogue_was_preceded_by_nothing(made_data: Path, tmp_path: Path) -> None:
    spec = LogMelSpec(relative_to="session", history_utterances=4)
    samples = corpora.read(("ravdess",), made_data)
    source = sources_of({"audio": spec}, ClipStore(tmp_path, Progress(), audio=spec), samples)["audio"]
    last = samples[-1]
    found = source.of(last)
    assert last.audio is not None
    assert found is not None
    np.testing.assert_allclose(found[0], spec.extract(decode(last.audio, spec.sample_rate_hz)), atol=1e-4)


def test_what_was_prepared_is_what_is_asked_for(mini_meld: Path, tmp_path: Path) -> None:
    spec = LogMelSpec(relative_to="session", history_utterances=2)
    samples = corpora.read(("meld-clips",), mini_meld)
    store = store_of({"audio": spec}, tmp_path, Progress())
    store.prepare(samples, workers=1)
    prepared = store.computed
    source = sources_of({"audio": spec}, store, samples)["audio"]
    assert all((source.of(sample) is None) == (store.sound(sample).features is None) for sample in samples)
    assert store.computed == prepared > 0


def test_clips_of_about_one_length_are_together_and_none_is_alone(made_data: Path, tmp_path: Path) -> None:
    spec = LogMelSpec()
    samples = corpora.read(("ravdess",), made_data)
    store = ClipStore(tmp_path, Progress(), audio=spec)
    data = ClipData([*samples, samples[0]], {"audio": audio_source(store)}, store.lengths([*samples, samples[0]]), 4, 0)
    plan = data.plan(0)
    assert sorted(i for batch in plan for i in batch) == list(range(33))
    assert min(len(batch) for batch in plan) > 1
    assert plan != data.plan(1)
    masks = [data.batch(batch, rng_for(0)).inputs[1] for batch in plan]
    there, all_steps = (
        sum(int(value) for value in values) for values in ((m.sum() for m in masks), (m.numel() for m in masks))
    )
    assert there / all_steps > 0.85
