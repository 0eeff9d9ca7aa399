"""A model bundle: the folder that training hands to the daemon. This module reads and checks it; it runs nothing.

    manifest.json   what the networks expect and promise
    text.onnx audio.onnx video.onnx fusion.onnx   (a recipe without a modality has no file for it)
    tokenizer.json  where there is text

The graphs speak one language, whatever the recipe:

| graph  | inputs | outputs |
|--------|--------|---------|
| text   | input_ids, attention_mask, token_type_ids: int64 | embedding [batch, steps, width], |
|        | [batch, tokens] | embedding_mask [batch, steps] |
| audio  | features [batch, steps, width], mask [batch, steps] | the same two |
| video  | crops [batch, frames, channels, height, width], mask [batch, frames] | the same two |
| fusion | text, audio, video: [batch, steps, width] | emotion_logits [batch, 7], sentiment_logits [batch, 3], |
|        | text_mask, audio_mask, video_mask: [batch, steps] | weights [batch, 3] |

All but the ids are float32; masks are 1 for what is there. An absent modality is one step of zeros under a mask of 0, and the
fusion must not look at it. `weights` says how much each modality (text, audio, video) counted; it sums to 1 over those present.
A video graph that is `incremental` treats each frame by itself, so its embeddings may be computed as frames arrive.
"""

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from streamer.calibration import Calibration
from streamer.errors import BundleError
from streamer.features import AudioSpec, FaceCropSpec, TextSpec
from streamer.labels import EMOTIONS, SENTIMENTS, Modality

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
TOKENIZER: Final = "tokenizer.json"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One encoder graph."""

    file: str
    width: int
    """Of its embedding."""
    name: str
    """Of the encoder, as in `models.REGISTRY`."""


class TextPart(Part, frozen=True, kw_only=True):
    """The text encoder."""

    spec: TextSpec


class AudioPart(Part, frozen=True, kw_only=True):
    """The audio encoder."""

    spec: AudioSpec


class VideoPart(Part, frozen=True, kw_only=True):
    """The video encoder."""

    spec: FaceCropSpec
    incremental: bool = True


class FusionPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The fusion graph."""

    file: str = "fusion.onnx"
    name: str


class Corpus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data that the networks were trained on."""

    name: str
    licence: str
    use: str


class Metric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measured figure, with its 95 % interval where there is one."""

    name: str
    value: float
    data: str
    split: str
    modalities: str
    n: int
    low: float | None = None
    high: float | None = None
    of: str = ""
    """The emotion whose samples it is about; empty where it is about all of them."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle says of itself."""

    format: int = FORMAT
    name: str
    version: str
    recipe: str
    emotions: tuple[str, ...] = EMOTIONS
    sentiments: tuple[str, ...] = SENTIMENTS
    opset: int
    precision: str
    text: TextPart | None = None
    audio: AudioPart | None = None
    video: VideoPart | None = None
    fusion: FusionPart
    calibration: dict[str, Calibration] = {}
    """By subset of modalities (`labels.subset_name`); a subset that is missing uses the identity."""
    metrics: tuple[Metric, ...] = ()
    corpora: tuple[Corpus, ...] = ()
    parity: dict[str, float] = {}
    """Largest absolute difference to torch, by graph."""
    sha256: dict[str, str] = {}

    @property
    def parts(self) -> dict[Modality, TextPart | AudioPart | VideoPart]:
        """The encoders that there are, in the fixed order."""
        found: dict[Modality, TextPart | AudioPart | VideoPart | None] = {
            "text": self.text,
            "audio": self.audio,
            "video": self.video,
        }
        return {modality: part for modality, part in found.items() if part is not None}

    @property
    def graphs(self) -> dict[str, str]:
        """The file of each graph, by the name of its modality or `fusion`."""
        return {**{str(modality): part.file for modality, part in self.parts.items()}, "fusion": self.fusion.file}

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that the bundle needs beside its manifest."""
        graphs = tuple(self.graphs.values())
        return (*graphs, TOKENIZER) if self.text else graphs


class Bundle(msgspec.Struct, frozen=True):
    """A folder that has been checked, file by file."""

    folder: Path
    manifest: Manifest
    sha256: str
    """Of the manifest, which holds those of all the others."""

    def path(self, name: str) -> Path:
        """One of the bundle's files."""
        return self.folder / name


def shipped() -> Path:
    """The bundle that comes with the package."""
    return Path(__file__).parent / "bundles" / "small"


def read(folder: Path | str | None = None) -> Bundle:
    """Open and check a bundle; the shipped one where no folder is given.

    Raises:
        BundleError: a file is missing, is not the exported one, or the manifest is of another format; it names the file and field.
    """
    folder = Path(folder) if folder else shipped()
    path = folder / MANIFEST
    if not path.is_file():
        raise BundleError(
            f"{folder}: no {MANIFEST} there; a bundle is a folder that `python -m exporters export` writes"
        )
    raw = path.read_bytes()
    try:
        found = msgspec.json.decode(raw, type=_Format).format
        if found != FORMAT:
            raise BundleError(f"{path}: format {found}, this version reads format {FORMAT}; export it again")
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise BundleError(f"{path}: {err}") from err
    _check(folder, manifest)
    return Bundle(folder, manifest, hashlib.sha256(raw).hexdigest())


def in_half_precision(bundle: Bundle) -> Bundle | None:
    """The same networks as `python -m exporters export … --precision fp16` wrote them into a folder beside, `NAME-fp16`; or None."""
    folder = bundle.folder.resolve()
    folder = folder.with_name(f"{folder.name}-fp16")
    if not (folder / MANIFEST).is_file():
        return None
    half = read(folder)
    same = (half.manifest.name, half.manifest.version) == (bundle.manifest.name, bundle.manifest.version)
    return half if same and half.manifest.precision == "fp16" else None


class _Format(msgspec.Struct):
    format: int


def _check(folder: Path, manifest: Manifest) -> None:
    if manifest.emotions != EMOTIONS or manifest.sentiments != SENTIMENTS:
        raise BundleError(
            f"{folder}: its labels are {manifest.emotions} and {manifest.sentiments}, not {EMOTIONS} and {SENTIMENTS}"
        )
    for name in manifest.files:
        if name not in manifest.sha256:
            raise BundleError(f"{folder}: {MANIFEST} has no sha256 of {name}")
        if not (folder / name).is_file():
            raise BundleError(f"{folder}: {name} is missing")
        if sha256(folder / name) != manifest.sha256[name]:
            raise BundleError(
                f"{folder}: {name} is not the file that was exported (its sha256 differs); copy the bundle again"
            )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json`, with the hashes of the files that stand beside it."""
    hashes = {name: sha256(folder / name) for name in manifest.files}
    manifest = msgspec.structs.replace(manifest, sha256=hashes)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
