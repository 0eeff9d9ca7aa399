"""A loaded bundle: encoders, fusion, decision. The daemon and `predict` use this same object."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from streamer import bundle as bundles
from streamer.bundle import Bundle
from streamer.calibration import Calibration, decide_each
from streamer.errors import BundleError
from streamer.features import ContextTurn, load_tokenizer
from streamer.features.arrays import Float32, UInt8
from streamer.inference.prediction import Prediction, emotion_field, sentiment_field
from streamer.inference.providers import CPU, DEFAULT, Execution, Provider, check_gpu
from streamer.inference.session import TOLERANCE, Session
from streamer.labels import MODALITIES, Modality, subset_name
from streamer.messages import SAMPLE_RATE_HZ
from streamer.settings import InferenceSettings
from streamer.wire import BundleField, ModalityField

HALF_PRECISION_TOLERANCE: Final = 5e-3


class Encoding(NamedTuple):
    """What an encoder made of one modality of one utterance."""

    embedding: Float32
    """[steps, width]."""
    mask: Float32
    """[steps], 1 for what is there."""


class Model:
    """The networks of one bundle. Safe to share between threads and sources."""

    def __init__(self, bundle: Bundle, execution: Execution = DEFAULT) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.manifest = manifest
        self.parts = manifest.parts
        tolerance = HALF_PRECISION_TOLERANCE if manifest.precision == "fp16" else TOLERANCE
        self._sessions = {
            kind: Session(kind, bundle.path(file), execution, tolerance=tolerance)
            for kind, file in manifest.graphs.items()
        }
        check_gpu(self.providers, self.refused, execution.provider, require_gpu=execution.require_gpu)
        self._tokenizer = load_tokenizer(bundle.path(bundles.TOKENIZER)) if manifest.text else None
        self._check_shapes()
        self._warm_up()

    @property
    def providers(self) -> dict[str, str]:
        """The execution provider that each session really got, by graph."""
        return {kind: session.provider for kind, session in self._sessions.items()}

    @property
    def refused(self) -> dict[str, str]:
        """Why the GPU could not be used, by graph, where onnxruntime says so: a driver that is too old, a GPU that is hidden."""
        return {kind: session.refused for kind, session in self._sessions.items() if session.refused is not None}

    @property
    def on_gpu(self) -> bool:
        """Whether any of the graphs is."""
        return any(provider != CPU for provider in self.providers.values())

    @property
    def field(self) -> BundleField:
        """As on the wire."""
        return BundleField(name=self.manifest.name, version=self.manifest.version, sha256=self.bundle.sha256)

    def encode_text(
        self, text: str, *, speaker: str | None = None, context: Sequence[ContextTurn] = ()
    ) -> Encoding | None:
        """The words and the dialogue so far, oldest first; None where the bundle reads no text."""
        part = self.manifest.text
        if part is None or self._tokenizer is None:
            return None
        pieces = part.spec.pieces(self._tokenizer, text, speaker=speaker, context=tuple(context))
        inputs = {name: ids[None] for name, ids in pieces._asdict().items()}
        return _first(self._sessions["text"].run(**inputs))

    def encode_audio(self, features: Float32) -> Encoding | None:
        """[steps, width] of the bundle's audio feature; None where the bundle hears nothing."""
        if self.manifest.audio is None:
            return None
        mask = np.ones((1, features.shape[0]), np.float32)
        return _first(self._sessions["audio"].run(features=features[None], mask=mask))

    def encode_crops(self, crops: UInt8) -> Encoding | None:
        """[n, size_px, size_px, channels], in time order, as the bundle's video spec picks them; None where it sees nothing."""
        part = self.manifest.video
        if part is None:
            return None
        tensor = part.spec.tensor(crops)
        mask = np.ones((1, tensor.shape[0]), np.float32)
        return _first(self._sessions["video"].run(crops=tensor[None], mask=mask))

    def fuse(self, encodings: Mapping[Modality, Encoding | None], reasons: Mapping[Modality, str]) -> Prediction:
        """What follows from the modalities that are there, and from each alone; `reasons` says why the others are not."""
        given = {m: encoding for m in MODALITIES if (encoding := encodings.get(m)) is not None}
        # An encoder may mask what it was given, as wav2vec 2.0 does with silence: then it is as good as absent.
        present = frozenset(m for m, encoding in given.items() if encoding.mask.any())
        reasons = {**{m: "nothing in it that could be judged" for m in given if m not in present}, **reasons}
        alone = {m: frozenset({m}) for m in MODALITIES if m in present}
        subsets = list(dict.fromkeys((present, *alone.values())))
        inputs: dict[str, Float32] = {}
        for modality in MODALITIES:
            encoding = given.get(modality) or self._absent(modality)
            there = np.array([modality in subset for subset in subsets], np.float32)
            inputs[modality] = there[:, None, None] * encoding.embedding
            inputs[f"{modality}_mask"] = there[:, None] * encoding.mask
        emotion_logits, sentiment_logits, weights = self._sessions["fusion"].run(**inputs)
        calibrations = [self.manifest.calibration.get(subset_name(subset), Calibration()) for subset in subsets]
        decisions = dict(zip(subsets, decide_each(emotion_logits, sentiment_logits, calibrations), strict=True))
        return Prediction(
            emotion=emotion_field(decisions[present]),
            sentiment=sentiment_field(decisions[present]),
            modalities={
                modality: ModalityField(
                    used=modality in present,
                    weight=round(float(weights[0, i]), 4) if modality in present else 0.0,
                    reason=None if modality in present else self._reason(modality, reasons),
                    emotion=emotion_field(decisions[alone[modality]]) if modality in present else None,
                )
                for i, modality in enumerate(MODALITIES)
            },
        )

    def predict(
        self,
        *,
        text: str | None = None,
        waveform: Float32 | None = None,
        frames: UInt8 | None = None,
        face_crops: UInt8 | None = None,
        times_s: Sequence[float] | None = None,
        speaker: str | None = None,
        context: Sequence[tuple[str | None, str]] = (),
        earlier_waveforms: Sequence[Float32] = (),
    ) -> Prediction:
        """The emotion and sentiment of one utterance, from what there is of it.

        Args:
            text: What was said.
            waveform: Float32 [samples], mono, 16 kHz, in [-1, 1].
            frames: Uint8 [n, height, width, 3], RGB: whole pictures, in which faces are found; with a waveform the face that
                speaks is taken, without one, or of single pictures, the one most in view.
            face_crops: Uint8 [n, height, width, 3], RGB: each picture is one face. Excludes `frames`.
            times_s: Of the frames, rising, on the waveform's clock; 25 a second where not given. Crops are looked at whenever
                they were taken.
            speaker: Who says it, as named in `context`.
            context: The dialogue so far, oldest first, as (speaker or None, text).
            earlier_waveforms: Utterances that the same microphone heard before, oldest first, each as `waveform`: the voice is
                judged relative to them.

        Raises:
            TypeError: an argument is no array, or of a wrong dtype.
            ValueError: an argument has a wrong rank or range.
        """
        from streamer.inference.predict import predict  # faces and voice activity are only needed here

        return predict(
            self,
            text=text,
            waveform=waveform,
            frames=frames,
            face_crops=face_crops,
            times_s=times_s,
            speaker=speaker,
            context=context,
            earlier_waveforms=earlier_waveforms,
        )

    def _reason(self, modality: Modality, reasons: Mapping[Modality, str]) -> str:
        if modality not in self.parts:
            return f"the bundle {self.manifest.name} has no {modality} network"
        return reasons.get(modality, "not given")

    def _absent(self, modality: Modality) -> Encoding:
        """One step of zeros under a mask of 0: the fusion does not look at it."""
        part = self.parts.get(modality)
        width = part.width if part else self._sessions["fusion"].dimension(modality, 2) or 1
        return Encoding(np.zeros((1, width), np.float32), np.zeros(1, np.float32))

    def _check_shapes(self) -> None:
        """Refuse a bundle whose manifest and graphs do not fit, naming the field."""
        fusion = self._sessions["fusion"]
        expected: list[tuple[str, str, int, int, str]] = [
            ("fusion", name, 2, part.width, f"{name}.width") for name, part in self.parts.items()
        ]
        if audio := self.manifest.audio:
            expected.append(("audio", "features", 2, audio.spec.width, "audio.spec"))
        if video := self.manifest.video:
            spec = video.spec
            expected += [("video", "crops", 2, spec.channels, "video.spec.channels")]
            expected += [("video", "crops", axis, spec.size_px, "video.spec.size_px") for axis in (3, 4)]
        for kind, name, axis, size, field in expected:
            found = (fusion if kind == "fusion" else self._sessions[kind]).dimension(name, axis)
            if found is not None and found != size:
                raise BundleError(
                    f"{self.bundle.folder}: {field} in the manifest means {size}, but {kind}.onnx takes {found} for {name}"
                )

    def _warm_up(self) -> None:
        """The first call of a session is slow: it happens here, not at the first utterance. It also shows that the graphs run.

        A GPU also prepares for lengths; so there, the shortest and the longest input are tried.
        """
        try:
            for words, samples, crops in [("Hello there.", 16_000, 2)] if not self.on_gpu else [("a", 1, 1), _LONGEST]:
                self._try(words, samples, crops)
        except BundleError:
            raise
        except Exception as err:  # onnxruntime's exceptions share no public base
            raise BundleError(f"{self.bundle.folder}: its networks do not run ({str(err).splitlines()[0]})") from err

    def _try(self, words: str, samples: int, crops: int) -> None:
        encodings: dict[Modality, Encoding | None] = {
            "text": self.encode_text(words, context=[ContextTurn(None, words)])
        }
        if audio := self.manifest.audio:
            encodings["audio"] = self.encode_audio(audio.spec.extract(np.zeros(samples, np.float32)))
        if video := self.manifest.video:
            n = video.spec.exact_crops or min(crops, video.spec.max_crops)
            shape = (n, video.spec.size_px, video.spec.size_px, video.spec.channels)
            encodings["video"] = self.encode_crops(np.zeros(shape, np.uint8))
        self.fuse(encodings, {})


_LONGEST: Final = ("hello " * 512, 12 * SAMPLE_RATE_HZ, 512)
"""More than any spec takes, but of sound, of which utterances are cut at so much."""


def _first(outputs: list[Float32]) -> Encoding:
    embedding, mask = outputs
    return Encoding(embedding[0], mask[0])


def load_bundle(
    folder: Path | str | None = None, *, provider: Provider = "auto", require_gpu: bool = False, threads: int = 1
) -> Model:
    """Open, check, load and warm up a bundle; the shipped one where no folder is given."""
    return _load(folder, Execution(provider=provider, require_gpu=require_gpu, threads=threads))


def open_model(settings: InferenceSettings) -> Model:
    """The bundle of the daemon's settings, run as they say."""
    execution = Execution(
        provider=settings.provider,
        require_gpu=settings.require_gpu,
        threads=settings.threads,
        batching=settings.batching,
        cuda_graphs=settings.cuda_graphs,
        tensorrt_fp16=settings.tensorrt_fp16,
    )
    return _load(settings.bundle, execution)


def _load(folder: Path | str | None, execution: Execution) -> Model:
    """On a GPU, the same bundle in half precision where it lies beside it."""
    model = Model(bundles.read(folder), execution)
    half = bundles.in_half_precision(model.bundle) if model.on_gpu else None
    return model if half is None else Model(half, execution)
