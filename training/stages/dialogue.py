"""An audio encoder over the utterances of whole dialogues, each with labels of its own."""

from typing import Literal

import msgspec
import torch

from models.checkpoint import Card, save
from models.network import Network, NetworkConfig
from training import corpora
from training.clip_data import audio_source
from training.clip_scores import calibrate_clips, encode_clips, fuse_clips
from training.clip_store import ClipStore, store_of
from training.dialogue_data import DialogueData, TimeDistributed
from training.errors import TrainingError
from training.held_out import Measured, both_heads, measured
from training.loop import Fit, LoopConfig, class_weights
from training.progress import Progress
from training.runner import TorchRunner
from training.samples import Sample, emotions
from training.stages.joint import specs_of
from training.stages.unimodal import Workshop, load_best


class DialogueStage(msgspec.Struct, frozen=True, kw_only=True):
    """One training on dialogues: each step of a sequence is one utterance with labels of its own (`acoustic-rnn`).

    The network has one encoder, for audio, which gives one embedding per step; the fusion decides on each step by itself. It learns on
    dialogues that end anywhere, and is measured as it will run: on each utterance after those before it.
    """

    name: str = "dialogue"
    features: Literal["pickles", "praat", "clips"]
    """MELD's published acoustic features (any width), the Praat values beside its tables, or the encoder's own spec on the clips."""
    loop: LoopConfig
    max_utterances: int = 33
    """Of a dialogue, the last so many; MELD's longest has 33."""
    score: Literal["accuracy", "weighted_f1", "macro_f1"] = "weighted_f1"
    """On calibration utterances: picks the epoch."""
    coverage: float = 0.9
    limit: int | None = None
    """At most this many dialogues per split."""

    @property
    def corpora(self) -> tuple[str, ...]:
        """What it is trained on."""
        return ("meld-clips",)


def train_dialogue(
    stage: DialogueStage,
    config: NetworkConfig,
    card: Card,
    shop: Workshop,
    progress: Progress,
    *,
    resume: bool,
    max_steps: int | None,
) -> None:
    """Train, fit the calibration, and write the run's `network.pt`.

    Raises:
        TrainingError: the features are not there or wrong, or the network is none for dialogues.
    """
    torch.manual_seed(stage.loop.seed)
    network = Network(config)
    trainee = TimeDistributed(network)
    store = store_of(specs_of(config), shop.cache, progress, data=shop.data)
    samples = corpora.read(stage.corpora, shop.data)
    train, calibration = _dialogues(samples, "train", stage.limit), _dialogues(samples, "calibration", stage.limit)
    for trouble in dict.fromkeys(store.prepare([*train, *calibration], workers=2)):
        progress.say(trouble)
    size, seed = stage.loop.batch_size, stage.loop.seed
    data = DialogueData(train, audio_source(store), size, seed, stage.max_utterances)
    if not data.dialogues or not calibration:
        raise TrainingError(f"{shop.data}: no utterance of train or calibration has {stage.features} features")
    weights = class_weights(torch.from_numpy(emotions(data.samples)), stage.loop.class_power)
    fit = Fit(trainee, data, stage.loop, shop.run / stage.name, weights, lambda _: 1.0)
    if resume:
        fit.resume()
    progress.say(
        f"{stage.name}: {len(data.dialogues)} dialogues, {len(data.samples)} utterances, {fit.total_steps} steps"
    )
    fit.run(lambda _: _measure(stage, network, calibration, store, progress), progress, max_steps=max_steps)
    if fit.team.rank > 0:
        return
    load_best(shop, stage.name, trainee)
    fitted = calibrate_clips(TorchRunner(network), calibration, store, stage.coverage, progress)
    save(shop.run, network, msgspec.structs.replace(card, calibration=fitted))


def _dialogues(samples: list[Sample], split: str, limit: int | None) -> list[Sample]:
    names = list(dict.fromkeys(s.dialogue for s in samples if s.split == split))[:limit]
    return [s for s in samples if s.split == split and s.dialogue in set(names)]


def _measure(
    stage: DialogueStage, network: Network, calibration: list[Sample], store: ClipStore, progress: Progress
) -> Measured:
    """As the daemon hears it: each utterance after the ones before it."""
    clips = encode_clips(TorchRunner(network), calibration, store, progress)
    scores = fuse_clips(TorchRunner(network), clips, frozenset({"audio"}), list(range(len(calibration))))
    return measured(both_heads(scores.emotion_logits, scores.sentiment_logits, *clips.truth), stage.score)
