"""A clip in its dialogue is given to the networks as the daemon would give it."""

from pathlib import Path

import numpy as np

from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from training import corpora
from training.clip_data import sources_of
from training.clip_store import ClipStore
from training.decode import decode
from training.progress import Progress

SPEC = LogMelSpec(relative_to="session", history_utterances=2)


def test_a_voice_is_heard_relative_to_those_before_it_in_the_dialogue(mini_meld: Path, tmp_path: Path) -> None:
    samples = [s for s in corpora.read(("meld-clips",), mini_meld) if s.split == "train"]
    dialogue = [s for s in samples if s.dialogue == samples[0].dialogue]
    assert len(dialogue) >= 3
    source = sources_of({"audio": SPEC}, ClipStore(tmp_path, Progress(), audio=SPEC), samples)["audio"]
    memories: list[Float32] = []
    for sample in dialogue:
        found = source.of(sample)
        if sample.audio is None or found is None:
            continue
        wave = decode(sample.audio, SPEC.sample_rate_hz)
        np.testing.assert_allclose(found[0], SPEC.extract(wave, memories[-2:]), atol=1e-4)
        stream = SPEC.stream()
        stream.push(wave)
        if (memory := stream.memory()) is not None:
            memories.append(memory)
    assert len(memories) >= 2
