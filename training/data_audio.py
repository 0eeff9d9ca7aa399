"""Clips of speech as batches of log-mel, from a cache of what the daemon's own functions compute."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from streamer.features import LogMelSpec
from streamer.features.arrays import Float32
from streamer.features.log_mel import log_mel, normalise
from streamer.features.voice_spectrum import voice_spectrum
from training.augment.sound import SoundAugment, augment_mel, mask_mel
from training.batch import Batch, rng_for, shuffled, targets
from training.decode import decode
from training.errors import TrainingError
from training.progress import Progress
from training.samples import Sample
from training.sessions import EARLIER, Sessions


class FeatureCache:
    """Log-mel before normalisation, one file per clip, found by the hash of spec and clip.

    It can be cut off at any moment: what is written is whole, what is missing is computed on the next call.
    """

    def __init__(self, folder: Path, spec: LogMelSpec) -> None:
        # What `normalise` reads comes after the cache; a change of it need not compute the clips again.
        kept = msgspec.structs.replace(spec.raw, max_s=0.0)
        self.spec = spec
        self._folder = folder / f"log-mel-f32-{hashlib.sha256(msgspec.json.encode(kept)).hexdigest()[:16]}"

    def mel(self, path: Path) -> Float32:
        """[frames, n_mels] of one clip, natural log of mel power.

        Raises:
            TrainingError: the clip cannot be decoded.
        """
        name = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = self._folder / name[:2] / f"{name}.npy"
        try:
            return np.asarray(np.load(entry), np.float32)
        except (FileNotFoundError, ValueError, EOFError):
            pass  # not there, or cut off while it was copied: computed now
        waveform = decode(path, self.spec.sample_rate_hz)
        waveform = np.pad(waveform, (0, max(0, self.spec.win_length - len(waveform))))
        mel = log_mel(waveform, self.spec)
        entry.parent.mkdir(parents=True, exist_ok=True)
        draft = entry.with_name(f"{name}.{id(mel)}.part")
        with draft.open("wb") as file:
            np.save(file, mel)
        draft.replace(entry)
        return mel


class AudioData:
    """Clips held in memory; in half precision where they are augmented anyway."""

    def __init__(
        self,
        samples: list[Sample],
        cache: FeatureCache,
        batch_size: int,
        seed: int,
        config: SoundAugment | None,
        progress: Progress,
        *,
        earlier: int = EARLIER,
    ) -> None:
        """Args: earlier: Without augmentation, clips of the same speaker that are heard before each, where the spec remembers any."""
        self.samples, self.spec = samples, cache.spec
        self.batch_size, self.seed, self.config = batch_size, seed, config
        self.mels = load_all(samples, cache, progress, half=config is not None)
        self.sizes = [len(mel) for mel in self.mels]
        self.earlier = min(earlier, self.spec.history_utterances)
        self.sessions = (
            Sessions(samples, np.stack([voice_spectrum(mel.astype(np.float32)) for mel in self.mels]))
            if self.spec.history_utterances
            else None
        )

    def plan(self, epoch: int) -> list[list[int]]:
        """Batches of about equal length."""
        return shuffled(self.sizes, self.batch_size, rng_for(self.seed, epoch), pool=8)

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """One batch; the augmentation draws from `rng`."""
        return collate_audio([self._features(i, rng) for i in indices], [self.samples[i] for i in indices])

    def before(self, index: int) -> Float32:
        """[earlier, n_mels], what is heard before a clip where nothing is augmented."""
        nothing: Float32 = np.zeros((0, self.spec.n_mels), np.float32)
        return self.sessions.fixed(index, self.earlier) if self.sessions else nothing

    def _features(self, index: int, rng: np.random.Generator) -> Float32:
        mel = self.mels[index].astype(np.float32)
        if self.config is None:
            return normalise(mel, self.spec, self.before(index))
        before = self.sessions.drawn(index, self.config.session, rng) if self.sessions else self.before(index)
        mel, before = augment_mel(mel, before, self.spec, self.config, rng)
        return mask_mel(normalise(mel, self.spec, before), self.config, rng)


Mel = NDArray[np.float16] | Float32


def load_all(samples: list[Sample], cache: FeatureCache, progress: Progress, *, half: bool) -> list[Mel]:
    """The clips' log-mel in the order of the samples, on all cores.

    Raises:
        TrainingError: clips cannot be decoded; it names all of them, so that one more try is enough.
    """

    def one(sample: Sample) -> Mel | TrainingError:
        if sample.audio is None:
            return TrainingError(f"{sample.corpus} {sample.key}: has no sound")
        try:
            mel = cache.mel(sample.audio)
        except TrainingError as err:
            return err
        return mel.astype(np.float16) if half else mel

    found: list[Mel] = []
    broken: list[TrainingError] = []
    with ThreadPoolExecutor() as pool, progress.epoch("log-mel", 1, 1, len(samples)) as bar:
        for mel in pool.map(one, samples):
            if isinstance(mel, TrainingError):
                broken.append(mel)
            else:
                found.append(mel)
            bar.advance()
    if broken:
        raise TrainingError("\n".join(map(str, broken)))
    return found


def collate_audio(features: list[Float32], samples: list[Sample]) -> Batch:
    """Pad to the longest, with a mask."""
    longest = max(len(f) for f in features)
    padded = np.stack([np.pad(f, ((0, longest - len(f)), (0, 0))) for f in features])
    mask = np.stack([np.arange(longest) < len(f) for f in features]).astype(np.float32)
    return Batch((torch.from_numpy(padded), torch.from_numpy(mask)), *targets(samples))
