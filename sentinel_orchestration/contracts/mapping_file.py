"""Reads the file of a map and checks it against its contract, or says what is wrong, where, and how to fix it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml
from pydantic import ValidationError

from sentinel_orchestration.contracts.mapping import NO_MAP, ColumnMap, FeedMap, field_names
from sentinel_orchestration.contracts.model import Column, Contract

SUFFIX = ".yaml"
NOT_A_PLACE = {"Factory", "localtime"}  # in the database of zones, but no zone that two machines agree on
KINDS = {"constant": "constant", "join": "join", "physical_name": "physicalName"}
BOOLEANS = ("true", "false")
RULES = {  # of pydantic, in words for people who write YAML
    "dict_type": "must hold entries such as name: value",
    "tuple_type": "must be a list such as [site, unit]",
    "string_type": "must be text",
    "float_type": "must be a number or a fraction such as 5/9",
    "too_short": "has too few entries",
    "string_too_short": "may not be empty",
}


class MappingError(ValueError):
    """A map that cannot be used; the message names the file, the column, the rule and the fix."""


def read_map(folder: Path, contract: Contract) -> FeedMap:
    """The map of a feed, from `folder`/<feed>.yaml; one that says nothing where there is no such file.

    Raises MappingError, with a line for each thing that is wrong.
    """
    path = folder / f"{contract.feed}{SUFFIX}"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return NO_MAP
    except UnicodeDecodeError as error:
        raise MappingError(f"{_shown(path)}: is not UTF-8 ({error.reason}). Save it as UTF-8.") from error
    return parse_file(text, _shown(path), contract)


def parse_file(text: str, name: str, contract: Contract) -> FeedMap:
    """The map that a file of this name and text says. Raises MappingError, with a line for each thing that is wrong."""
    try:
        body = yaml.load(text, _Loader)  # noqa: S506  (a SafeLoader)
        found = NO_MAP if body is None else FeedMap.model_validate(body)
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where else ""
        problem = getattr(error, "problem", None) or str(error)
        raise MappingError(f"{name}: {line}not YAML: {problem}. Correct it.") from error
    except ValidationError as error:
        raise MappingError("\n".join(f"{name}: {_what_is_wrong(detail)}" for detail in error.errors())) from error
    wrong = list(_misfits(found, contract))
    if wrong:
        raise MappingError("\n".join(f"{name}: {problem}" for problem in wrong))
    return found


def refuse_stray_maps(folder: Path, feeds: Collection[str]) -> None:
    """Raises MappingError for a file in `folder` that nothing reads, because its name is not that of one of `feeds`."""
    for path in sorted(folder.glob("[!.]*")) if folder.is_dir() else ():
        if path.suffix == ".yml":
            raise MappingError(f"{_shown(path)}: is not read. Rename it to {path.stem}{SUFFIX}.")
        if path.suffix == SUFFIX and path.stem not in feeds:
            raise MappingError(f"{_shown(path)}: no feed is called {path.stem}. {_nearest(path.stem, feeds)}")


class _Loader(yaml.SafeLoader):
    """Takes every scalar but null as the text it is: 01, yes and 2026-01-31 mean what they mean in a file of rows.

    Refuses a key that comes twice, of which YAML would silently drop the first.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  (PyYAML's way to say it)
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((place for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            mark = node.value[twice][0].start_mark
            raise yaml.MarkedYAMLError(problem=f"{keys[twice]} is there twice", problem_mark=mark)
        return super().construct_mapping(node, deep)


def _what_is_wrong(detail: Mapping[str, Any]) -> str:
    """One error of pydantic in our words."""
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = field_names() if len(detail["loc"]) > 1 else ["columns"]
        return f"{place}: there is no such setting. {_nearest(str(detail['loc'][-1]), known)}"
    rule = RULES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    if detail["type"] in ("model_type", "model_attributes_type"):
        rule = "must hold settings such as physicalName: name_in_the_file" if place else "must begin with columns:"
    return f"{place or 'the file'}: {rule}. It says {str(detail['input'])[:60]!r}. Correct it."


def _misfits(found: FeedMap, contract: Contract) -> Iterator[str]:
    """What in the map the contract does not allow."""
    columns = {column.name: column for column in contract.columns}
    for name, how in found.columns.items():
        if name not in columns:
            yield f"columns.{name}: {contract.feed} has no such column. {_nearest(name, columns)}"
            continue
        yield from (f"columns.{name}: {problem}" for problem in _column_misfits(columns[name], how))


def _column_misfits(column: Column, how: ColumnMap) -> Iterator[str]:
    kinds = [shown for kind, shown in KINDS.items() if kind in how.model_fields_set]
    if not how.model_fields_set:
        yield "says nothing. Remove it, or add one of " + ", ".join(field_names()) + "."
    if len(kinds) > 1:
        yield f"has {' and '.join(kinds)}, but a column comes from one of them. Keep one."
    if how.has_constant:
        yield from _constant_misfits(column, how)
        return
    yield from _join_misfits(column, how)
    yield from _zone_misfits(column, how)
    yield from _unit_misfits(column, how)
    yield from _value_misfits(column, how)


def _join_misfits(column: Column, how: ColumnMap) -> Iterator[str]:
    if how.join and column.type not in ("string", "timestamp"):
        yield f"join makes text or a time, and the column is a {column.type}. Use physicalName."
    if bool(how.join) != bool(how.separator):
        yield "join and separator belong together, so that no two keys become one. Add the one that is missing."


def _zone_misfits(column: Column, how: ColumnMap) -> Iterator[str]:
    if how.time_zone and column.type != "timestamp":
        yield f"timeZone is for a timestamp, and the column is a {column.type}. Remove it."
    if how.time_zone and how.time_zone not in available_timezones() - NOT_A_PLACE:
        yield f"timeZone {how.time_zone} is not in the IANA database. {_nearest(how.time_zone, available_timezones())}"
    if "ambiguous" in how.model_fields_set and not how.time_zone:
        yield "ambiguous says what a local time means, and there is no timeZone. Add it, or remove ambiguous."


def _unit_misfits(column: Column, how: ColumnMap) -> Iterator[str]:
    if how.has_unit and column.type not in ("number", "integer"):
        yield f"factor and offset are for numbers, and the column is a {column.type}. Remove them."
    if how.factor == 0:
        yield "factor 0 makes all values the same. Use a factor other than 0."


def _constant_misfits(column: Column, how: ColumnMap) -> Iterator[str]:
    others = [name for name in field_names() if name not in KINDS.values() and _snake(name) in how.model_fields_set]
    if others:
        yield f"a constant is written as the contract wants it, without {', '.join(others)}. Remove the rest."
    if how.constant is None and column.is_required:
        yield "constant null, but the column is required. Give a value."
    elif how.constant is not None and (problem := _misfit(column, how.constant)):
        yield f"constant {how.constant}: {problem}"


def _value_misfits(column: Column, how: ColumnMap) -> Iterator[str]:
    if how.values and column.type in ("date", "timestamp"):
        yield f"values are for text, numbers and booleans, and the column is a {column.type}. Remove them."
        return
    for old, new in how.values.items():
        if new is not None and (problem := _misfit(column, new)):
            yield f"values.{old}: {new}: {problem}"


def _misfit(column: Column, value: str) -> str | None:
    """Why a column may not have a value; None where it may. A value before its unit is changed may be of any size."""
    if column.allowed and value not in column.allowed:
        return f"is not among the allowed values. {_nearest(value, column.allowed)}"
    if column.type == "boolean" and value.lower() not in BOOLEANS:
        return "is neither true nor false. Write one of them."
    if column.type == "timestamp" and not _is_time(value, datetime):
        return "is not a time. Write it like 2026-01-31T13:00:00Z."
    if column.type == "date" and not _is_time(value, date):
        return "is not a date. Write it like 2026-01-31."
    if column.type in ("number", "integer") and not _is_number(value, whole=column.type == "integer"):
        return f"is not {'a whole number' if column.type == 'integer' else 'a number'}. Write one."
    return None


def _is_time(value: str, kind: type[date]) -> bool:
    try:
        kind.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_number(value: str, whole: bool) -> bool:
    try:
        float(value)
        return not whole or float(value).is_integer()
    except ValueError:
        return False


def _nearest(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant, or all there are, if they are few."""
    names = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in names}
    close = get_close_matches(name.casefold(), folded, n=1)
    if close:
        return f"Did you mean {folded[close[0]]}?"
    return f"Use one of {', '.join(names)}." if len(names) < 50 else "Use a name such as America/Denver or UTC."


def _snake(name: str) -> str:
    return next(field for field in ColumnMap.model_fields if field.replace("_", "") == name.lower())


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
