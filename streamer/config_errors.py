"""What is said of a setting that is wrong: one line, which begins with the key and ends with the place."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Error = Mapping[str, Any]
"""One of `pydantic.ValidationError.errors()`."""
_EXPECTED: Final = {
    "float": "a number",
    "finite": "a finite number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "text",
    "path": "a path",
}
"""By the first word of pydantic's error type."""
_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (Mapping, "a table"),
    ((list, tuple), "a list"),
    (str, "text"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (object, "a date or time"),  # what else TOML has
)


class WrongKeyError(ValueError):
    """Raised by a validator that looks at many keys, of the one that is wrong."""

    def __init__(self, key: str, said: str) -> None:
        super().__init__(said)
        self.key = key


def unknown(key: str, known: Iterable[str], place: str) -> str:
    """A key that no setting has."""
    name = key.rpartition(".")[2]
    return f"{key}: no such key ({place}); {_did_you_mean(name, known)}known here: {', '.join(known)}"


def kind(value: object) -> str:
    """What sort of value it is, said in the place of one that may hold the password of a camera."""
    return next(name for kinds, name in _KINDS if isinstance(value, kinds))


def explain(errors: Sequence[Error], places: Mapping[str, str]) -> str:
    """The first of pydantic's errors.

    Args:
        errors: at least one.
        places: where each value that was given stands, by dotted key.
    """
    keys = [_key(error, places) for error in errors]
    key = keys[0]
    said = _said([error for error, its in zip(errors, keys, strict=True) if its == key])
    if not key:
        return said
    where = dict.fromkeys(place for other, place in places.items() if other == key or other.startswith(f"{key}."))
    others = len(set(keys)) - 1
    return f"{key}: {said} ({', '.join(where)})" + (f"; and {others} more" if others else "")


def _key(error: Error, places: Mapping[str, str]) -> str:
    """Pydantic appends the member of a union that it tried: only what was given is a key."""
    cause = error.get("ctx", {}).get("error")
    key = cause.key if isinstance(cause, WrongKeyError) else ".".join(str(part) for part in error["loc"])
    while key and not any(f"{given}.".startswith(f"{key}.") for given in places):
        key = key.rpartition(".")[0]
    return key


def _said(errors: Sequence[Error]) -> str:
    """Several errors of one key are the members of a union, of which none fits."""
    first = errors[0]
    error_type: str = first["type"]
    message: str = first["msg"]
    value = first["input"]
    got = f"got {kind(value) if isinstance(value, Mapping | list | tuple) else repr(value)}"
    if error_type == "value_error":
        return message.removeprefix("Value error, ")
    if error_type == "literal_error":
        choices: str = first["ctx"]["expected"]
        nearest = _did_you_mean(str(value), [choice.strip("'") for choice in choices.replace(" or ", ", ").split(", ")])
        return f"expected {choices}, {got}" + (f"; {nearest.rstrip()}" if nearest else "")
    if error_type.startswith(("greater_than", "less_than")):
        return f"expected a number {message.removeprefix('Input should be ')}, {got}"
    families = [error["type"].partition("_")[0] for error in errors]
    if error_type == "string_pattern_mismatch" or not set(families) <= _EXPECTED.keys():
        return f"{message[0].lower()}{message[1:]}, {got}"
    return f"expected {' or '.join(_EXPECTED[family] for family in families)}, {got}"


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {close[0]}? " if close else ""
