"""Training sees what the daemon sees: the same functions, the same numbers."""

from pathlib import Path

import numpy as np
import pytest

from streamer.features import FaceCropSpec, LogMelSpec, MfccSpec, log_mel
from training import data_audio
from training.corpora import ferplus, ravdess
from training.data_audio import AudioData, FeatureCache
from training.data_face import FaceData
from training.decode import decode
from training.errors import TrainingError
from training.modality_data import Augments, modality_data
from training.progress import Progress
from training.samples import Sample, emotion_of, implied_sentiment

SPEC = LogMelSpec(std=2.0)


def _clip(path: Path) -> Sample:
    joy = emotion_of("joy")
    return Sample(
        corpus="made", key=path.stem, split="train", emotion=joy, sentiment=implied_sentiment(joy), audio=path
    )


def test_log_mel_in_training_is_the_daemons_function_and_gives_its_numbers(made_data: Path, tmp_path: Path) -> None:
    assert vars(data_audio)["log_mel"] is log_mel.log_mel
    samples = ravdess.read(made_data)[:5]
    batch = AudioData(samples, FeatureCache(tmp_path, SPEC), 5, 0, None, Progress()).batch(
        [0, 4], np.random.default_rng(0)
    )
    features, mask = (tensor.numpy() for tensor in batch.inputs)
    for row, sample in enumerate((samples[0], samples[4])):
        assert sample.audio is not None
        expected = SPEC.extract(decode(sample.audio, SPEC.sample_rate_hz))
        assert int(mask[row].sum()) == len(expected)
        np.testing.assert_array_equal(features[row, : len(expected)], expected)
        assert not features[row, len(expected) :].any()


def test_the_daemons_stream_gives_what_training_saw(made_data: Path, tmp_path: Path) -> None:
    sample = ravdess.read(made_data)[3]
    assert sample.audio is not None
    wave, stream = decode(sample.audio, SPEC.sample_rate_hz), SPEC.stream()
    for start in range(0, len(wave), 512):
        stream.push(wave[start : start + 512])
    batch = AudioData([sample], FeatureCache(tmp_path, SPEC), 1, 0, None, Progress()).batch(
        [0], np.random.default_rng(0)
    )
    np.testing.assert_allclose(batch.inputs[0][0].numpy(), stream.features(), atol=1e-5)


def test_a_clip_is_heard_after_others_of_its_speaker_as_the_daemon_hears_it(made_data: Path, tmp_path: Path) -> None:
    spec = LogMelSpec(relative_to="session", history_utterances=2)
    samples = [s for s in ravdess.read(made_data) if s.speaker == "ravdess/01"]
    data = AudioData(samples, FeatureCache(tmp_path, spec), 1, 0, None, Progress(), earlier=2)
    waves = [decode(s.audio, spec.sample_rate_hz) for s in samples if s.audio]
    memories = []
    for wave in waves:
        stream = spec.stream()
        stream.push(wave)
        memories.append(stream.memory())
    assert data.sessions is not None
    before = data.sessions.fixed(0, 2)
    assert len(before) == 2
    assert all(any(np.allclose(b, m, atol=1e-4) for m in memories[1:] if m is not None) for b in before)
    seen = data.batch([0], np.random.default_rng(0)).inputs[0][0].numpy()
    np.testing.assert_allclose(seen, spec.extract(waves[0], list(before)), atol=1e-4)


def test_a_feature_that_is_never_augmented_is_measured_as_the_daemon_computes_it(
    made_data: Path, tmp_path: Path
) -> None:
    spec = MfccSpec()
    samples = ravdess.read(made_data)[:3]
    data = modality_data(spec, samples, tmp_path, Progress(), None, batch_size=2)
    features, mask = (tensor.numpy() for tensor in data.batch([0, 2], np.random.default_rng(0)).inputs)
    for row, sample in enumerate((samples[0], samples[2])):
        assert sample.audio is not None
        expected = spec.extract(decode(sample.audio, spec.sample_rate_hz))
        np.testing.assert_array_equal(features[row, : int(mask[row].sum())], expected)
    with pytest.raises(TrainingError, match="no data set makes MfccSpec"):
        modality_data(spec, samples, tmp_path, Progress(), Augments(), batch_size=2)


def test_a_cache_entry_that_was_cut_off_is_computed_again(made_data: Path, tmp_path: Path) -> None:
    path = made_data / "audio" / "ravdess" / "03-01-01-01-01-01-01.opus"
    first = FeatureCache(tmp_path, SPEC).mel(path)
    (entry,) = tmp_path.rglob("*.npy")
    entry.write_bytes(entry.read_bytes()[:100])
    np.testing.assert_array_equal(FeatureCache(tmp_path, SPEC).mel(path), first)


def test_another_spec_has_another_cache_but_normalisation_does_not(made_data: Path, tmp_path: Path) -> None:
    path = made_data / "audio" / "ravdess" / "03-01-01-01-01-01-01.opus"
    for spec in (SPEC, LogMelSpec(std=3.0), LogMelSpec(n_mels=40)):
        FeatureCache(tmp_path, spec).mel(path)
    assert len(list(tmp_path.rglob("*.npy"))) == 2


def test_a_face_in_training_is_the_daemons_crop(made_data: Path) -> None:
    spec = FaceCropSpec(equalise=True)
    data = FaceData(ferplus.read(made_data)[:3], spec, 3, 0, None)
    crops = data.batch([0, 1, 2], np.random.default_rng(0)).inputs[0].numpy()
    coloured = np.repeat(np.stack(data.faces)[..., None], 3, axis=-1)
    np.testing.assert_array_equal(crops[:, 0], spec.tensor(np.stack([spec.resize(face) for face in coloured])))


def test_a_network_of_coloured_clips_sees_a_grey_picture_as_a_still_one(made_data: Path) -> None:
    spec = FaceCropSpec(channels=3, exact_crops=4)
    data = FaceData(ferplus.read(made_data)[:2], spec, 2, 0, None)
    crops, mask = (tensor.numpy() for tensor in data.batch([0, 1], np.random.default_rng(0)).inputs)
    assert crops.shape == (2, 4, 3, spec.size_px, spec.size_px)
    assert mask.shape == (2, 4)
    np.testing.assert_array_equal(crops, np.broadcast_to(crops[:, :1, :1], crops.shape))


@pytest.mark.parametrize("content", [b"", b"not sound at all"])
def test_a_clip_that_cannot_be_decoded_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.opus"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match=r"broken\.opus"):
        decode(path, 16_000)


def test_all_clips_that_cannot_be_decoded_are_named_at_once(made_data: Path, tmp_path: Path) -> None:
    broken = [tmp_path / "first.opus", tmp_path / "second.opus"]
    for path in broken:
        path.write_bytes(b"no sound")
    samples = [_clip(broken[0]), *ravdess.read(made_data)[:2], _clip(broken[1])]
    with pytest.raises(TrainingError) as refused:
        AudioData(samples, FeatureCache(tmp_path / "cache", SPEC), 2, 0, None, Progress())
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    for line, path in zip(lines, broken, strict=True):
        assert line.startswith(f"{path}: cannot be decoded")
