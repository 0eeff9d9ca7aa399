"""One utterance while it is spoken: what the audio network is given, and what the next utterances are told of it."""

import numpy as np
import pytest

from streamer.analysis.listening import Listening
from streamer.features import ContextTurn
from streamer.features.arrays import Float32
from streamer.inference import Encoding, Model
from streamer.labels import EMOTIONS
from streamer.messages import SpeechStarted


def listening(model: Model, voice: Float32, earlier: tuple[Float32, ...] = ()) -> Listening:
    begun = Listening(SpeechStarted(1, 0.0, voice[:1600]), model, None, earlier)
    for start in range(1600, voice.shape[0], 512):
        begun.push(voice[start : start + 512])
    return begun


def vector(encoding: Encoding | None) -> Float32:
    assert encoding is not None
    return encoding.embedding


def apart(one: Float32, other: Float32) -> float:
    """How differently two embeddings point: 0 as one, 1 have nothing in common."""
    a, b = one.ravel(), other.ravel()
    return 1 - float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_what_comes_after_the_end_of_an_utterance_is_neither_heard_nor_remembered(
    model: Model, demo_voice: Float32
) -> None:
    whole, cut = listening(model, demo_voice[:48_000]), listening(model, demo_voice[:32_000])
    np.testing.assert_allclose(vector(whole.encode_audio(2.0)), vector(cut.encode_audio()), atol=1e-5)
    assert np.abs(vector(whole.encode_audio()) - vector(cut.encode_audio())).max() > 1e-3
    memory, expected = whole.memory(2.0), cut.memory(2.0)
    assert memory is not None
    assert expected is not None
    np.testing.assert_allclose(memory, expected, atol=1e-5)


def test_a_microphone_that_is_always_quiet_is_heard_as_any_other(model: Model, demo_voice: Float32) -> None:
    def heard(gain: float) -> Float32:
        before, now = (demo_voice[a:b] * np.float32(gain) for a, b in ((0, 48_000), (56_000, 96_000)))
        memory = listening(model, before).memory(3.0)
        assert memory is not None
        return vector(listening(model, now, (memory,) * 8).encode_audio())

    usual, quiet = heard(1.0), heard(0.2)
    assert apart(usual, quiet) < 0.005
    said = [model.fuse({"audio": Encoding(one, np.ones(1, np.float32))}, {}) for one in (usual, quiet)]
    differences = [abs(said[0].emotion.probs[label] - said[1].emotion.probs[label]) for label in EMOTIONS]
    assert max(differences) < 0.05


def test_who_is_suddenly_louder_is_heard_otherwise(model: Model, demo_voice: Float32) -> None:
    before, now = demo_voice[:48_000], demo_voice[56_000:96_000]
    memory = listening(model, before).memory(3.0)
    assert memory is not None

    def heard(gain: float, earlier: tuple[Float32, ...]) -> Float32:
        return vector(listening(model, now * np.float32(gain), earlier).encode_audio())

    usual, loud = (heard(gain, (memory,) * 8) for gain in (0.5, 2.0))
    assert np.abs(usual - loud).max() > 0.05
    assert apart(usual, loud) > 0.01
    # Where nobody was heard before, loud is as good as usual.
    assert apart(usual, loud) > 10 * apart(heard(0.5, ()), heard(2.0, ()))


def test_what_a_pause_has_time_for_is_not_done_again_at_the_end(
    model: Model, demo_voice: Float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    plain = model.encode_audio

    def counted(features: Float32) -> Encoding | None:
        encoded.append(len(features))
        return plain(features)

    monkeypatch.setattr(model, "encode_audio", counted)
    begun = listening(model, demo_voice[:32_000])
    for _ in range(3):
        begun.anticipate_voice()
    assert len(encoded) == 1
    assert begun.encode_audio(2.0) is begun.encode_audio()
    assert len(encoded) == 1
    begun.push(demo_voice[32_000:36_000])
    begun.anticipate_voice()
    assert len(encoded) == 1  # more may still come
    begun.encode_audio()
    assert len(encoded) == 2


def test_the_same_words_are_read_again_where_another_says_them_and_not_where_nothing_changed(
    model: Model, demo_voice: Float32
) -> None:
    begun = listening(model, demo_voice[:16_000])
    context = (ContextTurn("face 1", "My dog died this morning."),)
    first = begun.encode_text("Oh no.", context, None)
    assert begun.encode_text("Oh no.", context, None) is first
    assert np.abs(vector(begun.encode_text("Oh no.", context, "face 1")) - vector(first)).max() > 1e-3
    assert np.abs(vector(begun.encode_text("Oh no.", (), "face 1")) - vector(first)).max() > 1e-3
