"""Encoders and fusion together, on clips that have words, voice and face of one moment."""

from typing import Literal, NamedTuple

import msgspec
import torch

from models.backbone import split
from models.checkpoint import Card, save
from models.network import Network, NetworkConfig
from streamer.labels import MODALITIES, Modality
from training import corpora
from training.array_cache import ArrayCache
from training.clip_data import ClipData, Source, sources_of
from training.clip_scores import calibrate_clips
from training.clip_store import ClipStore, store_of
from training.errors import TrainingError
from training.frozen import Frozen
from training.held_out import measure
from training.joint_network import JointNetwork
from training.loop import Fit, LoopConfig, class_weights
from training.progress import Progress
from training.runner import Specs, TorchRunner
from training.samples import Sample, emotions, select
from training.stages.unimodal import Workshop, load_best
from training.weights import WEIGHTS


class JointStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training of a whole network, which also writes it and its calibration. Its modalities are those of the recipe's network."""

    name: str = "joint"
    corpora: tuple[str, ...] = ("meld-clips",)
    loop: LoopConfig
    start: dict[Modality, str] = {}
    """Published weights that an encoder starts from: names in `training.weights.WEIGHTS`; the others start fresh."""
    frozen: tuple[Modality, ...] = ()
    """Encoders that do not learn: of a `models.backbone.Backboned` its backbone, of another the whole. What they give is computed once
    and kept in the cache."""
    rate_factors: dict[Modality | Literal["fusion"], float] = {}
    """Learning rates relative to the loop's."""
    modality_dropout: float = 0.0
    """How often each modality of a training sample is left out; never all of them."""
    score: Literal["accuracy", "weighted_f1", "macro_f1"] = "weighted_f1"
    """On calibration samples: picks the epoch, moves the plateau schedule, stops early."""
    coverage: float = 0.9
    """Of the conformal prediction sets."""
    limit: int | None = None
    """At most this many samples per split: for the smallest size."""


class Clips(NamedTuple):
    """The samples of one training, and where their features are."""

    train: list[Sample]
    calibration: list[Sample]
    store: ClipStore


def train_joint(
    stage: JointStage,
    config: NetworkConfig,
    card: Card,
    shop: Workshop,
    progress: Progress,
    *,
    resume: bool,
    max_steps: int | None,
    workers: int = 2,
    precompute: bool = True,
) -> None:
    """Train encoders and fusion, fit the calibration, and write the run's `network.pt`.

    Args:
        stage: What is trained how.
        config: The network.
        card: What its checkpoint says of it.
        shop: Where things are read and written.
        progress: Told of every step.
        resume: Go on from the stage's `last.pt`.
        max_steps: Stop after so many steps in all.
        workers: Threads that decode clips.
        precompute: False computes what frozen encoders give anew for every batch: slower, and the same.

    Raises:
        TrainingError: the corpus is missing or wrong, or an encoder's published weights are not to be had.
    """
    torch.manual_seed(stage.loop.seed)
    network = Network(config)
    for modality, name in stage.start.items():
        WEIGHTS[name](network.encoders[modality])
    clips = read_clips(stage, config, shop, progress, workers)
    fit, sources = _fit(stage, network, clips, shop, progress, precompute=precompute)
    if resume:
        fit.resume()
    sizes = clips.store.lengths(clips.calibration)
    held_out = ClipData(clips.calibration, sources, sizes, stage.loop.batch_size, stage.loop.seed)
    progress.say(
        f"{stage.name}: {len(clips.train)} samples, {fit.total_steps} steps, calibration on {len(clips.calibration)}"
    )
    fit.run(
        lambda n: measure(n, held_out, stage.score, batch_size=stage.loop.batch_size), progress, max_steps=max_steps
    )
    if fit.team.rank > 0:
        return
    load_best(shop, stage.name, fit.network)
    runner = TorchRunner(network.eval())
    fitted = calibrate_clips(runner, clips.calibration, clips.store, stage.coverage, progress)
    save(shop.run, network, msgspec.structs.replace(card, calibration=fitted))


def read_clips(stage: JointStage, config: NetworkConfig, shop: Workshop, progress: Progress, workers: int = 2) -> Clips:
    """The stage's samples, their features computed; what has no sound or face is told, by file and row."""
    samples = corpora.read(stage.corpora, shop.data)
    train, calibration = (
        select(samples, "train", stage.limit),
        select(samples, "calibration", stage.limit),
    )
    for name, found in (("train", train), ("calibration", calibration)):
        if not found:
            raise TrainingError(f"{shop.data}: {', '.join(stage.corpora)} has no samples for {name} there")
    store = store_of(specs_of(config), shop.cache, progress, data=shop.data)
    troubles = store.prepare([*train, *calibration], workers=workers)
    for trouble in dict.fromkeys(troubles):
        progress.say(trouble)
    if troubles:
        progress.say(f"{stage.name}: {len(troubles)} clips without sound or face, their labels stay")
    return Clips(train, calibration, store)


def specs_of(config: NetworkConfig) -> Specs:
    """What each encoder of a network reads."""
    return {modality: encoding.spec for modality, encoding in config.encodings.items()}


def _fit(
    stage: JointStage, network: Network, clips: Clips, shop: Workshop, progress: Progress, *, precompute: bool
) -> tuple[Fit, dict[Modality, Source]]:
    sources = sources_of(specs_of(network.config), clips.store, [*clips.train, *clips.calibration])
    frozen = frozenset(m for m in stage.frozen if m in sources)
    kept = {
        m: Frozen(split(network.encoders[m])[0], sources[m], ArrayCache(shop.cache / "embeddings", progress))
        for m in frozen
        if precompute
    }
    sources |= {m: part.source() for m, part in kept.items()}
    joint = JointNetwork(network, frozen, frozenset(kept), {m: source.inputs for m, source in sources.items()})
    sizes = clips.store.lengths(clips.train)
    data = ClipData(clips.train, sources, sizes, stage.loop.batch_size, stage.loop.seed, stage.modality_dropout)
    weights = class_weights(torch.from_numpy(emotions(clips.train)), stage.loop.class_power)
    fit = Fit(joint, data, stage.loop, shop.run / stage.name, weights, lambda name: _factor(stage, name))
    for modality, part in kept.items():
        part.prepare([*clips.train, *clips.calibration], f"embed {modality}", fit.team, progress)
    return fit, sources


def _factor(stage: JointStage, parameter: str) -> float:
    """`network.encoders.text.…` and `network.fusion.…` by the part that they are of."""
    for modality in MODALITIES:
        if parameter.startswith(f"network.encoders.{modality}."):
            return stage.rate_factors.get(modality, 1.0)
    return stage.rate_factors.get("fusion", 1.0)
