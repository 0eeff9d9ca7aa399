"""Whisper's encoder against those who publish it: CTranslate2 on the same weights, faster-whisper's features on the same sound."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.audio.whisper import Whisper, WhisperEncoder
from models.ctranslate2_file import read_ctranslate2
from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from training.pretrained import whisper_weights
from training.recipes.parts import WHISPER_MEL


def encoder_of(config: Whisper) -> WhisperEncoder:
    encoder = WhisperEncoder(config, WHISPER_MEL)
    encoder.load_pretrained(whisper_weights())
    return encoder.eval()


def heard(encoder: WhisperEncoder, voice: Float32) -> torch.Tensor:
    """[1, frames, bands], as it goes into the first convolution."""
    return torch.from_numpy(WHISPER_MEL.extract(voice))[None] * encoder.scale + encoder.shift


def test_on_the_published_weights_it_computes_what_ctranslate2_computes(demo_voice: Float32) -> None:
    import ctranslate2

    encoder = encoder_of(Whisper(layers=4, pooled_steps=1))
    features = torch.from_numpy(WHISPER_MEL.extract(demo_voice[: 16_000 * 4]))[None]
    steps: dict[str, torch.Tensor] = {}
    encoder.layer_norm.register_forward_hook(lambda _module, _given, found: steps.update(last=found))
    with torch.inference_mode():
        encoder(features, torch.ones(features.shape[:2]))
    published = ctranslate2.models.Whisper(str(whisper_weights().parent), compute_type="float32")
    mel = np.ascontiguousarray((features * encoder.scale + encoder.shift).numpy().transpose(0, 2, 1))
    theirs = np.array(published.encode(ctranslate2.StorageView.from_array(mel)))
    assert theirs.shape == steps["last"].shape
    np.testing.assert_allclose(steps["last"].numpy(), theirs, atol=0.05)


def test_it_hears_what_whisper_hears_but_for_level_and_microphone(demo_voice: Float32) -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    voice = demo_voice[: 16_000 * 4]
    ours = heard(encoder_of(Whisper()), voice)[0].numpy()
    # Whisper centres its windows; ours begin with the sound, one hop and a quarter later.
    theirs = FeatureExtractor()(voice, padding=0).T[1 : 1 + len(ours)]
    loud = theirs > theirs.max() - 1.0  # the upper 40 dB: what lies below, our range cuts off
    assert np.corrcoef(ours[loud], theirs[loud])[0, 1] > 0.9
    assert abs(float(ours[loud].mean() - theirs[loud].mean())) < 0.3


def test_louder_or_fainter_is_the_same_to_it(demo_voice: Float32) -> None:
    encoder = encoder_of(Whisper())
    voice = demo_voice[: 16_000 * 2]
    torch.testing.assert_close(heard(encoder, voice), heard(encoder, voice * np.float32(0.25)), atol=0.02, rtol=0)


def test_a_file_that_is_damaged_or_of_another_size_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not a checkpoint of this size, for example conv1\.weight"):
        encoder_of(Whisper(hidden=16, heads=2))
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
