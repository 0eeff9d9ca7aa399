"""One modality alone: its encoder under heads of its own, on the corpora that have it."""

from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np
import torch
from torch import nn

from models.graph import FeatureSpec
from models.heads import Logits, Unimodal
from models.network import NetworkConfig
from models.text.bert import BertEncoder
from streamer.features import FaceCropSpec, LogMelSpec, TextSpec
from streamer.labels import Modality
from training import corpora
from training.augment.face import FaceAugment
from training.augment.recognised import TextAugment
from training.augment.sound import SoundAugment
from training.batch import Batch, TrainingSet
from training.data_audio import AudioData, FeatureCache
from training.data_face import FaceData
from training.data_text import TextData
from training.errors import TrainingError
from training.loop import Fit, LoopConfig, class_weights
from training.metrics import accuracy, macro_f1, unweighted_recall, weighted_f1
from training.pretrained import minilm_tokenizer, minilm_weights
from training.progress import Progress
from training.samples import Sample, Split, emotions

PRETRAINED = "pretrained"
FIGURES = {
    "accuracy": accuracy,
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
    "unweighted_recall": unweighted_recall,
}


class UnimodalStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training of one encoder."""

    name: str
    """Also the name of its folder in the run."""
    modality: Modality
    corpora: tuple[str, ...]
    loop: LoopConfig
    start: str | None = None
    """The stage whose best weights it starts from; `pretrained` for published ones."""
    text: TextAugment = TextAugment()
    sound: SoundAugment = SoundAugment()
    face: FaceAugment = FaceAugment()
    score: Literal["accuracy", "weighted_f1", "macro_f1", "unweighted_recall"] = "weighted_f1"
    """On calibration samples, averaged over the corpora: picks the epoch."""
    limit: int | None = None
    """At most this many samples per corpus and split: for the smallest size."""


class Workshop(msgspec.Struct, frozen=True):
    """Where a run reads and writes."""

    data: Path
    run: Path
    cache: Path


class _Set(TrainingSet, Protocol):
    samples: list[Sample]


def train_unimodal(
    stage: UnimodalStage,
    config: NetworkConfig,
    shop: Workshop,
    progress: Progress,
    *,
    resume: bool,
    max_steps: int | None,
) -> None:
    """Train and leave `best.pt` in the stage's folder.

    Raises:
        TrainingError: a corpus is missing or wrong, or the stage it starts from has not run.
    """
    torch.manual_seed(stage.loop.seed)
    network = unimodal(config, stage.modality)
    fresh = _start(stage, network, shop)
    spec = config.encodings[stage.modality].spec
    train = _data(stage, spec, shop, "train", progress, augmented=True)
    held_out = _data(stage, spec, shop, "calibration", progress, augmented=False)
    folder = shop.run / stage.name
    weights = class_weights(torch.from_numpy(emotions(train.samples)), stage.loop.class_power)
    fit = Fit(network, train, stage.loop, folder, weights, lambda name: stage.loop.fresh_factor if fresh(name) else 1.0)
    if resume:
        fit.resume()
    progress.say(
        f"{stage.name}: {len(train.samples)} samples, {fit.total_steps} steps, calibration on {len(held_out.samples)}"
    )
    fit.run(lambda n: _measure(stage, n, held_out), progress, max_steps=max_steps)


def unimodal(config: NetworkConfig, modality: Modality) -> Unimodal:
    """The encoder of a network under heads of its own, with fresh weights."""
    encoding = config.encodings[modality]
    return Unimodal(encoding.encoder.build(encoding.spec), encoding.encoder.width)


def load_best(shop: Workshop, stage: str, network: nn.Module) -> None:
    """Take the weights of a stage's best epoch."""
    path = shop.run / stage / "best.pt"
    if not path.is_file():
        raise TrainingError(f"{path}: not there; the stage {stage!r} comes first (`--stage {stage}`)")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))


def select(samples: list[Sample], split: Split, limit: int | None) -> list[Sample]:
    """One split; where there is a limit, that many of each corpus, evenly spread so that the labels vary."""
    chosen = [s for s in samples if s.split == split]
    if limit is None:
        return chosen
    kept: list[Sample] = []
    for corpus in dict.fromkeys(s.corpus for s in chosen):
        own = [s for s in chosen if s.corpus == corpus]
        kept += [own[int(i)] for i in np.unique(np.linspace(0, len(own) - 1, min(limit, len(own))).round())]
    return kept


def _start(stage: UnimodalStage, network: Unimodal, shop: Workshop) -> "_Fresh":
    if stage.start == PRETRAINED:
        if not isinstance(network.encoder, BertEncoder):
            raise TrainingError(f"stage {stage.name}: only the text encoder has published weights here")
        network.encoder.load_pretrained(minilm_weights())
        return _Fresh(("heads.", "encoder.projection."))
    if stage.start:
        load_best(shop, stage.start, network)
    return _Fresh(())


class _Fresh(msgspec.Struct, frozen=True):
    prefixes: tuple[str, ...]

    def __call__(self, name: str) -> bool:
        return name.startswith(self.prefixes) if self.prefixes else False


def _data(
    stage: UnimodalStage, spec: FeatureSpec, shop: Workshop, split: Split, progress: Progress, *, augmented: bool
) -> _Set:
    samples = select(corpora.read(stage.corpora, shop.data), split, stage.limit)
    return make_data(stage, samples, spec, shop, progress, augmented=augmented)


def make_data(
    stage: UnimodalStage,
    samples: list[Sample],
    spec: FeatureSpec,
    shop: Workshop,
    progress: Progress,
    *,
    augmented: bool,
) -> _Set:
    """Batches of the stage's modality from any samples that have it."""
    size, seed = stage.loop.batch_size, stage.loop.seed
    match spec:
        case TextSpec():
            return TextData(samples, spec, minilm_tokenizer(), size, seed, stage.text if augmented else None)
        case LogMelSpec():
            cache = FeatureCache(shop.cache, spec)
            return AudioData(samples, cache, size, seed, stage.sound if augmented else None, progress)
        case FaceCropSpec():
            return FaceData(samples, spec, size, seed, stage.face if augmented else None)
        case _:
            raise TrainingError(f"stage {stage.name}: no data set makes {type(spec).__name__} for one modality alone")


def predict(network: nn.Module, data: _Set, *, batch_size: int = 64) -> Logits:
    """Logits of every sample, in order."""
    device = next(network.parameters()).device
    parts = [
        network(*(tensor.to(device) for tensor in _batch(data, start, batch_size).inputs))
        for start in range(0, len(data.samples), batch_size)
    ]
    return Logits(torch.cat([p.emotion for p in parts]).cpu(), torch.cat([p.sentiment for p in parts]).cpu())


def _batch(data: _Set, start: int, size: int) -> Batch:
    indices = list(range(start, min(start + size, len(data.samples))))
    return data.batch(indices, np.random.default_rng(0))


def _measure(stage: UnimodalStage, network: nn.Module, data: _Set) -> dict[str, float]:
    predicted = predict(network, data).emotion.argmax(-1).numpy()
    true = np.array([s.label for s in data.samples])
    names = np.array([s.corpus for s in data.samples])
    found = dict.fromkeys(FIGURES, 0.0)
    kinds = list(dict.fromkeys(names))
    for corpus in kinds:
        own = names == corpus
        for figure, measure in FIGURES.items():
            found[figure] += measure(true[own], predicted[own]) / len(kinds)
    return {"score": found[stage.score], **found}
