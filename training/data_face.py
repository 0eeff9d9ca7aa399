"""Pictures of faces as batches of crops."""

import cv2
import numpy as np
import torch

from streamer.features import FaceCropSpec
from streamer.features.arrays import UInt8
from training.augment.face import FaceAugment, augment_face
from training.batch import Batch, rng_for, shuffled, targets
from training.errors import TrainingError
from training.samples import Sample


class FaceData:
    """Pictures held in memory, augmented anew each time."""

    def __init__(
        self, samples: list[Sample], spec: FaceCropSpec, batch_size: int, seed: int, config: FaceAugment | None
    ) -> None:
        self.samples, self.spec = samples, spec
        self.batch_size, self.seed, self.config = batch_size, seed, config
        self.faces = [grey_face(sample, spec) for sample in samples]

    def plan(self, epoch: int) -> list[list[int]]:
        """Random batches."""
        return shuffled([0] * len(self.samples), self.batch_size, rng_for(self.seed, epoch))

    def batch(self, indices: list[int], rng: np.random.Generator) -> Batch:
        """One batch; the augmentation draws from `rng`."""
        faces = [self.faces[i] for i in indices]
        if self.config:
            faces = [augment_face(face, self.config, rng) for face in faces]
        crops = self.spec.tensor(np.repeat(np.stack(faces)[..., None], self.spec.channels, axis=3))
        frames = len(self.spec.pick(1))  # a network of clips sees a still one
        return Batch(
            (torch.from_numpy(crops[:, None].repeat(frames, axis=1)), torch.ones(len(faces), frames)),
            *targets([self.samples[i] for i in indices]),
        )


def grey_face(sample: Sample, spec: FaceCropSpec) -> UInt8:
    """[size_px, size_px], as the daemon would cut it.

    Raises:
        TrainingError: the picture cannot be decoded.
    """
    grey = cv2.imdecode(np.frombuffer(sample.face or b"", np.uint8), cv2.IMREAD_GRAYSCALE) if sample.face else None
    if grey is None:
        raise TrainingError(f"{sample.corpus} {sample.key}: its picture cannot be decoded; fetch the corpus again")
    if grey.shape == (spec.size_px, spec.size_px):
        return np.asarray(grey, np.uint8)
    return spec.resize(np.repeat(np.asarray(grey, np.uint8)[..., None], 3, axis=2))[..., 0]
