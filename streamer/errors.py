"""Every error a user can meet. The message says what is wrong, where, and the mend.

StreamerError
├── ConfigError      config.toml, a flag or a variable is wrong; the message starts with the key
├── BundleError      a model bundle is missing, damaged, or does not fit this version
├── SourceError      a file or stream cannot be opened, read or decoded
├── DeviceError      a microphone or camera cannot be opened, or went away
├── EngineError      a speech recogniser or face detector cannot be used
├── PublishError     an address cannot be bound, or a recording cannot be written
├── WireError        what arrived from a publisher is no event of this schema; the message names the field
├── DownloadError    a model file cannot be had, or is not the pinned one
└── StageError       a stage of one source failed; carries the stage's name
"""


class StreamerError(Exception):
    """The root: the command line prints its message without a traceback and exits with 2."""


class ConfigError(StreamerError, ValueError):
    """A setting is unknown, of a wrong type, or contradicts another."""


class BundleError(StreamerError, ValueError):
    """A model bundle is missing, damaged, or does not fit."""


class SourceError(StreamerError, OSError):
    """A file or a network stream cannot be opened or decoded."""


class DeviceError(StreamerError, OSError):
    """A microphone or a camera cannot be opened, or went away."""


class EngineError(StreamerError, RuntimeError):
    """A speech recogniser or a face detector is not usable here."""


class PublishError(StreamerError, OSError):
    """An address cannot be bound or a recording cannot be written."""


class WireError(StreamerError, ValueError):
    """What arrived is no event of this schema."""


class DownloadError(StreamerError, OSError):
    """A model file cannot be downloaded, or is not the pinned one."""


class StageError(StreamerError, RuntimeError):
    """A stage of one source failed; other sources go on."""

    def __init__(self, stage: str, cause: BaseException) -> None:
        super().__init__(
            f"{stage}: {cause}" if isinstance(cause, StreamerError) else f"{stage}: {type(cause).__name__}: {cause}"
        )
        self.stage = stage
        self.cause = cause

    def __reduce__(self) -> tuple[type["StageError"], tuple[str, StreamerError]]:
        """Through a pipe: with the cause as it was said, since not every exception can be sent."""
        return StageError, (self.stage, StreamerError(str(self).removeprefix(f"{self.stage}: ")))
