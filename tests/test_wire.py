import json
import re
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import hypothesis.strategies as st
import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from docs import make_protocol
from streamer import wire
from streamer.errors import WireError
from streamer.wire import KINDS, Event, Heartbeat, Partial, State, Utterance, decode, encode, topic
from tests import talk

DOCS = Path(__file__).parents[1] / "docs"
STAMP: dict[str, Any] = {"session": "5f0c2d9e81aa", "seq": 12, "time": "2026-11-21T10:00:00.000Z"}

PLAIN: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=20),
    types.NoneType: st.none(),
}

GOLDEN_UTTERANCE = (
    b'{"type":"utterance","schema":"1","session":"5f0c2d9e81aa","source":"cam","seq":12,"time":"2026-11-21T10:00:00.000Z",'
    b'"id":"cam-1","start_s":3.2,"end_s":5.84,'
    b'"transcript":{"text":"I can\'t believe it!","confidence":0.83,"engine":"pocketsphinx/en-us"},'
    b'"speaker":{"track_id":1,"bbox_xyxy_px":[212,80,330,231],"score":0.91},'
    b'"emotion":{"label":"surprise","probs":{"anger":0.1133,"disgust":0.068,"fear":0.0408,"joy":0.1888,"neutral":0.0245,'
    b'"sadness":0.0147,"surprise":0.55},"set":["surprise","joy"],"uncertain":true},'
    b'"sentiment":{"label":"positive","probs":{"negative":0.1,"neutral":0.1,"positive":0.8},"set":["positive"],"uncertain":false},'
    b'"modalities":{"text":{"used":true,"weight":0.6,"reason":null,"emotion":null},"audio":{"used":true,"weight":0.25,"reason":null,"emotion":null},'
    b'"video":{"used":true,"weight":0.15,"reason":null,"emotion":null}},'
    b'"latency_ms":{"endpoint":402.1,"asr":3.0,"text":7.2,"audio":4.4,"video":6.1,"fusion":0.6},'
    b'"bundle":{"name":"small","version":"1","sha256":"3fa2b1c03fa2b1c03fa2b1c03fa2b1c03fa2b1c03fa2b1c03fa2b1c03fa2b1c0"}}'
)
GOLDEN_HEARTBEAT = (
    b'{"type":"heartbeat","schema":"1","session":"5f0c2d9e81aa","source":null,"seq":12,"time":"2026-11-21T10:00:00.000Z",'
    b'"version":"0.1.0","uptime_s":172.4,"sources":["cam"],"published":1240,"overflows":0,"error":null}'
)
GOLDEN_HEARTBEAT_MSGPACK = (
    b"\x8c\xa4type\xa9heartbeat\xa6schema\xa11\xa7session\xac5f0c2d9e81aa\xa6source\xc0\xa3seq\x0c"
    b"\xa4time\xb82026-11-21T10:00:00.000Z\xa7version\xa50.1.0\xa8uptime_s\xcb@e\x8c\xcc\xcc\xcc\xcc\xcd\xa7sources\x91\xa3cam"
    b"\xa9published\xcd\x04\xd8\xa9overflows\x00\xa5error\xc0"
)


def test_the_bytes_on_the_wire_are_what_they_were() -> None:
    utterance = msgspec.structs.replace(talk.utterance("cam", 1, 3.2, 5.84), **STAMP)
    heartbeat = msgspec.structs.replace(talk.heartbeat("cam"), **STAMP)
    assert encode(utterance) == GOLDEN_UTTERANCE
    assert encode(heartbeat) == GOLDEN_HEARTBEAT
    assert encode(heartbeat, "msgpack") == GOLDEN_HEARTBEAT_MSGPACK
    assert [topic(utterance), topic(heartbeat)] == ["utterance.cam", "heartbeat"]


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Any value that a field of this type may have."""
    origin, args = typing.get_origin(annotation), get_args(annotation)
    if origin is typing.Literal:
        return st.sampled_from(args)
    parts = [values_of(arg) for arg in args]
    composed: dict[Any, Callable[..., st.SearchStrategy[Any]]] = {
        list: lambda item: st.lists(item, max_size=3),
        dict: lambda key, value: st.dictionaries(key, value, max_size=3),
        tuple: st.tuples,
        types.UnionType: st.one_of,
    }
    if origin in composed:
        return composed[origin](*parts)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        hints = typing.get_type_hints(annotation)
        return st.builds(annotation, **{name: values_of(hints[name]) for name in annotation.__struct_fields__})
    return PLAIN[annotation]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(event=values_of(Event), encoding=st.sampled_from(get_args(wire.Encoding)))
def test_an_event_comes_out_as_it_went_in(event: Event, encoding: wire.Encoding) -> None:
    assert decode(encode(event, encoding)) == event


def test_an_event_from_before_each_modality_said_its_own_can_be_read() -> None:
    payload = json.loads(GOLDEN_UTTERANCE)
    for modality in payload["modalities"].values():
        del modality["emotion"]
    assert decode(json.dumps(payload).encode()) == decode(GOLDEN_UTTERANCE)


def test_fields_that_a_later_version_added_are_ignored() -> None:
    payload = json.loads(GOLDEN_UTTERANCE)
    payload["gaze"] = {"yaw_deg": 3.0}
    payload["emotion"]["valence"] = 0.4
    assert decode(json.dumps(payload).encode()) == decode(GOLDEN_UTTERANCE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_s": "soon"}, r"Expected `float`, got `str` - at `\$.start_s`"),
        ({"type": "weather"}, r"Invalid value 'weather' - at `\$.type`"),
        ({"schema": "2", "start_s": "soon"}, "schema 2 is not this reader's, which is 1; update the older of the two"),
        ({"emotion": {"label": "bliss"}}, r"Invalid enum value 'bliss' - at `\$.emotion.label`"),
    ],
)
def test_what_is_no_event_is_refused_by_the_name_of_its_field(change: dict[str, Any], message: str) -> None:
    payload = json.loads(GOLDEN_UTTERANCE) | change
    with pytest.raises(WireError, match=message):
        decode(json.dumps(payload).encode())
    with pytest.raises(WireError, match=message):
        decode(msgspec.msgpack.encode(payload))


@given(st.binary(max_size=60))
def test_noise_is_refused_and_nothing_worse(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode(payload)


def test_kinds_are_those_of_the_events() -> None:
    assert [kind.__struct_config__.tag for kind in (Utterance, Partial, State, Heartbeat)] == list(KINDS)
    assert set(get_args(Event)) == {Utterance, Partial, State, Heartbeat}


def test_the_documents_are_what_the_code_says() -> None:
    mend = "run `python docs/make_protocol.py`"
    assert (DOCS / "protocol.md").read_text() == make_protocol.markdown(), mend
    assert (DOCS / "protocol.schema.json").read_bytes() == make_protocol.schema(), mend


def test_the_event_in_the_document_is_one_of_this_schema() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", (DOCS / "protocol.md").read_text(), re.DOTALL)
    schema = json.loads((DOCS / "protocol.schema.json").read_bytes())
    jsonschema.Draft202012Validator(schema).validate(json.loads(shown))
    assert json.loads(encode(decode(shown.encode()))) == json.loads(shown)


def test_every_field_is_described() -> None:
    for kind in make_protocol.structs():
        docs = make_protocol.field_docs(kind)
        assert [name for name in kind.__struct_fields__ if not docs.get(name)] == [], kind.__name__


def test_events_satisfy_the_schema_and_broken_ones_do_not() -> None:
    validator = jsonschema.Draft202012Validator(json.loads((DOCS / "protocol.schema.json").read_bytes()))
    for event in talk.talk(ends=True):
        validator.validate(json.loads(encode(event)))
    validator.validate(json.loads(GOLDEN_UTTERANCE) | {"added_later": 1})
    for field in ("schema", "session", "emotion", "modalities"):
        broken = json.loads(GOLDEN_UTTERANCE)
        del broken[field]
        assert not validator.is_valid(broken), field
