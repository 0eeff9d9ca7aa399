"""Face crops: from a picture and a box to the pixels and the tensor that a video network sees."""

import math

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from streamer.features.arrays import Float32, UInt8

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the picture; may reach beyond its border."""


class FaceCropSpec(msgspec.Struct, frozen=True, tag_field="kind", tag="face_crops", forbid_unknown_fields=True):
    """Square crops of one face, in time."""

    size_px: int = 48
    channels: int = 1
    """1: grey, 3: RGB."""
    scale: float = 1.0
    """Side of the crop, relative to the longer side of the detector's box."""
    mean: float = 0.5
    std: float = 0.25
    """Pixels in [0, 1] are normalised with these."""
    equalise: bool = False
    """Stretch each crop to zero mean and unit deviation: takes away the light of the room."""
    rate_hz: float = 8.0
    """Crops that are looked at per second of speech."""
    max_crops: int = 32
    """Of a longer utterance, this many are taken, evenly spread over it."""
    exact_crops: int = 0
    """A network that needs a fixed number of frames (a clip) says it here; crops are spread or repeated to it. 0: any number."""

    def crop(self, image_rgb: UInt8, bbox_xyxy_px: Box, roll_deg: float = 0.0) -> UInt8:
        """[height, width, 3] and a box -> [size_px, size_px, channels]; turned so that a head tilted by `roll_deg` stands upright."""
        x0, y0, x1, y1 = bbox_xyxy_px
        side = max(x1 - x0, y1 - y0) * self.scale
        zoom = self.size_px / max(side, 1e-6)
        x, y, middle = (x0 + x1) / 2, (y0 + y1) / 2, self.size_px / 2
        cos, sin = zoom * math.cos(math.radians(roll_deg)), zoom * math.sin(math.radians(roll_deg))
        matrix = np.array([[cos, sin, middle - cos * x - sin * y], [-sin, cos, middle + sin * x - cos * y]])
        # Shrinking by much would alias under a bilinear warp: the picture around the face is first made smaller by area.
        pixels = _warp(image_rgb, matrix, self.size_px, zoom)
        return pixels if self.channels == 3 else grey(pixels)[..., None]

    def resize(self, face_rgb: UInt8) -> UInt8:
        """A picture that is one face already, [height, width, 3], any size -> [size_px, size_px, channels]."""
        height, width = face_rgb.shape[:2]
        half = (
            max(height, width) / 2 / self.scale
        )  # the caller's crop stands for the detector's box times `scale`: it is taken whole
        return self.crop(face_rgb, (width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half))

    def tensor(self, crops: UInt8) -> Float32:
        """[n, size_px, size_px, channels] uint8 -> [n, channels, size_px, size_px] float32, normalised."""
        pixels = crops.astype(np.float32) / 255
        if self.equalise:
            mean = pixels.mean(axis=(1, 2, 3), keepdims=True)
            pixels = (pixels - mean) / (pixels.std(axis=(1, 2, 3), keepdims=True) + 0.02)
        else:
            pixels = (pixels - self.mean) / self.std
        return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32)

    def pick(self, n: int) -> list[int]:
        """Which of `n` crops in time order the network sees, as their indices."""
        wanted = self.exact_crops or min(n, self.max_crops)
        if wanted == n:
            return list(range(n))
        return [int(i) for i in np.linspace(0, n - 1, wanted).round()] if n else []


# What OpenCV gives is written into room that is there: to make it, it would ask for Python's lock, and wait for other threads.


def grey(image_rgb: UInt8) -> UInt8:
    """[height, width, 3] -> [height, width]."""
    return np.asarray(
        cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY, dst=np.empty(image_rgb.shape[:2], np.uint8)), np.uint8
    )


def shrunk(image: UInt8, width_px: int, height_px: int) -> UInt8:
    """[height, width, …] made smaller by averaging."""
    room = np.empty((height_px, width_px, *image.shape[2:]), np.uint8)
    return np.asarray(cv2.resize(image, (width_px, height_px), dst=room, interpolation=cv2.INTER_AREA), np.uint8)


def _warp(image_rgb: UInt8, matrix: NDArray[np.float64], size_px: int, zoom: float) -> UInt8:
    shrink = int(1 / zoom) if zoom < 0.5 else 1
    if shrink > 1:
        inverse = cv2.invertAffineTransform(matrix)
        corners = inverse @ np.array([[0, size_px, 0, size_px], [0, 0, size_px, size_px], [1, 1, 1, 1]])
        left, top = np.maximum(np.floor(corners.min(axis=1)).astype(int), 0)
        right, bottom = np.ceil(corners.max(axis=1)).astype(int)
        region = image_rgb[top:bottom, left:right]
        if region.size:
            small = shrunk(region, max(1, region.shape[1] // shrink), max(1, region.shape[0] // shrink))
            scale_x, scale_y = region.shape[1] / small.shape[1], region.shape[0] / small.shape[0]
            matrix = matrix.copy()
            matrix[:, 2] += matrix[:, :2] @ np.array([left, top])
            matrix[:, :2] *= np.array([scale_x, scale_y])
            image_rgb = small
    upright = np.empty((size_px, size_px, *image_rgb.shape[2:]), np.uint8)
    cv2.warpAffine(
        image_rgb, matrix, (size_px, size_px), dst=upright, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return upright
