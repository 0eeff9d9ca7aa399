"""Mouth motion: speech moves mouths; heads, cameras, lamps and noise do not."""

import itertools

import numpy as np
import pytest

from streamer.faces.detection import square_box
from streamer.faces.mouth import face_patch, mouth_motion
from streamer.faces.speaking import MOVING, STILL
from streamer.features.arrays import UInt8
from tests.faces.scenes import head, open_mouth, place, room

BEFORE = place(room(), head(), 300, 180, 120)


def _motion(now: UInt8, x: float = 300, y: float = 180, side: float = 120, roll_deg: float = 0.0) -> float:
    """Against the face as it stood, where the flow tells how the head moved."""
    return mouth_motion(
        face_patch(BEFORE, square_box(300, 180, 120), 0.0), face_patch(now, square_box(x, y, side), roll_deg)
    )


def test_nothing_moved_is_nothing() -> None:
    assert _motion(BEFORE) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("openness", [0.4, 0.7, 1.0])
def test_a_mouth_that_opens_moves(openness: float) -> None:
    assert _motion(place(room(), open_mouth(head(), openness), 300, 180, 120)) > MOVING


@pytest.mark.parametrize(("x", "y", "side"), [(318.4, 171.7, 120), (300, 180, 129), (300, 180, 109), (309, 185, 125)])
def test_a_head_that_moves_is_no_mouth_that_moves(x: float, y: float, side: float) -> None:
    assert _motion(place(room(), head(), x, y, side), x, y, side) < STILL


def test_what_the_flow_leaves_of_the_heads_movement_does_not_count_much() -> None:
    assert _motion(place(room(), head(), 302.5, 178.5, 120)) < STILL


def test_a_head_that_is_tilted_is_no_mouth_that_moves() -> None:
    assert _motion(place(room(), head(), 300, 180, 120, 6), roll_deg=6) < 2 * STILL


@pytest.mark.parametrize("gain", [0.4, 0.8, 1.25])
def test_light_that_changes_is_no_mouth_that_moves(gain: float) -> None:
    assert _motion(np.asarray(np.minimum(BEFORE * gain, 255), np.uint8)) < 2 * STILL


@pytest.mark.parametrize("brightness", [1.0, 0.2])
def test_a_noisy_camera_is_no_mouth_that_moves(brightness: float) -> None:
    rng = np.random.default_rng(0)
    noisy = [
        np.asarray(np.clip(BEFORE * brightness + rng.normal(0, 6, BEFORE.shape), 0, 255), np.uint8) for _ in range(9)
    ]
    patches = [face_patch(picture, square_box(300, 180, 120), 0.0) for picture in noisy]
    motions = [mouth_motion(one, other) for one, other in itertools.pairwise(patches)]
    assert np.mean(motions) < STILL


def test_eyes_that_blink_are_no_mouth_that_moves() -> None:
    blinking = head().copy()
    blinking[80:92, 60:145] = blinking[70:71, 60:145]
    assert _motion(place(room(), blinking, 300, 180, 120)) < STILL
