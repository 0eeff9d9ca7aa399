"""What counted in one clip: which frames, which moments of sound, which words, which modality.

Every part is covered in turn, and what is lost of the probability of the label that the network chose is how much the part counted
(occlusion, Zeiler & Fergus, 2014): it works for every network. Where the fusion attends across modalities, its own weights are drawn too.
"""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from models.checkpoint import load
from models.fusion.cross_modal import CrossModalFusion
from models.network import Network
from streamer.calibration import Calibration, joint_probs
from streamer.features.arrays import Float32, UInt8
from streamer.labels import EMOTIONS, MODALITIES, Modality, subset_name
from training.clip_data import Steps, sources_of
from training.clip_store import ClipStore, store_of
from training.decode import decode
from training.errors import TrainingError
from training.pictures import new_figure, save
from training.pretrained import minilm_tokenizer
from training.progress import Progress
from training.runner import Encodings, TorchRunner
from training.samples import Sample, emotion_of, implied_sentiment

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOMENTS: Final = 12
"""Stretches that the sound is covered in."""


class Looked(NamedTuple):
    """What counted; each value is lost probability, below zero where the part spoke against the label."""

    emotion: str
    prob: float
    counted: dict[Modality, NDArray[np.float64]]
    """Of each frame, of each of `MOMENTS` stretches of sound, of each word piece."""
    left_out: dict[Modality, float]
    """When the whole modality is."""
    weights: dict[Modality, float]
    """As the fusion gives them."""


def look(run: Path, clip: Path, text: str | None, out: Path, cache: Path, progress: Progress) -> Looked:
    """Write `frames.png`, `sound.png`, `words.png`, `modalities.png` and, of a cross-modal fusion, `attention.png`.

    Raises:
        BundleError: the run is not finished.
        TrainingError: the clip is not there, or nothing in it is of use to the network.
    """
    if not clip.is_file():
        raise TrainingError(f"{clip}: no such file; give a film with sound, of one utterance")
    network, card = load(run)
    runner = TorchRunner(network)
    store = store_of(runner.specs, cache, progress)
    neutral = emotion_of("neutral")
    sample = Sample(
        corpus="clip",
        key=f"{clip}: clip",
        split="dev",
        emotion=neutral,
        sentiment=implied_sentiment(neutral),
        text=text,
        audio=clip,
        video=clip,
    )
    steps = {m: source.of(sample) for m, source in sources_of(runner.specs, store, [sample]).items()}
    found = {m: parts for m, parts in steps.items() if parts is not None}
    if not found:
        raise TrainingError(f"{clip}: neither words, sound nor a face in it that the network could read")
    eye = _Eye(runner, card.calibration, found)
    looked = eye.look()
    _draw(looked, sample, store, found, out)
    if isinstance(network.fusion, CrossModalFusion):
        save(_attention_figure(network, eye.encoded()), out / "attention.png")
    counted = ", ".join(f"{m} {looked.left_out[m]:+.3f} (weight {looked.weights[m]:.2f})" for m in found)
    progress.say(f"{clip}: {looked.emotion} {looked.prob:.2f}; without it lost: {counted}; pictures in {out}")
    return looked


class _Eye:
    """One clip under one network."""

    def __init__(self, runner: TorchRunner, calibrations: dict[str, Calibration], steps: dict[Modality, Steps]) -> None:
        self._runner, self._calibrations, self._steps = runner, calibrations, steps

    def look(self) -> Looked:
        whole = self.encoded()
        probs, weights = self._judge(whole)
        label = int(probs.argmax())
        counted = {}
        for modality, parts in self._steps.items():
            covered = [
                self._judge({**whole, modality: self._encode(modality, c)})[0][label] for c in _covers(modality, parts)
            ]
            counted[modality] = float(probs[label]) - np.array(covered, np.float64)
        left_out = {
            m: float(probs[label] - self._judge({k: v for k, v in whole.items() if k != m})[0][label])
            for m in self._steps
        }
        shares = {m: float(weights[i]) for i, m in enumerate(MODALITIES)}
        return Looked(EMOTIONS[label], float(probs[label]), counted, left_out, shares)

    def encoded(self) -> dict[Modality, Encodings]:
        return {m: self._encode(m, parts) for m, parts in self._steps.items()}

    def _encode(self, modality: Modality, parts: Steps) -> Encodings:
        return self._runner.encode(modality, tuple(torch.from_numpy(part[None]) for part in parts))

    def _judge(self, encoded: dict[Modality, Encodings]) -> tuple[NDArray[np.float64], Float32]:
        """[7] probabilities and [3] weights."""
        scores = self._runner.fuse(whole_input(encoded, self._runner.widths))
        calibration = self._calibrations.get(subset_name(set(encoded)), Calibration())
        joint = joint_probs(scores.emotion_logits, scores.sentiment_logits, calibration)
        return joint[0].sum(1).astype(np.float64), scores.weights[0]


def whole_input(encoded: dict[Modality, Encodings], widths: dict[Modality, int]) -> dict[Modality, Encodings]:
    """With the absent modalities as zeros."""
    absent = {
        m: Encodings(np.zeros((1, 1, widths.get(m, 1)), np.float32), np.zeros((1, 1), np.float32)) for m in MODALITIES
    }
    return absent | encoded


def _covers(modality: Modality, parts: Steps) -> list[Steps]:
    """The inputs with each of their pieces covered: a frame by grey, a stretch of sound by the clip's mean, a word piece by the mask."""
    n = len(parts[0])
    covers: list[Steps] = []
    if modality == "text":
        for i in range(n):
            seen = parts[1].copy()
            seen[i] = 0
            covers.append((parts[0], seen, parts[2]))
        return covers
    edges = np.arange(n + 1) if modality == "video" else np.linspace(0, n, min(MOMENTS, n) + 1).round().astype(int)
    filling = 0.0 if modality == "video" else parts[0].mean(axis=0)
    for begin, end in pairwise(edges):
        values = parts[0].copy()
        values[begin:end] = filling
        covers.append((values, parts[1]))
    return covers


def _draw(looked: Looked, sample: Sample, store: ClipStore, steps: dict[Modality, Steps], out: Path) -> None:
    title = f"{looked.emotion} {looked.prob:.2f}"
    crops = store.face(sample).crops if "video" in steps else None
    if crops is not None:
        save(_frames_figure(looked.counted["video"], crops, title), out / "frames.png")
    if "audio" in steps and sample.audio:
        save(_sound_figure(looked.counted["audio"], decode(sample.audio, 16_000), title), out / "sound.png")
    if "text" in steps:
        words = [minilm_tokenizer().id_to_token(int(i)) or "?" for i in steps["text"][0]]
        save(_bars(words, looked.counted["text"], title), out / "words.png")
    names = [m for m in MODALITIES if m in looked.left_out]
    lost = np.array([looked.left_out[m] for m in names])
    save(_bars([f"{m}\nweight {looked.weights[m]:.2f}" for m in names], lost, title), out / "modalities.png")


def _frames_figure(counted: NDArray[np.float64], crops: UInt8, title: str) -> "Figure":
    figure = new_figure(max(5.0, 1.1 * len(crops)), 3.0)
    panels = figure.subplots(2, len(crops), squeeze=False, height_ratios=(2, 1))
    most = max(float(np.abs(counted).max()), 1e-6)
    for i, crop in enumerate(crops):
        panels[0, i].imshow(crop if crop.shape[-1] == 3 else crop[..., 0], cmap="gray")
        panels[0, i].axis("off")
        _bar(panels[1, i], float(counted[i]), most)
    figure.suptitle(f"{title}: frames")
    return figure


def _bar(axes: "Axes", value: float, most: float) -> None:
    axes.bar([0], [value], color="tab:green" if value >= 0 else "tab:red")
    axes.set_ylim(-most, most)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"{value:+.3f}")


def _sound_figure(counted: NDArray[np.float64], waveform: Float32, title: str) -> "Figure":
    figure = new_figure(8, 3.5)
    above, below = figure.subplots(2, 1, sharex=True)
    seconds = len(waveform) / 16_000
    above.plot(np.arange(len(waveform)) / 16_000, waveform, linewidth=0.5)
    edges = np.linspace(0, seconds, len(counted) + 1)
    colours = ["tab:green" if value >= 0 else "tab:red" for value in counted]
    below.bar(edges[:-1], counted, np.diff(edges), align="edge", color=colours)
    below.set_xlabel("seconds")
    below.set_ylabel("counted")
    above.set_title(f"{title}: sound")
    return figure


def _bars(names: list[str], counted: NDArray[np.float64], title: str) -> "Figure":
    figure = new_figure(max(4.0, 0.6 * len(names)), 3.5)
    axes = figure.subplots()
    axes.bar(range(len(names)), counted, color=["tab:green" if value >= 0 else "tab:red" for value in counted])
    axes.set_xticks(
        range(len(names)), names, rotation=45 if len(names) > 4 else 0, ha="right" if len(names) > 4 else "center"
    )
    axes.set_ylabel("lost without it")
    axes.set_title(title)
    return figure


def _attention_figure(network: Network, encoded: dict[Modality, Encodings]) -> "Figure":
    """Where each modality's steps look in the others, and how much its own steps count."""
    fusion = network.fusion
    inputs = whole_input(encoded, network.config.widths)
    if not isinstance(fusion, CrossModalFusion):
        raise TypeError(f"{type(fusion).__name__} does not attend across modalities")
    device = next(fusion.parameters()).device
    with torch.inference_mode():
        both = (torch.from_numpy(inputs[m][part]).to(device) for part in (0, 1) for m in MODALITIES)
        found = fusion.looked(*both)
    figure = new_figure(9, 2.2 * len(found))
    panels = figure.subplots(len(found), 2, squeeze=False, width_ratios=(3, 1))
    for row, (modality, looked) in enumerate(found.items()):
        panels[row, 0].imshow(looked.others[0].cpu().numpy(), aspect="auto", cmap="viridis", vmin=0)
        panels[row, 0].set_ylabel(f"{modality}, steps")
        panels[row, 0].set_xlabel("steps of " + " then ".join(m for m in found if m != modality))
        panels[row, 1].bar(range(looked.own.shape[1]), looked.own[0].cpu().numpy())
        panels[row, 1].set_xlabel("own steps")
    return figure
