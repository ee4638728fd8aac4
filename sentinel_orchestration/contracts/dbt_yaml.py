"""YAML as the files of the dbt project have it: lists indented, small mappings on one line, text on one line."""

from typing import Any

import yaml

LINE_WIDTH = 120


class OnOneLine(dict[str, Any]):
    """A mapping that is written as { key: value }."""


class _Dumper(yaml.SafeDumper):
    """Block style, with lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


_Dumper.add_representer(
    OnOneLine, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)


def dump(document: Any) -> str:
    """The document as text, its keys in the order they are in."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=LINE_WIDTH)


def scalar(value: Any) -> str:
    """One value on one line, quoted where it is text that YAML would read as something else, or might."""
    if isinstance(value, str):
        is_plain = value.replace("_", "").isalnum() and value.isascii() and yaml.safe_load(value) == value
        return value if is_plain else yaml.safe_dump(value, default_style='"', allow_unicode=True, width=2**31).strip()
    return yaml.safe_dump(value).removesuffix("...\n").strip()
