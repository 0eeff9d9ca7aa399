"""What a dialogue network says of each utterance when it has heard the whole dialogue, as the literature measures it and no daemon can."""

from typing import Final

import numpy as np
import torch

from models.audio.acoustic_rnn import AcousticRnnEncoder
from streamer.features.arrays import Float32
from training.clip_data import audio_source
from training.clip_store import ClipStore
from training.dialogue_data import DialogueData, TimeDistributed
from training.runner import Runner, TorchRunner
from training.samples import Sample

_BATCH: Final = 16


def dialogue_runner(runner: Runner) -> TorchRunner | None:
    """The same, where it is a network, in torch, that can be asked for every step: a bundle's graph answers for the newest alone.

    Beside words or faces there is no such network: those are of one utterance.
    """
    if not isinstance(runner, TorchRunner) or set(runner.network.encoders) != {"audio"}:
        return None
    return runner if isinstance(runner.network.encoders["audio"], AcousticRnnEncoder) else None


@torch.inference_mode()
def hear(runner: TorchRunner, samples: list[Sample], store: ClipStore) -> tuple[list[int], Float32, Float32]:
    """Logits of the samples that have features, each among all of its dialogue.

    Args:
        runner: See `dialogue_runner`.
        samples: In the order of their dialogues.
        store: Of their features.

    Returns:
        Which samples those are, [n, 7] and [n, 3].
    """
    network = TimeDistributed(runner.network).eval()
    device = next(network.parameters()).device
    data = DialogueData(samples, audio_source(store), _BATCH, 0, len(samples), cut=False)
    emotion, sentiment = [np.zeros((0, 7), np.float32)], [np.zeros((0, 3), np.float32)]
    for start in range(0, len(data.dialogues), _BATCH):
        indices = list(range(start, min(start + _BATCH, len(data.dialogues))))
        batch = data.batch(indices, np.random.default_rng(0))
        logits = network(*(part.to(device) for part in batch.inputs))
        emotion.append(logits.emotion.cpu().numpy())
        sentiment.append(logits.sentiment.cpu().numpy())
    places = {sample.key: i for i, sample in enumerate(samples)}
    return [places[s.key] for s in data.samples], np.concatenate(emotion), np.concatenate(sentiment)
