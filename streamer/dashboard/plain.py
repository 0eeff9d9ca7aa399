"""One readable line for each event that changes something: for logs, pipes and terminals that are none."""

from streamer.dashboard.marks import alternatives, clock, counted, printable, share
from streamer.labels import MODALITIES
from streamer.wire import Activity, Event, Heartbeat, State, Utterance


class PlainLines:
    """Remembers what was told of each source, so that it is told once. Each line begins with its source, as a log of several needs it."""

    def __init__(self) -> None:
        self._activity: dict[str, Activity] = {}
        self._error: dict[str, str | None] = {}
        self._session: str | None = None

    def lines(self, event: Event) -> list[str]:
        """What is worth saying of an event, without line ends; often nothing."""
        name = event.source or ""
        if event.session != self._session:  # a daemon that began anew: nothing of it has been told yet
            self._session = event.session
            self._activity.clear()
            self._error.clear()
        match event:
            case Heartbeat():
                return self._trouble("", event.error)
            case Utterance():
                lines = [utterance_line(event)]
            case State():
                lines = self._state_lines(event, name)
            case _:
                return []
        return [f"{printable(name)}  {line}" for line in lines]

    def _state_lines(self, state: State, name: str) -> list[str]:
        before = self._activity.get(name)
        self._activity[name] = state.activity
        lines = [introduction(state)] if before is None else []
        lines += self._trouble(name, state.error)
        if state.activity in {"ended", "failed"} and before != state.activity:
            dropped = [f"{printable(channel)} {count}" for channel, count in state.dropped.items() if count]
            lost = f", dropped {', '.join(dropped)}" if dropped else ""
            lines.append(
                f"{clock(state.stream_s)}  {state.activity} after {counted(state.utterances, 'utterance')}{lost}"
            )
        return lines

    def _trouble(self, name: str, error: str | None) -> list[str]:
        before, self._error[name] = self._error.get(name), error
        return [f"! {printable(error)}"] if error and error != before else []


def utterance_line(said: Utterance) -> str:
    """When, what it is, what was said, by whom, what it rests on, how late."""
    emotion, label = said.emotion, said.emotion.label
    words = f' "{printable(said.transcript.text)}"' if said.transcript else ""
    face = f" face {said.speaker.track_id}" if said.speaker else ""
    used = [(name, said.modalities[name]) for name in MODALITIES if name in said.modalities]
    weights = " ".join(f"{name} {share(field.weight)}" for name, field in used if field.used)
    total_ms = said.latency_ms.get("total")
    judged = f"{label} {emotion.probs[label]:.2f}{alternatives(emotion)} ({said.sentiment.label})"
    parts = [
        f"{clock(said.start_s)}–{clock(said.end_s)}  {judged}{words}{face}",
        weights,
        f"{total_ms:.0f} ms" if total_ms is not None else "",
    ]
    return " · ".join(part for part in parts if part)


def introduction(state: State) -> str:
    """What a source is made of, and what it lacks."""
    inputs = [f"{kind} {printable(name)}" for kind, name in state.inputs.items() if name]
    engines = state.engines
    parts = [
        *inputs,
        f"asr {printable(engines.asr or 'none')}",
        f"faces {printable(engines.detector or 'none')}",
        f"bundle {printable(engines.bundle.name)} {printable(engines.bundle.version)}",
    ]
    lacks = [f"no {name}: {printable(reason)}" for name, reason in state.reasons.items()]
    return " · ".join([*parts, *lacks])
