"""Strict reading of JSON into dataclasses: every fault is collected with its path, none is raised."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from math import isnan
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from training.trainer.errors import Fault

T = TypeVar("T")


def read(cls: type[T], data: object, path: str, faults: list[Fault]) -> T | None:
    """An instance, or None after at least one fault was added."""
    if not isinstance(data, Mapping):
        faults.append(Fault(path or "spec", "must be an object"))
        return None
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]  # callers pass dataclasses
    before = len(faults)
    for name in data:
        if name not in known:
            faults.append(Fault(_join(path, str(name)), f"is not known; known are {', '.join(known)}"))
    hints = get_type_hints(cls)
    values = {name: _field(f, hints[name], data, _join(path, name), faults) for name, f in known.items()}
    if len(faults) > before:
        return None
    return cls(**{name: value for name, value in values.items() if value is not MISSING})


def _field(field: "Field[Any]", hint: Any, data: Mapping[str, Any], path: str, faults: list[Fault]) -> Any:
    if field.name not in data:
        if field.default is MISSING and field.default_factory is MISSING:
            faults.append(Fault(path, "is missing"))
        return MISSING
    before = len(faults)
    value = _value(hint, data[field.name], path, faults)
    if len(faults) == before and value is not None and (reason := _out_of_range(value, field.metadata)):
        faults.append(Fault(path, reason))
    return value


def _value(hint: Any, value: Any, path: str, faults: list[Fault]) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _value(next(arg for arg in args if arg is not type(None)), value, path, faults)
    if origin is Literal:
        if value not in args:
            faults.append(Fault(path, f"must be one of {', '.join(map(str, args))}, not {value!r}"))
        return value
    if origin in (list, tuple):
        return _items(args[0], value, path, faults)
    if is_dataclass(hint):
        return read(hint, value, path, faults)  # type: ignore[arg-type]  # a dataclass type, not an instance
    return _scalar(hint, value, path, faults)


def _items(hint: Any, value: Any, path: str, faults: list[Fault]) -> Any:
    if not isinstance(value, list):
        faults.append(Fault(path, "must be a list"))
        return ()
    return tuple(_value(hint, item, f"{path}[{i}]", faults) for i, item in enumerate(value))


def _scalar(hint: Any, value: Any, path: str, faults: list[Fault]) -> Any:
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false", dict: "an object"}
    kind = get_origin(hint) or hint
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind in (int, float) and isinstance(value, bool)):
        faults.append(Fault(path, f"must be {names.get(kind, kind.__name__)}, not {value!r}"))
    elif kind is float and isnan(value):
        faults.append(Fault(path, "must be a number, not NaN"))
    return value


def _out_of_range(value: Any, limits: Mapping[str, Any]) -> str | None:
    low, high, above = limits.get("low"), limits.get("high"), limits.get("above")
    if low is not None and value < low:
        return f"must be at least {low}, not {value}"
    if above is not None and value <= above:
        return f"must be more than {above}, not {value}"
    if high is not None and value > high:
        return f"must be at most {high}, not {value}"
    return None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
