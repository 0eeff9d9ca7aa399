"""What can be wrong with a training's data or request."""

from streamer.errors import StreamerError


class TrainingError(StreamerError, ValueError):
    """A corpus, a recipe's name or a run's folder is not usable; the message names file and row, and the mend."""
