"""What is known of a stream, folded from its events. Pure but for the clock that the caller hands in."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from streamer.wire import Event, Heartbeat, Partial, State, Utterance, topic

KEPT: Final = 400
"""Utterances per source: enough for the last minutes, however short they are."""


@dataclass(slots=True)
class SourceModel:
    """One source."""

    name: str
    state: State | None = None
    partial: Partial | None = None
    """The utterance that goes on, if one does."""
    utterances: deque[Utterance] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def now_s(self) -> float:
        """How far its clock is known to be."""
        last = self.utterances[-1].end_s if self.utterances else 0.0
        heard = self.partial.end_s if self.partial else 0.0
        return max(last, heard, self.state.stream_s if self.state else 0.0)

    @property
    def current(self) -> Utterance | Partial | None:
        """What there is to judge: the utterance that goes on, or else the last one."""
        return self.partial or (self.utterances[-1] if self.utterances else None)

    @property
    def judged(self) -> list[Utterance | Partial]:
        """Everything that was said, oldest first, with what is being said."""
        return [*self.utterances, *([self.partial] if self.partial else [])]


@dataclass(slots=True)
class Model:
    """All sources of one session; a new session begins an empty model."""

    origin: str
    """Where the events come from, for people."""
    session: str | None = None
    heartbeat: Heartbeat | None = None
    sources: dict[str, SourceModel] = field(default_factory=dict)
    lost: int = 0
    """Events that were published and never came."""
    heard_s: float = 0.0
    """When the last event came, on the caller's clock."""
    now_s: float = 0.0
    """The caller's clock."""
    _last_seq: dict[str, int] = field(default_factory=dict)

    def fold(self, event: Event, now_s: float) -> None:
        """Take the next event, at the caller's `now_s`."""
        if event.session != self.session:
            self.session, self.heartbeat = event.session, None
            self.sources.clear()
            self._last_seq.clear()
        kind = topic(event)
        self.lost += max(0, event.seq - self._last_seq.get(kind, event.seq - 1) - 1)
        self._last_seq[kind] = event.seq
        self.heard_s = self.now_s = now_s
        if isinstance(event, Heartbeat):
            self.heartbeat = event
            for name in event.sources:
                self._source(name)
            return
        source = self._source(event.source or "")
        match event:
            case State():
                source.state = event
                if event.activity in {"ended", "failed"}:
                    source.partial = None
            case Partial():
                source.partial = event
            case Utterance():
                source.utterances.append(event)
                if source.partial is not None and source.partial.start_s <= event.end_s:
                    source.partial = None

    def _source(self, name: str) -> SourceModel:
        return self.sources.setdefault(name, SourceModel(name))
