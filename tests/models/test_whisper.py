"""Whisper's encoder against those who publish it: CTranslate2 on the same weights, faster-whisper's features on the same sound."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.audio.whisper import Hearing, Whisper, WhisperEncoder
from models.ctranslate2_file import read_ctranslate2
from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from training.pretrained import whisper_weights
from training.recipes.parts import SESSION_MEL

ITS_OWN_MEL = LogMelSpec(
    n_fft=400,
    n_mels=80,
    f_min_hz=0.0,
    f_max_hz=8_000.0,
    mel_scale="slaney",
    floor=1e-8,
    relative_to="session",
    history_utterances=16,
    std=3.0,
)
"""Windows and bands as Whisper has them."""


def encoder_of(config: Whisper, spec: LogMelSpec = ITS_OWN_MEL) -> WhisperEncoder:
    encoder = WhisperEncoder(config, spec)
    encoder.load_pretrained(whisper_weights())
    return encoder.eval()


def heard(voice: Float32, spec: LogMelSpec = ITS_OWN_MEL) -> torch.Tensor:
    """[1, frames, bands], as it goes into the first convolution."""
    found: torch.Tensor = Hearing(spec)(torch.from_numpy(spec.extract(voice))[None])
    return found


def test_on_the_published_weights_it_computes_what_ctranslate2_computes(demo_voice: Float32) -> None:
    import ctranslate2

    encoder = encoder_of(Whisper(together=(1, 1, 1, 1)))
    voice = demo_voice[: 16_000 * 4]
    features = torch.from_numpy(ITS_OWN_MEL.extract(voice))[None]
    steps: dict[str, torch.Tensor] = {}
    encoder.layers[-1].register_forward_hook(lambda _module, _given, found: steps.update(last=found))
    with torch.inference_mode():
        encoder(features, torch.ones(features.shape[:2]))
    published = ctranslate2.models.Whisper(str(whisper_weights().parent), compute_type="float32")
    mel = np.ascontiguousarray(heard(voice).numpy().transpose(0, 2, 1))
    theirs = np.array(published.encode(ctranslate2.StorageView.from_array(mel)))
    # Theirs ends with a normalisation that ours, which stops at earlier layers, does not have.
    weights = read_ctranslate2(whisper_weights())
    gamma, beta = (torch.from_numpy(np.float32(weights[f"encoder/layer_norm/{name}"])) for name in ("gamma", "beta"))
    ours = torch.nn.functional.layer_norm(steps["last"], gamma.shape, gamma, beta).numpy()
    assert theirs.shape == ours.shape
    np.testing.assert_allclose(ours, theirs, atol=0.05)


@pytest.mark.parametrize("spec", [ITS_OWN_MEL, SESSION_MEL], ids=["its own bands", "ours"])
def test_it_hears_what_whisper_hears_but_for_level_and_microphone(spec: LogMelSpec, demo_voice: Float32) -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    voice = demo_voice[: 16_000 * 4]
    ours = heard(voice, spec)[0].numpy()
    # Whisper centres its windows; ours begin with the sound, one hop and a quarter later.
    theirs = FeatureExtractor()(voice, padding=0).T[1 : 1 + len(ours)]
    loud = theirs > theirs.max() - 1.0  # the upper 40 dB: what lies below, our range cuts off
    assert np.corrcoef(ours[loud], theirs[loud])[0, 1] > 0.9
    assert abs(float(ours[loud].mean() - theirs[loud].mean())) < 0.3


def test_louder_or_fainter_is_the_same_to_it(demo_voice: Float32) -> None:
    voice = demo_voice[: 16_000 * 2]
    torch.testing.assert_close(heard(voice), heard(voice * np.float32(0.25)), atol=0.02, rtol=0)


def test_training_leaves_it_as_it_was_published_and_learns_one_layer_on_it() -> None:
    encoder = encoder_of(Whisper(), SESSION_MEL).train()
    learned = [name for name, weight in encoder.named_parameters() if weight.requires_grad]
    assert learned == ["projection.weight", "projection.bias"]


def test_it_says_how_much_each_value_moves_as_well_as_what_it_is_on_average() -> None:
    encoder = encoder_of(Whisper(together=(2,)), SESSION_MEL)
    given: dict[str, torch.Tensor] = {}
    steps: dict[str, torch.Tensor] = {}
    encoder.norm.register_forward_hook(lambda _module, inputs, _found: given.update(moments=inputs[0]))
    encoder.layers[0].register_forward_hook(lambda _module, _inputs, found: steps.update(all=found))
    with torch.inference_mode():
        encoder(torch.randn(1, 200, SESSION_MEL.n_mels), torch.ones(1, 200))
    mean, deviation = given["moments"].chunk(2, dim=1)
    torch.testing.assert_close(mean, steps["all"].mean(1), atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(deviation, steps["all"].std(1, correction=0), atol=1e-3, rtol=1e-4)


def test_steps_are_averaged_before_a_layer_and_only_those_that_are_there() -> None:
    features, mask = torch.randn(1, 19, SESSION_MEL.n_mels), torch.ones(1, 19)
    mask[0, 15:] = 0  # of ten steps eight are there

    def into_first_layer(together: int) -> torch.Tensor:
        encoder = encoder_of(Whisper(together=(together,)), SESSION_MEL)
        given: dict[str, torch.Tensor] = {}
        encoder.layers[0].register_forward_hook(lambda _module, inputs, _found: given.update(steps=inputs[0]))
        with torch.inference_mode():
            encoder(features, mask)
        return given["steps"][0]

    each, by_three = into_first_layer(1), into_first_layer(3)
    assert len(by_three) == 4
    torch.testing.assert_close(by_three[:2], each[:6].unflatten(0, (2, 3)).mean(1))
    torch.testing.assert_close(by_three[2], each[6:8].mean(0))


def test_padding_changes_nothing(demo_voice: Float32) -> None:
    encoder = encoder_of(Whisper(), SESSION_MEL)
    short, long = (torch.from_numpy(SESSION_MEL.extract(demo_voice[: 16_000 * s])) for s in (1, 3))
    both = torch.nn.utils.rnn.pad_sequence([short, long], batch_first=True)
    mask = torch.zeros(both.shape[:2])
    mask[0, : len(short)] = mask[1] = 1
    alone = encoder(short[None], torch.ones(1, len(short))).embedding
    torch.testing.assert_close(encoder(both, mask).embedding[:1], alone, atol=1e-4, rtol=1e-4)


def test_a_file_that_is_damaged_or_of_another_size_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not a checkpoint of this size, for example conv1\.weight"):
        encoder_of(Whisper(state=16, heads=2))
    damaged = tmp_path / "model.bin"
    damaged.write_bytes(whisper_weights().read_bytes()[:1_000_000])
    with pytest.raises(ValueError, match="damaged, or no model of CTranslate2"):
        read_ctranslate2(damaged)
    damaged.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"model\.bin"):
        read_ctranslate2(damaged)


def test_features_that_are_not_relative_to_a_session_are_refused() -> None:
    with pytest.raises(TypeError, match="reads log-mel relative to the session"):
        Whisper().build(LogMelSpec())
