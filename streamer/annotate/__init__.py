"""A folder of recordings becomes one table of utterances: in parallel, resumable, and a bad file stops no other."""

from streamer.annotate.folder import Annotated, annotate
from streamer.annotate.recordings import Recordings, recordings_in

__all__ = ["Annotated", "Recordings", "annotate", "recordings_in"]
