"""One modality alone: its encoder under heads of its own, on the corpora that have it."""

from pathlib import Path
from typing import Final

import msgspec
import torch
from torch import Tensor, nn

from models.graph import FeatureSpec
from models.heads import Unimodal
from models.network import Encoding, NetworkConfig
from streamer.labels import Modality
from training import corpora
from training.augment.face import FaceAugment
from training.augment.recognised import TextAugment
from training.augment.sound import SoundAugment
from training.errors import TrainingError
from training.held_out import Figure, LabelledSet, Measured, measure, predict
from training.loop import Fit, LoopConfig, class_weights
from training.mixed_precision import bf16
from training.modality_data import Augments, modality_data
from training.progress import Progress
from training.samples import Sample, Split, emotions, select
from training.speakers import Fold, folded
from training.teaching import Teacher, question, remember, remembered, taught
from training.team import team
from training.weight_files import fill, read, write
from training.weights import WEIGHTS

BEST: Final = "best.pt"
"""The weights of a stage's best epoch, in its folder."""


class UnimodalStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training of one encoder."""

    name: str
    """Also the name of its folder in the run."""
    modality: Modality
    part: str | None = None
    """Of an encoder that has several parts, the one that is trained."""
    encoding: Encoding | None = None
    """Another encoder than the network's: one that is not exported, but teaches."""
    corpora: tuple[str, ...]
    loop: LoopConfig
    start: str | None = None
    """The stage whose best weights it starts from, or published ones by their name in `training.weights.WEIGHTS`."""
    text: TextAugment = TextAugment()
    sound: SoundAugment = SoundAugment()
    face: FaceAugment = FaceAugment()
    score: Figure = "weighted_f1"
    """On calibration samples, averaged over the corpora: picks the epoch."""
    scored_on: tuple[str, ...] = ()
    """Only these of the corpora, where it is not all."""
    soup: int = 1
    """Trainings, each with a seed of its own, whose best weights are averaged (Wortsman et al., 2022)."""
    frozen: tuple[str, ...] = ()
    """Weights that stay as they are, by what their names begin with."""
    teacher: Teacher | None = None
    """Who labels the training samples beside their corpora."""
    fold: Fold | None = None
    """Leave these speakers out, whatever their split, and train on all the others; none picks an epoch: the last is kept."""
    limit: int | None = None
    """At most this many samples per corpus and split: for the smallest size."""


class Workshop(msgspec.Struct, frozen=True):
    """Where a run reads and writes."""

    data: Path
    run: Path
    cache: Path


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
    folder = shop.run / stage.name
    config = trained_by(stage, config)
    if stage.soup == 1:
        _train_once(stage, config, shop, folder, progress, resume=resume, max_steps=max_steps)
        return
    found = []
    for seed in range(stage.loop.seed, stage.loop.seed + stage.soup):
        own = msgspec.structs.replace(stage, loop=msgspec.structs.replace(stage.loop, seed=seed))
        _train_once(own, config, shop, folder / f"seed-{seed}", progress, resume=resume, max_steps=max_steps)
        found.append(read(folder / f"seed-{seed}" / BEST, f"train the stage again (`--stage {stage.name}`)"))
    network = unimodal(config, stage.modality, stage.part)
    network.load_state_dict({name: _mean([weights[name] for weights in found]) for name in found[0]})
    mine = team()
    if mine.rank == 0:
        write(folder / BEST, network.state_dict())
    mine.wait()
    held_out = _held_out(stage, config, shop, progress)
    together = measure(network.to(mine.device).eval(), held_out, stage.score, by_corpus=True)
    said = "  ".join(f"{name} {value:.4f}" for name, value in together.figures.items())
    progress.say(f"{stage.name}: {stage.soup} averaged  {said}")


def _train_once(
    stage: UnimodalStage,
    config: NetworkConfig,
    shop: Workshop,
    folder: Path,
    progress: Progress,
    *,
    resume: bool,
    max_steps: int | None,
) -> None:
    torch.manual_seed(stage.loop.seed)
    network = unimodal(config, stage.modality, stage.part)
    fresh = _start(stage, network, shop)
    for name, weight in network.named_parameters():
        if name.startswith(stage.frozen):  # of no names, it starts with none
            weight.requires_grad = False
    train = _data(stage, config.encodings[stage.modality].spec, shop, "train", progress, augmented=True)
    weights = class_weights(torch.from_numpy(emotions(train.samples)), stage.loop.class_power)
    fit = Fit(
        network, train, stage.loop, folder, weights, lambda name: stage.loop.fresh_factor if name in fresh else 1.0
    )
    if resume:
        fit.resume()
    said = f"{stage.name}: {len(train.samples)} samples, {fit.total_steps} steps"
    if stage.fold:
        progress.say(f"{said}, the last epoch is kept")
        fit.run(lambda _: Measured({"score": float(fit.epoch)}), progress, max_steps=max_steps)
        return
    held_out = _held_out(stage, config, shop, progress)
    progress.say(f"{said}, calibration on {len(held_out.samples)}")
    fit.run(lambda n: measure(n, held_out, stage.score, by_corpus=True), progress, max_steps=max_steps)


def _held_out(stage: UnimodalStage, config: NetworkConfig, shop: Workshop, progress: Progress) -> LabelledSet:
    return _data(stage, config.encodings[stage.modality].spec, shop, "calibration", progress, augmented=False)


def trained_by(stage: UnimodalStage, config: NetworkConfig) -> NetworkConfig:
    """The network that a stage trains an encoder of."""
    if stage.encoding is None:
        return config
    return msgspec.structs.replace(config, encodings=config.encodings | {stage.modality: stage.encoding})


def _mean(values: list[Tensor]) -> Tensor:
    """Of one weight in several trainings; a counter is the first one's."""
    return torch.stack(values).mean(0) if values[0].is_floating_point() else values[0]


def unimodal(config: NetworkConfig, modality: Modality, part: str | None = None) -> Unimodal:
    """The encoder of a network, or one part of it, under heads of its own, with fresh weights."""
    encoding = config.encodings[modality]
    encoder = encoding.encoder.parts[part] if part else encoding.encoder
    return Unimodal(encoder.build(encoding.spec), encoder.width)


def best_of(shop: Workshop, stage: str) -> Path:
    """The weights of a stage's best epoch.

    Raises:
        TrainingError: the stage has not run.
    """
    path = shop.run / stage / BEST
    if not path.is_file():
        raise TrainingError(f"{path}: not there; the stage {stage!r} comes first (`--stage {stage}`)")
    return path


def load_best(shop: Workshop, stage: str, network: nn.Module) -> None:
    """Take the weights of a stage's best epoch.

    Raises:
        TrainingError: the stage has not run, or trained another network, or its file is damaged.
    """
    path = best_of(shop, stage)
    again = f"train the stage again (`--stage {stage}`)"
    fill(network, read(path, again), path, f"{again}, or choose the recipe that the run was trained with")


def _start(stage: UnimodalStage, network: Unimodal, shop: Workshop) -> frozenset[str]:
    """Give the network the weights that it starts from; the names of those that stay fresh beside published ones."""
    if stage.start not in WEIGHTS:
        if stage.start:
            load_best(shop, stage.start, network)
        return frozenset()
    before = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    WEIGHTS[stage.start](network.encoder)
    return frozenset(name for name, weight in network.named_parameters() if torch.equal(weight, before[name]))


def _data(
    stage: UnimodalStage, spec: FeatureSpec, shop: Workshop, split: Split, progress: Progress, *, augmented: bool
) -> LabelledSet:
    names = (stage.scored_on or stage.corpora) if split == "calibration" else stage.corpora
    samples = select(folded(corpora.read(names, shop.data), stage.fold), split, stage.limit)
    if stage.teacher and augmented:
        samples = _taught(stage.teacher, stage, samples, shop, progress)
    augments = Augments(stage.text, stage.sound, stage.face) if augmented else None
    loop = stage.loop
    return modality_data(spec, samples, shop.cache, progress, augments, batch_size=loop.batch_size, seed=loop.seed)


def _taught(
    teacher: Teacher, stage: UnimodalStage, samples: list[Sample], shop: Workshop, progress: Progress
) -> list[Sample]:
    """The samples with the teacher's labels; it hears and reads them as they are, whatever the pupil is given."""
    path, encoding = shop.run / teacher.stage / f"answers-{stage.name}.pt", teacher.encoding
    asked = question(samples, encoding, best_of(shop, teacher.stage))
    answers = remembered(path, asked)
    if answers is None:
        progress.say(f"{stage.name}: {teacher.stage} looks at {len(samples)} samples")
        network = Unimodal(encoding.encoder.build(encoding.spec), encoding.encoder.width)
        load_best(shop, teacher.stage, network)
        data = modality_data(encoding.spec, samples, shop.cache, progress, None, batch_size=stage.loop.batch_size)
        device = team().device
        with torch.inference_mode(), bf16(device, wanted=stage.loop.bf16):
            answers = predict(network.to(device).eval(), data)
        if team().rank == 0:
            remember(path, asked, answers)
    return taught(samples, answers, teacher)
