"""Constructed utterances keep their anchor's label, leave out what is absent, and are matched as often as said."""

import numpy as np
from torch import Tensor

from streamer.labels import EMOTIONS, MODALITIES, Emotion, Modality
from training.calibrate import held_out_scores
from training.runner import Encodings, Scores, Specs
from training.samples import Sample, emotion_of, implied_sentiment
from training.tuples import Matching, Pool, TupleData, Tuples


def _pool(modality: Modality, width: int, views: int) -> Pool:
    """Four samples per emotion; an embedding is its label's number everywhere."""
    labels: list[Emotion] = [e for e in EMOTIONS for _ in range(4)]
    samples = [
        Sample(
            corpus=modality,
            key=str(i),
            split="train",
            emotion=emotion_of(e),
            sentiment=implied_sentiment(emotion_of(e)),
        )
        for i, e in enumerate(labels)
    ]
    numbers = np.array([EMOTIONS.index(e) + 1 for e in labels], np.float32)
    view = Encodings(np.tile(numbers[:, None, None], (1, 1, width)), np.ones((len(labels), 1), np.float32))
    return Pool(samples, [view] * views)


def _tuples(matched: float) -> Tuples:
    return Tuples({m: _pool(m, 3 + i, 2) for i, m in enumerate(MODALITIES)}, Matching(matched=matched, mixed_frames=0))


def test_what_a_subset_lacks_is_one_step_of_zeros_under_a_mask_of_zero() -> None:
    made = _tuples(1.0).make([("text", 0)], [frozenset({"text"})], np.random.default_rng(0), augmented=True)
    assert made["text"].mask.tolist() == [[1.0]]
    for m in ("audio", "video"):
        assert made[m].embedding.shape[1] == 1
        assert not made[m].embedding.any()
        assert not made[m].mask.any()


def test_a_lent_voice_is_of_the_anchors_emotion_as_often_as_the_matching_says() -> None:
    anchors: list[tuple[Modality, int]] = [("text", i % 28) for i in range(4000)]
    subsets = [frozenset[Modality]({"text", "audio"})] * len(anchors)
    made = _tuples(0.6).make(anchors, subsets, np.random.default_rng(0), augmented=False)
    same = made["text"].embedding[:, 0, 0] == made["audio"].embedding[:, 0, 0]
    # The 40 % drawn elsewhere are right by chance too: half are neutral, half any of seven; both agree in one case of seven.
    assert abs(float(same.mean()) - (0.6 + 0.4 / 7)) < 0.03


def test_batches_depend_on_their_place_alone() -> None:
    data = TupleData(_tuples(0.6), batch_size=8, seed=5)
    plan = data.plan(2)
    assert plan == data.plan(2)
    assert plan != data.plan(3)
    first, second = (data.batch(plan[0], np.random.default_rng([5, 2, 0])) for _ in range(2))
    assert all(bool((a == b).all()) for a, b in zip(first.inputs, second.inputs, strict=True))


def test_an_encoder_of_several_steps_lends_them_all_without_what_pads_them() -> None:
    pools = {m: _pool(m, 2, 1) for m in MODALITIES}
    embedding = np.arange(2 * 3 * 2, dtype=np.float32).reshape(2, 3, 2)
    view = Encodings(embedding, np.array([[1, 1, 1], [1, 1, 0]], np.float32))
    made = Tuples({**pools, "text": Pool(pools["text"].samples[:2], [view])}, Matching()).make(
        [("text", 1)], [frozenset({"text"})], np.random.default_rng(0), augmented=True
    )
    np.testing.assert_array_equal(made["text"].embedding[0], embedding[1, :2])
    np.testing.assert_array_equal(made["text"].mask, [[1, 1]])


class _Asked:
    """A runner that judges nothing, and remembers what it was given."""

    def __init__(self) -> None:
        self.specs: Specs = {}
        self.widths: dict[Modality, int] = {}
        self.there: dict[Modality, bool] = {}

    def encode(self, modality: Modality, inputs: tuple[Tensor, ...]) -> Encodings:
        raise NotImplementedError

    def fuse(self, embeddings: dict[Modality, Encodings]) -> Scores:
        self.there = {m: bool(given.mask.all()) for m, given in embeddings.items()}
        n = len(embeddings["text"].mask)
        return Scores(*(np.zeros((n, width), np.float32) for width in (7, 3, 3)))


def test_what_one_modality_says_of_a_subsets_samples_is_measured_without_the_others() -> None:
    both, runner = frozenset[Modality]({"text", "audio"}), _Asked()
    samples = held_out_scores(runner, _tuples(1.0), both)
    assert runner.there == {"text": True, "audio": True, "video": False}
    alone = held_out_scores(runner, _tuples(1.0), both, heard=frozenset({"audio"}))
    assert runner.there == {"text": False, "audio": True, "video": False}
    assert alone.emotion.tolist() == samples.emotion.tolist() == [label for label in range(7) for _ in range(4)]
