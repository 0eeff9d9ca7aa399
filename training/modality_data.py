"""Batches of one modality alone, by what the network reads of it."""

from pathlib import Path
from typing import NamedTuple

from models.graph import FeatureSpec
from streamer.features import FaceCropSpec, FunctionalsSpec, LogMelSpec, MfccSpec, TextSpec, WaveformSpec
from training.augment.face import FaceAugment
from training.augment.recognised import TextAugment
from training.augment.sound import SoundAugment
from training.clip_store import ClipStore
from training.data_audio import AudioData, FeatureCache
from training.data_face import FaceData
from training.data_sound import SoundData
from training.data_text import TextData
from training.errors import TrainingError
from training.pretrained import minilm_tokenizer
from training.progress import Progress
from training.samples import Sample
from training.sessions import EARLIER


class Augments(NamedTuple):
    """How samples are changed while training."""

    text: TextAugment = TextAugment()
    sound: SoundAugment = SoundAugment()
    face: FaceAugment = FaceAugment()


def modality_data(
    spec: FeatureSpec,
    samples: list[Sample],
    cache: Path,
    progress: Progress,
    augments: Augments | None,
    *,
    batch_size: int,
    seed: int = 0,
    earlier: int = EARLIER,
) -> TextData | AudioData | SoundData | FaceData:
    """The samples as the spec has them, changed by `augments` if any; `earlier` as in `AudioData`.

    Raises:
        TrainingError: there is no such data for one modality alone, or not with augmentation, or it cannot be read.
    """
    match spec:
        case TextSpec():
            return TextData(samples, spec, minilm_tokenizer(), batch_size, seed, augments and augments.text)
        case LogMelSpec():
            found = FeatureCache(cache, spec)
            return AudioData(samples, found, batch_size, seed, augments and augments.sound, progress, earlier=earlier)
        case FaceCropSpec():
            return FaceData(samples, spec, batch_size, seed, augments and augments.face)
        case MfccSpec() | FunctionalsSpec() | WaveformSpec() if augments is None:
            return SoundData(samples, ClipStore(cache, progress, audio=spec), batch_size, seed)
        case _:
            raise TrainingError(f"no data set makes {type(spec).__name__} for one modality alone")
