"""The fusion, on frozen embeddings: label-matched tuples and real samples of one modality, over all seven subsets."""

from pathlib import Path
from typing import Final, cast

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from models.checkpoint import Card, save, save_typical
from models.exported import heads_of, keep
from models.fusion.experts import ExpertsFusion
from models.graph import Fused
from models.heads import Heads, Logits, Unimodal, averaged
from models.network import Network, NetworkConfig
from streamer.bundle import Bundle
from streamer.labels import MODALITIES, Modality, subset_name
from training import corpora
from training.batch import rng_for
from training.calibrate import SUBSETS, calibrate, held_out_scores
from training.embed import embed
from training.held_out import Answers, Measured, both_heads, figures_of
from training.loop import Fit, LoopConfig, class_weights
from training.modality_data import Augments, modality_data
from training.progress import Progress
from training.runner import TorchRunner
from training.samples import Split, emotions, select
from training.stages.unimodal import Workshop, load_best, unimodal
from training.tuples import Matching, Pool, TupleData, Tuples

_TYPICAL: Final = 128
"""Samples of each modality that 8-bit graphs are measured on."""


Source = str | dict[str, float]
"""A stage; of an encoder that has parts, the stages that trained them, in their order, each with its answer's share in the whole."""


class FusionStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training of the fusion, which also writes the whole network and its calibration."""

    name: str = "fusion"
    encoders: dict[Modality, Source]
    """What trained each modality's encoder."""
    corpora: dict[Modality, tuple[str, ...]]
    augmented_views: dict[Modality, int]
    """Beside the sample as it is."""
    calibrated_augmented: tuple[Modality, ...] = ("audio",)
    """Modalities of which calibration sees the augmented samples alone. Of voices, eleven speakers of three corpora calibrate: as they
    are, the network is right about them more often than about the next stranger."""
    loop: LoopConfig
    matching: Matching = Matching()
    coverage: float = 0.9
    kept: dict[Modality, str] = {}
    """Bundles whose encoders stand in, as they were exported, for ones that are trained here."""
    limit: int | None = None


class _Trainee(nn.Module):
    """The fusion alone, answering as the shared loop expects."""

    def __init__(self, fusion: nn.Module) -> None:
        super().__init__()
        self.fusion = fusion

    def forward(self, *inputs: Tensor) -> Logits:
        fused: Fused = self.fusion(*inputs)
        return Logits(fused.emotion_logits, fused.sentiment_logits)


def train_fusion(
    stage: FusionStage,
    config: NetworkConfig,
    card: Card,
    shop: Workshop,
    progress: Progress,
    *,
    resume: bool,
    max_steps: int | None,
) -> None:
    """Train the fusion, fit the calibration, and write the run's `network.pt`.

    Raises:
        TrainingError: an encoder's stage has not run, or a corpus is missing or wrong.
    """
    torch.manual_seed(stage.loop.seed)
    network = Network(config)
    bundles = keep(network, {modality: Path(folder) for modality, folder in stage.kept.items()})
    for modality, bundle in bundles.items():
        _adopt(network, modality, heads_of(bundle, modality))
    for modality, source in stage.encoders.items():
        if modality not in bundles:
            trained = trained_encoder(config, modality, source, shop)
            network.encoders[modality].load_state_dict(trained.encoder.state_dict())
            _adopt(network, modality, trained.heads)
    runner = TorchRunner(network)
    train = Tuples(_pools(stage, network, shop, "train", progress), stage.matching)
    held_out = Tuples(_pools(stage, network, shop, "calibration", progress), stage.matching)
    data = TupleData(train, stage.loop.batch_size, stage.loop.seed)
    trainee = _Trainee(network.fusion)
    weights = class_weights(torch.from_numpy(emotions(data.samples)), stage.loop.class_power)
    fit = Fit(trainee, data, stage.loop, shop.run / stage.name, weights, lambda _: 1.0)
    if resume:
        fit.resume()
    progress.say(f"{stage.name}: {len(data.samples)} anchors, {fit.total_steps} steps")
    fit.run(lambda _: _measure(runner, held_out), progress, max_steps=max_steps)
    if fit.team.rank > 0:
        return
    load_best(shop, stage.name, trainee)
    fitted = calibrate(runner, held_out, stage.coverage)
    save_typical(shop.run, _typical(stage, config, shop, progress))
    parity = {
        graph: value
        for modality, bundle in bundles.items()
        for graph, value in bundle.manifest.parity.items()
        if graph.split("-")[0] == modality
    }
    save(shop.run, network, msgspec.structs.replace(_with_those_of(bundles, card), calibration=fitted, parity=parity))


def _with_those_of(bundles: dict[Modality, Bundle], card: Card) -> Card:
    """The card with the corpora that kept encoders learned from."""
    known = {corpus.name for corpus in card.corpora}
    earlier = (corpus for bundle in bundles.values() for corpus in bundle.manifest.corpora)
    return msgspec.structs.replace(
        card, corpora=card.corpora + tuple(dict.fromkeys(c for c in earlier if c.name not in known))
    )


def _adopt(network: Network, modality: Modality, heads: Heads) -> None:
    if isinstance(network.fusion, ExpertsFusion):
        network.fusion.adopt(modality, heads)


def _typical(
    stage: FusionStage, config: NetworkConfig, shop: Workshop, progress: Progress
) -> dict[Modality, tuple[Tensor, ...]]:
    """One batch of voices and one of faces as training has them, spread over the corpora; words are looked up and have no range."""
    found: dict[Modality, tuple[Tensor, ...]] = {}
    for m, encoding in config.encodings.items():
        if m != "text" and m not in stage.kept:
            samples = select(corpora.read(stage.corpora[m], shop.data), "train", stage.limit)
            some = samples[:: max(1, len(samples) // _TYPICAL)][:_TYPICAL]
            data = modality_data(encoding.spec, some, shop.cache, progress, Augments(), batch_size=len(some))
            found[m] = data.batch(list(range(len(some))), rng_for(stage.loop.seed)).inputs
    return found


def trained_encoder(config: NetworkConfig, modality: Modality, source: Source, shop: Workshop) -> Unimodal:
    """An encoder under its heads, as its stage left them; parts under heads that answer the weighted mean of what theirs do."""
    whole = unimodal(config, modality)
    if isinstance(source, str):
        load_best(shop, source, whole)
        return whole
    shares = {}
    parts = cast("nn.ModuleDict", whole.encoder.parts)
    for (name, module), (stage, share) in zip(parts.items(), source.items(), strict=True):
        part = unimodal(config, modality, name)
        load_best(shop, stage, part)
        module.load_state_dict(part.encoder.state_dict())
        shares[part.heads] = share
    whole.heads = averaged(shares)
    return whole


def _pools(
    stage: FusionStage, network: Network, shop: Workshop, split: Split, progress: Progress
) -> dict[Modality, Pool]:
    # Half the time in bfloat16; what it blurs is less than what the augmentation does.
    runner = TorchRunner(network, bf16=split == "train")
    pools: dict[Modality, Pool] = {}
    for m in MODALITIES:
        samples = select(corpora.read(stage.corpora[m], shop.data), split, stage.limit)
        augmented = split == "calibration" and m in stage.calibrated_augmented
        views = stage.augmented_views[m] if split == "train" else int(augmented)
        pool = embed(runner, m, samples, shop.cache, progress, augmented_views=views)
        pools[m] = pool._replace(views=pool.views[1:]) if augmented else pool
    return pools


def _measure(runner: TorchRunner, held_out: Tuples) -> Measured:
    """Every subset on calibration tuples; the score is the mean of the emotion's weighted F1."""
    shown: dict[str, float] = {}
    details: dict[str, float] = {}
    answers: list[Answers] = []
    for subset in SUBSETS:
        found, name = held_out_scores(runner, held_out, subset), subset_name(subset)
        heads = both_heads(found.scores.emotion_logits, found.scores.sentiment_logits, found.emotion, found.sentiment)
        figures = figures_of(heads)
        shown[f"{name}/weighted_f1"] = figures.pop("weighted_f1")
        details |= {f"{name}/{figure}": value for figure, value in figures.items()}
        answers += [head._replace(name=f"{name}/{head.name}") for head in heads]
    return Measured({"score": float(np.mean(list(shown.values()))), **shown}, tuple(answers), details)
