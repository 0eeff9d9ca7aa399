"""What a webcam makes of a face: pose, distance, light, focus, noise, things in front of it."""

import cv2
import msgspec
import numpy as np

from streamer.features.arrays import UInt8


class FaceAugment(msgspec.Struct, frozen=True, kw_only=True):
    """How far each change goes; shares are of the pictures."""

    rotation_deg: float = 15.0
    shift: float = 0.10
    """Of the picture's side."""
    scale: float = 0.18
    contrast: float = 0.4
    brightness: float = 40.0
    """Of 255."""
    light: float = 0.25
    """Pictures lit from one side."""
    blurred: float = 0.15
    far: float = 0.15
    """Pictures that were a smaller face: down to 20 pixels."""
    noisy: float = 0.15
    hidden: float = 0.2
    """Pictures with a part covered."""


def augment_face(face: UInt8, config: FaceAugment, rng: np.random.Generator) -> UInt8:
    """[side, side] grey -> the same shape."""
    side = face.shape[0]
    if rng.random() < 0.5:
        face = face[:, ::-1]
    turn = rng.uniform(-1, 1) * config.rotation_deg
    zoom = 1 + rng.uniform(-1, 1) * config.scale
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), turn, zoom)
    matrix[:, 2] += rng.uniform(-1, 1, 2) * config.shift * side
    moved = cv2.warpAffine(
        np.ascontiguousarray(face), matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if rng.random() < config.far:
        small = int(rng.integers(20, side))
        moved = cv2.resize(
            cv2.resize(moved, (small, small), interpolation=cv2.INTER_AREA),
            (side, side),
            interpolation=cv2.INTER_LINEAR,
        )
    if rng.random() < config.blurred:
        moved = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.4, 1.4))
    pixels = moved.astype(np.float32)
    mean = pixels.mean()
    pixels = (
        (pixels - mean) * (1 + rng.uniform(-1, 1) * config.contrast) + mean + rng.uniform(-1, 1) * config.brightness
    )
    if rng.random() < config.light:
        angle = rng.uniform(0, 2 * np.pi)
        across = np.linspace(-1, 1, side, dtype=np.float32)
        pixels = pixels * (1 + 0.5 * rng.random() * (np.cos(angle) * across[None, :] + np.sin(angle) * across[:, None]))
    if rng.random() < config.noisy:
        pixels = pixels + rng.normal(0, rng.uniform(2, 15), pixels.shape)
    if rng.random() < config.hidden:
        height, width = rng.integers(side // 8, side // 3, 2)
        top, left = int(rng.integers(0, side - height)), int(rng.integers(0, side - width))
        pixels[top : top + height, left : left + width] = rng.uniform(0, 255)
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)
