"""An audio network over whole dialogues, and the published features that it may read: pickles are read without running them."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import load
from training.batch import rng_for
from training.clip_data import Source
from training.clip_scores import encode_clips, fuse_clips
from training.clip_store import store_of
from training.corpora import meld_clips
from training.corpora.meld_pickles import load_plain, read_pickle
from training.corpora.meld_rows import read_tables
from training.corpora.meld_vectors import PRAAT, read_vectors
from training.dialogue_data import DialogueData
from training.errors import TrainingError
from training.progress import Progress
from training.recipes import find
from training.report import evaluate
from training.run import train_recipe
from training.runner import TorchRunner
from training.samples import Sample, emotion_of, sentiment_of
from training.whole_dialogues import hear

PICKLE = "audio_embeddings_feature_selection_emotion.pkl"


@pytest.fixture(scope="module")
def with_features(mini_meld: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mini-MELD with Praat values and the authors' features beside it, the latter as Python 2 wrote them."""
    folder = tmp_path_factory.mktemp("features")
    (folder / "meld").symlink_to(mini_meld)
    rng = np.random.default_rng(0)
    tables = []
    for table in read_tables(mini_meld):
        names = [row.name for row in table.rows if row.name != "dia125_utt3"]
        tables.append({n.removeprefix("dia").replace("utt", ""): rng.normal(size=1611) for n in names})
        lines = [f"{n}.wav,{','.join('' if i == 3 and n == names[0] else '1.5' for i in range(8))}" for n in names]
        (folder / f"audio8_praat_{table.rows[0].split}.csv").write_text(
            "\n".join([f"filename,{','.join(PRAAT)}", *lines])
        )
    (folder / PICKLE).write_bytes(pickle.dumps(tables, protocol=2))
    return folder


def _train(features: str, data: Path, run: Path, steps: int, *, resume: bool = False) -> dict[str, Tensor]:
    recipe = find("acoustic-rnn", "tiny", {"features": features})
    train_recipe(recipe, data, run, run / "cache", Progress(), epochs=4, max_steps=steps, resume=resume)
    return dict(torch.load(run / "dialogue" / "last.pt", weights_only=True)["network"])


@pytest.mark.parametrize("features", ["clips", "praat", "meld-1611"])
def test_a_dialogue_network_learns_from_each_kind_of_feature(
    with_features: Path, tmp_path: Path, features: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off = _train(features, with_features, tmp_path, 2)
    resumed = _train(features, with_features, tmp_path, 4, resume=True)
    assert any(not torch.equal(cut_off[key], resumed[key]) for key in cut_off)
    assert set(load(tmp_path)[1].calibration) == {"audio"}
    metrics = evaluate(tmp_path, with_features, tmp_path / "cache", "dev", Progress(), pictures=tmp_path)
    assert {m.data: m.n for m in metrics if m.name == "emotion weighted F1" and "minor" not in m.data} == {
        "MELD, past only": 8,
        "MELD, whole dialogues": 8,
    }
    assert "dia125_utt3" in " ".join(capsys.readouterr().out.split())


def test_words_and_published_features_learn_together(with_features: Path, tmp_path: Path) -> None:
    recipe = find("modular", "tiny", {"text": "bilstm", "audio": "praat-gru", "video": "none"})
    train_recipe(recipe, with_features, tmp_path, tmp_path / "cache", Progress(), max_steps=2)
    card = load(tmp_path)[1]
    assert set(card.calibration) == {"text", "audio", "text+audio"}
    assert card.choices == recipe.choices
    metrics = evaluate(tmp_path, with_features, tmp_path / "cache", "dev", Progress(), pictures=tmp_path)
    everyone = [m for m in metrics if m.name == "emotion weighted F1" and "minor" not in m.data]
    assert [(m.data, m.n) for m in everyone] == [("MELD, with its clips", 8)], (
        "a network with words has no whole dialogues"
    )


def test_a_dialogue_ends_somewhere_else_each_time_and_for_every_process_alike() -> None:
    vectors = {str(i): np.full((1, 2), i, np.float32) for i in range(12)}
    samples = [_utterance(key, int(key) // 6) for key in vectors]
    data = DialogueData(samples, Source(2, lambda s: (vectors[s.key], np.ones(1, np.float32))), 2, 0, max_utterances=6)
    lengths = set()
    for epoch in range(20):
        both = data.batch([0, 1], rng_for(0, epoch))
        second = data.batch([1], rng_for(0, epoch))
        there = int(both.inputs[1][1].sum())
        assert torch.equal(both.inputs[0][1, :there], second.inputs[0][0])
        assert len(both.emotion) == int(both.inputs[1].sum())
        assert both.inputs[0][1, 0, 0] == 6
        lengths.add(there)
    assert lengths == set(range(1, 7))
    whole = DialogueData(samples, Source(2, lambda s: (vectors[s.key], np.ones(1, np.float32))), 2, 0, 6, cut=False)
    assert whole.batch([0, 1], rng_for(0)).inputs[1].sum() == 12


def _utterance(key: str, dialogue: int) -> Sample:
    return Sample(
        corpus="made",
        key=key,
        split="train",
        emotion=emotion_of("joy"),
        sentiment=sentiment_of("positive"),
        dialogue=str(dialogue),
    )


def test_the_last_utterance_is_heard_alike_in_its_whole_dialogue_and_after_those_before_it(
    with_features: Path, tmp_path: Path
) -> None:
    _train("praat", with_features, tmp_path, 2)
    runner = TorchRunner(load(tmp_path)[0])
    samples = [s for s in meld_clips.read(with_features) if s.split == "dev"]
    store = store_of(runner.specs, tmp_path / "cache", Progress(), data=with_features)
    clips = encode_clips(runner, samples, store, Progress())
    places, whole, _ = hear(runner, samples, store)
    past = fuse_clips(runner, clips, frozenset({"audio"}), places).emotion_logits
    last = [i for i, p in enumerate(places) if p + 1 == len(samples) or samples[p + 1].dialogue != samples[p].dialogue]
    np.testing.assert_allclose(whole[last], past[last], atol=1e-5)
    assert np.abs(whole - past).max() > 1e-4


def test_four_steps_are_two_and_two_more(with_features: Path, tmp_path: Path) -> None:
    straight = _train("praat", with_features, tmp_path / "straight", 4)
    _train("praat", with_features, tmp_path / "resumed", 2)
    resumed = _train("praat", with_features, tmp_path / "resumed", 4, resume=True)
    assert all(torch.equal(straight[key], resumed[key]) for key in straight)


def test_what_praat_could_not_measure_is_the_mean(with_features: Path) -> None:
    vectors = read_vectors(with_features, 8)
    assert np.isfinite(np.stack(list(vectors["train"].values()))).all()
    assert vectors["train"]["dia0_utt0"][3] == pytest.approx(1.5)


def test_a_width_that_no_file_has_is_named_with_those_there(with_features: Path) -> None:
    with pytest.raises(TrainingError, match="no published features of 1422 values; there are files of 1611"):
        read_vectors(with_features, 1422)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_data_and_arrays_are_read_whatever_the_protocol(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "plain.pkl"
    made = ({"0_0": np.arange(3.0)}, {"0_0": np.arange(3, dtype=np.float32)}, {"7_12": [1, 2, 3]})
    path.write_bytes(pickle.dumps(made, protocol=protocol))
    vectors = read_pickle(path)
    assert vectors["train"]["dia0_utt0"].tolist() == [0, 1, 2]
    assert vectors["test"]["dia7_utt12"].dtype == np.float32


class Malicious:
    """What it does when it is unpickled is what it says here."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        import os

        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_would_run_something_is_refused_by_the_name_of_it(tmp_path: Path) -> None:
    path, trace = tmp_path / "bad.pkl", tmp_path / "was-run"
    path.write_bytes(pickle.dumps({"0_0": Malicious(trace)}))
    with pytest.raises(TrainingError, match=r"bad\.pkl: holds posix\.system, which is neither plain data nor an array"):
        load_plain(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([object()], dtype=object), "array of O"),
        (Path("x"), "pathlib"),
        (eval, r"builtins\.eval"),
        (np.float64, "numpy"),
    ],
)
def test_other_classes_are_refused_too(tmp_path: Path, value: object, message: str) -> None:
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps({"0_0": value} if message != "array of O" else np.array([{}], dtype=object)))
    with pytest.raises(TrainingError, match=message):
        load_plain(path)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (({}, {}), "expected three dictionaries"),
        (({"a": [1]}, {}, {}), "key 'a'"),
        (({"0_0": [float("nan")]}, {}, {}), "train 0_0 holds NaN"),
        (({"0_0": [1.0]}, {"0_0": [1.0, 2.0]}, {}), r"vectors of \[1, 2\] values"),
        (({"0_0": "words"}, {}, {}), "no vector of numbers"),
    ],
)
def test_a_pickle_of_another_shape_is_an_error_that_names_the_entry(tmp_path: Path, made: object, message: str) -> None:
    path = tmp_path / "odd.pkl"
    path.write_bytes(pickle.dumps(made))
    with pytest.raises(TrainingError, match=message):
        read_pickle(path)


def test_a_cut_off_pickle_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.pkl"
    path.write_bytes(pickle.dumps({"0_0": list(range(1000))})[:500])
    with pytest.raises(TrainingError, match=r"cut\.pkl: not a readable pickle"):
        load_plain(path)


def test_clip_names_are_those_of_the_rows(mini_meld: Path) -> None:
    assert meld_clips.clip_name(meld_clips.read(mini_meld)[1]) == "dia0_utt1"
