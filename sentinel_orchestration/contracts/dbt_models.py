"""Writes a feed's staging model, and the table of its rows for a page, as dbt models with tests: the text, from the contract."""

from typing import Any

from sentinel_orchestration.contracts.dbt_sources import DATA_TYPES
from sentinel_orchestration.contracts.dbt_yaml import OnOneLine, dump
from sentinel_orchestration.contracts.model import Contract, LogicalType

DAY = "day"
EXAMPLES: dict[LogicalType, Any] = {
    "string": "A",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "date": "2026-01-31",
    "timestamp": "2026-01-31 13:00:00",
}
STAGING_SQL = """\
with source as (

    select * from {{{{ source('silver', '{feed}') }}}}

),

renamed as (

    select
{columns}

    from source

)

select * from renamed
"""
REPORT_SQL = """\
with received as (

    select * from {{{{ ref('stg_{feed}') }}}}

),

final as (

    select
{columns}

    from received

)

select * from final
"""


def staging_sql(contract: Contract) -> str:
    """The view stg_<feed>: the contract's columns, and in an event feed the day, its partition of silver."""
    names = list(contract.column_names)
    if contract.event_time:
        names.insert(names.index(contract.event_time) + 1, f"cast({DAY} as date) as {DAY}")
    return STAGING_SQL.format(feed=contract.feed, columns=_listed(names))


def staging_yml(contract: Contract) -> str:
    """Its descriptions and tests: the key identifies a row, and each row is in its day."""
    name = f"stg_{contract.feed}"
    columns = _columns(contract)
    about: dict[str, Any] = {"name": name}
    tests = _key_tests(contract, name)
    if contract.event_time:
        day = {"name": DAY, "description": "Day the row happened on, UTC: its partition of silver."}
        columns.insert(contract.column_names.index(contract.event_time) + 1, day)
        about["config"] = OnOneLine(meta=OnOneLine(tested_by_day=True))
        rule = f"cast({contract.event_time} as date) = {DAY}"
        description = "Each row is in the partition of the day it happened on."
        tests.append(_test("holds", f"{name}_is_in_its_day", description, {"rule": rule}))
    about["description"] = f"{contract.description} {contract.grain} Only casts and renames."
    return dump({"models": [about | ({"data_tests": tests} if tests else {}) | {"columns": columns}]})


def report_sql(contract: Contract) -> str:
    """The table rpt_<feed>, for a page: releases hold tables only."""
    return REPORT_SQL.format(feed=contract.feed, columns=_listed(contract.column_names))


def report_yml(contract: Contract) -> str:
    """Its types, descriptions, tests of the key, and a unit test."""
    name = f"rpt_{contract.feed}"
    columns = [
        {"name": found["name"], "data_type": DATA_TYPES[column.type]} | found
        for column, found in zip(contract.columns, _columns(contract), strict=True)
    ]
    tests = _key_tests(contract, name)
    row = OnOneLine({column.name: EXAMPLES[column.type] for column in contract.columns})
    unit_test = {
        "name": f"{name}_passes_rows_on",
        "description": "Each row is passed on as it is.",
        "model": name,
        "given": [{"input": f"ref('stg_{contract.feed}')", "rows": [row]}],
        "expect": {"rows": [OnOneLine(row)]},
    }
    about = {"name": name, "description": f"{contract.description} {contract.grain}"}
    model = about | ({"data_tests": tests} if tests else {}) | {"columns": columns}
    return dump({"models": [model], "unit_tests": [unit_test]})


def _listed(names: list[str]) -> str:
    return ",\n".join(f"        {name}" for name in names)


def _columns(contract: Contract) -> list[dict[str, Any]]:
    columns: list[dict[str, Any]] = []
    for column in contract.columns:
        tests = ["unique"] if contract.key == [column.name] else []
        tests += ["not_null"] if column.is_required else []
        described = {"name": column.name, "description": column.description}
        columns.append(described | ({"data_tests": tests} if tests else {}))
    return columns


def _key_tests(contract: Contract, model: str) -> list[dict[str, Any]]:
    """The test of a key of several columns; that of one column is on the column."""
    if len(contract.key) == 1:
        return []
    return [_test("unique_combination", f"{model}_key_unique", contract.grain, {"columns": contract.key})]


def _test(kind: str, name: str, description: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {kind: {"name": name, "description": description, "arguments": OnOneLine(arguments)}}
