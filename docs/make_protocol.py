"""Write `docs/protocol.md` and `docs/protocol.schema.json` from the structs of `streamer/wire.py`.

    python docs/make_protocol.py

A test holds both files to the code. The text around the tables stands in `docs/protocol.in.md`.
"""

import ast
import builtins
import inspect
import json
import sys
import typing
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import Any, Final

import msgspec

from streamer import labels, wire

DOCS: Final = Path(__file__).parent
EVENTS: Final = typing.get_args(wire.Event)
NAMES: Final = {
    labels.Emotion: "emotion",
    labels.Sentiment: "sentiment",
    labels.Modality: "modality",
    wire.Activity: "activity",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    NoneType: "null",
}


def structs() -> list[type[msgspec.Struct]]:
    """All structs that travel, in the order of the module."""
    found = (kind for kind in vars(wire).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct))
    return [kind for kind in found if not kind.__name__.startswith("_")]


def field_docs(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The strings below a struct's fields, those of the envelope included."""
    docs = field_docs(wire.Envelope) if kind in EVENTS else {}
    (definition,) = ast.parse(inspect.getsource(kind)).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for field, below in pairwise([*body, ast.Pass()]):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                docs[name] = " ".join(text.split())
    return docs


def type_name(annotation: Any) -> str:
    """A type as a reader of JSON would say it."""
    if annotation in NAMES:
        return NAMES[annotation]
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    names = [type_name(arg) for arg in args if isinstance(arg, type) or typing.get_args(arg)]
    match origin:
        case builtins.list:
            return f"array of {names[0]}" + ("" if names[0].startswith("[") else "s")
        case builtins.tuple:
            return f"array of {len(args)} {names[0]}s"
        case builtins.dict:
            return f"object by {names[0]}: {names[1]}"
        case typing.Literal:
            return " or ".join(f"`{json.dumps(value)}`" for value in args)
    return " or ".join(names) or f"[{annotation.__name__}](#{annotation.__name__.lower()})"


def table(kind: type[msgspec.Struct], *, without: type[msgspec.Struct] | None = None) -> str:
    """A struct's fields."""
    hints, docs = typing.get_type_hints(kind), field_docs(kind)
    skipped = set(without.__struct_fields__) if without else set()
    rows = [
        f"| `{name}` | {type_name(hints[name])} | {docs[name]} |"
        for name in kind.__struct_fields__
        if name not in skipped and name in hints
    ]
    if kind is wire.Envelope:
        rows.insert(1, f"| `type` | {' or '.join(f'`{name}`' for name in wire.KINDS)} | The kind of event. |")
    return "\n".join(["| field | type | meaning |", "|---|---|---|", *rows])


def tables() -> str:
    """All structs: events first, each after its envelope, then what they hold."""
    parts = [f"### Envelope\n\n{wire.Envelope.__doc__}\n\n{table(wire.Envelope)}"]
    parts += [f"### {kind.__name__}\n\n{kind.__doc__}\n\n{table(kind, without=wire.Envelope)}" for kind in EVENTS]
    rest = [kind for kind in structs() if kind not in EVENTS and kind is not wire.Envelope]
    parts += [f"### {kind.__name__}\n\n{kind.__doc__}\n\n{table(kind)}" for kind in rest]
    words = {"emotion": labels.EMOTIONS, "sentiment": labels.SENTIMENTS, "modality": labels.MODALITIES}
    words["activity"] = typing.get_args(wire.Activity)
    values = "\n".join(f"- **{name}**: {', '.join(f'`{value}`' for value in known)}" for name, known in words.items())
    return "\n\n".join([*parts, f"### Words\n\n{values}"])


def markdown() -> str:
    """The whole of `docs/protocol.md`."""
    head, _, tail = (DOCS / "protocol.in.md").read_text().partition("<!-- tables -->\n")
    return f"<!-- Written by docs/make_protocol.py from streamer/wire.py and docs/protocol.in.md. -->\n\n{head}{tables()}\n{tail}"


def _settled(described: dict[str, Any], hint: Any) -> dict[str, Any]:
    """A field of the schema, the same whichever msgspec is here: since 0.23 it names the keys of an object, and puts null last."""
    if "anyOf" in described:
        described["anyOf"].sort(key=lambda option: option.get("type") == "null")
    if typing.get_origin(hint) is dict and (words := typing.get_args(typing.get_args(hint)[0])):
        return {"type": "object", "propertyNames": {"enum": sorted(words)}} | described
    return described


def schema() -> bytes:
    """JSON Schema of an event; every field that this version writes is required, further ones are allowed."""
    root = msgspec.json.schema(wire.Event)
    for kind in structs():
        if (definition := root["$defs"].get(kind.__name__)) is None:
            continue
        definition["required"] = list(definition["properties"])
        for name, hint in typing.get_type_hints(kind).items():
            if name in definition["properties"]:
                definition["properties"][name] = _settled(definition["properties"][name], hint)
        for name, doc in field_docs(kind).items():
            if doc:
                definition["properties"][name]["description"] = doc
    root = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"streamer event, schema {wire.SCHEMA}",
    } | root
    return msgspec.json.format(msgspec.json.encode(root), indent=2) + b"\n"


def main() -> None:
    """Write both files."""
    (DOCS / "protocol.md").write_text(markdown())
    (DOCS / "protocol.schema.json").write_bytes(schema())
    sys.stdout.write(f"wrote {DOCS / 'protocol.md'} and protocol.schema.json\n")


if __name__ == "__main__":
    main()
