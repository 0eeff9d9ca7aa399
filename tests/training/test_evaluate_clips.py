"""What is said of a network on MELD's clips."""

from pathlib import Path

import numpy as np
import pytest

from models.checkpoint import load
from streamer.calibration import COMPATIBLE
from streamer.errors import BundleError
from tests.training.made_data import clip
from tests.training.tiny_joint import STAGE, recipe
from training.clip_scores import encode_clips
from training.clip_store import store_of
from training.corpora import meld_clips
from training.errors import TrainingError
from training.evaluate_clips import judge
from training.progress import Progress
from training.report import evaluate, report
from training.run import train_recipe
from training.runner import TorchRunner


@pytest.fixture(scope="module")
def run(mini_meld: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train_recipe(recipe(STAGE), mini_meld, folder, folder / "cache", Progress(), max_steps=4)
    return folder


def test_every_figure_is_printed_with_its_interval(
    run: Path, mini_meld: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = evaluate(run, mini_meld, run / "cache", "test", Progress(), pictures=tmp_path)
    names = {(m.name, "minor" in m.data) for m in metrics}
    for head in ("emotion", "sentiment"):
        for figure in ("accuracy", "weighted precision", "weighted F1", "macro F1"):
            assert {(f"{head} {figure}", False), (f"{head} {figure}", True)} <= names
    assert ("F1 of neutral", False) in names
    assert all(m.low is not None and m.high is not None and m.low <= m.value <= m.high for m in metrics)
    assert (tmp_path / "confusion-emotion-test.png").read_bytes().startswith(b"\x89PNG")
    said = " ".join(capsys.readouterr().out.split())
    assert "decided together" in said
    assert "in 0" in said


def test_a_clip_that_is_missing_counts_with_its_words_and_is_named(
    run: Path, mini_meld: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = evaluate(run, mini_meld, run / "cache", "dev", Progress(), pictures=tmp_path)
    assert next(m.n for m in metrics if m.name == "emotion accuracy") == 8
    said = " ".join(capsys.readouterr().out.split())
    assert "clips that lack some of what the network reads: 1 of 8, their labels count" in said
    assert "dia110_utt7 is known to be missing" in said


def test_tables_without_clips_are_measured_on_their_words_and_said_once(
    run: Path, mini_meld: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_sent_emo.csv").symlink_to(mini_meld / "test" / "test_sent_emo.csv")
    metrics = evaluate(run, tmp_path, run / "cache", "test", Progress(), pictures=tmp_path)
    assert next((m.data, m.n) for m in metrics if m.name == "emotion accuracy") == ("MELD, without its clips", 7)
    said = " ".join(capsys.readouterr().out.split())
    assert "modalities: text 7" in said
    assert said.count("there are no clips of test beside it") == 1


def test_a_bundle_is_asked_for_before_anything_is_measured(
    run: Path, mini_meld: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BundleError, match=r"no manifest\.json there"):
        report(run, mini_meld, tmp_path / "cache", tmp_path / "CARD.md", Progress())
    assert capsys.readouterr().out == ""


def test_a_place_for_pictures_that_cannot_be_is_said_before_anything_is_measured(
    run: Path, mini_meld: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OSError, match="taken"):
        evaluate(run, mini_meld, tmp_path / "cache", "test", Progress(), pictures=tmp_path / "taken")
    assert not (tmp_path / "cache").exists()


def test_a_split_that_is_not_there_is_named_as_meld_calls_it(run: Path, mini_meld: Path, tmp_path: Path) -> None:
    (tmp_path / "dev").symlink_to(mini_meld / "dev")
    with pytest.raises(TrainingError, match=r"split calibration there; MELD calls it train_sent_emo\.csv"):
        evaluate(run, tmp_path, run / "cache", "calibration", Progress(), pictures=tmp_path / "pictures")


def test_a_main_speaker_is_one_however_the_name_is_written(run: Path, mini_meld: Path, tmp_path: Path) -> None:
    table = (mini_meld / "test" / "test_sent_emo.csv").read_text(encoding="utf-8")
    found = []
    for number, text in enumerate((table, table.replace("Ross", "ROSS ").replace("Joey", "joey"))):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "test_sent_emo.csv").write_text(text, encoding="utf-8")
        metrics = evaluate(run, tmp_path / str(number), run / "cache", "test", Progress(), pictures=tmp_path / "p")
        found.append(next(m.n for m in metrics if "minor" in m.data))
    assert found[0] == found[1] < 7


def test_voices_for_a_test_are_measured_with_meld_or_without_it(
    run: Path, mini_meld: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    for emotion in ("03", "05"):
        clip(tmp_path / "audio" / "ravdess" / "Actor_21" / f"03-01-{emotion}-01-01-01-21.opus", 0.5, 300.0)
    clip(tmp_path / "audio" / "cremad" / "1080_DFA_ANG_XX.opus", 0.5, 300.0)  # of dev: not asked for
    alone = evaluate(run, tmp_path, run / "cache", "test", Progress())
    assert {(m.data, m.n) for m in alone if not m.of} == {("RAVDESS, unseen speakers", 2)}
    assert "│ RAVDESS, unseen speakers (test)" in capsys.readouterr().out  # a name is not cut where no terminal is
    (tmp_path / "test").symlink_to(mini_meld / "test")
    both = evaluate(run, tmp_path, run / "cache", "test", Progress(), pictures=tmp_path / "pictures")
    assert {m for m in both if "RAVDESS" in m.data} == set(alone)
    assert "MELD, with its clips" in {m.data for m in both}


@pytest.mark.parametrize(("ending", "title"), [(".wav", "CREMA-D"), (".opus", "CREMA-D (re-synthesised)")])
def test_recordings_of_the_authors_are_not_called_made_from_spectrograms(
    run: Path, tmp_path: Path, ending: str, title: str
) -> None:
    made = tmp_path / "audio" / "cremad" / "AudioWAV" / "1091_DFA_ANG_XX.opus"
    clip(made, 0.5, 300.0)
    made.rename(made.with_suffix(ending))
    metrics = evaluate(run, tmp_path, run / "cache", "test", Progress())
    assert {m.data for m in metrics} == {f"{title}, unseen speakers"}


def test_decisions_never_contradict_whatever_is_let_through(run: Path, mini_meld: Path) -> None:
    network, card = load(run)
    runner = TorchRunner(network)
    store = store_of(runner.specs, run / "cache", Progress())
    clips = encode_clips(runner, meld_clips.read(mini_meld), store, Progress())
    for allowed in ({"text"}, {"audio"}, {"text", "video"}):
        judged = judge(runner, clips, card.calibration, frozenset(m for m in clips.encodings if m in allowed))
        assert (COMPATIBLE[judged.emotion, judged.sentiment] == 1).all()


def test_a_clip_alone_and_in_a_batch_are_encoded_alike(run: Path, mini_meld: Path) -> None:
    runner = TorchRunner(load(run)[0])
    store = store_of(runner.specs, run / "cache", Progress())
    samples = meld_clips.read(mini_meld)[:5]
    together = encode_clips(runner, samples, store, Progress())
    for i, sample in enumerate(samples):
        alone = encode_clips(runner, [sample], store, Progress())
        for modality, found in together.encodings.items():
            one, many = alone.encodings[modality][0], found[i]
            assert one is not None
            assert many is not None
            steps = one.embedding.shape[1]
            np.testing.assert_allclose(many.embedding[:, :steps], one.embedding, atol=1e-5)


def test_a_split_that_is_not_there_is_an_error(run: Path, mini_meld: Path, tmp_path: Path) -> None:
    (tmp_path / "train").symlink_to(mini_meld / "train")
    with pytest.raises(TrainingError, match=r"MELD calls it test_sent_emo\.csv"):
        evaluate(run, tmp_path, run / "cache", "test", Progress())
