"""Sums and means in the report are the same whatever the order of the rows, since releases are compared by their content."""

import re

import duckdb
import pytest

from tests.warehouse.small_silver import DBT_DIR, Home

REPORTS = sorted((DBT_DIR / "models/reports").rglob("*.sql"))
# What is added up: millionths, by macro or in the model's first lines, or whole numbers by the names that they have here
ADDED = re.compile(r"\b(avg|sum)\(\s*((?:\{\{.*?\}\}|[^()]|\([^()]*\))*)\)", re.DOTALL)
WHOLE = re.compile(r"_us\b|_count\b|\bdetections\b|\bevents\b|\bspares_to_order\b|shared_us")


def exact(home: Home, values: str) -> str:
    """The macro's SQL."""
    rendered = home.dbt.invoke(["show", "--inline", f"select '{{{{ exact('{values}') }}}}' as sql"])
    return str(rendered.result.results[0].agate_table.rows[0][0])


def test_a_mean_of_millionths_does_not_depend_on_the_order_of_its_rows(built: Home) -> None:
    """Of rounded values a mean is often half a millionth off: then rounding it says another thing for another order."""
    cast = exact(built, "x")
    with duckdb.connect() as connection:
        connection.execute("select setseed(0.5)")
        connection.execute("""
            create table shuffled as
            select lists.list, orders.number, 90 + floor(10e6 * hash(lists.list, items.item) / 18446744073709551615) / 1e6 as x
            from range(2000) as lists(list), range(20) as orders(number), range(16) as items(item)
            order by lists.list, orders.number, random()
        """)

        def differing(mean: str) -> int:
            return connection.execute(f"""
                select count(*)
                from (
                    select list, count(distinct mean) as means
                    from (select list, number, round({mean}, 6) as mean from shuffled group by all)
                    group by list
                    having means > 1
                )
            """).fetchall()[0][0]

        assert differing("avg(x)") > 0  # the case is there
        assert differing(f"avg({cast})") == 0
        assert differing(f"cast(sum({cast}) as double)") == 0


@pytest.mark.parametrize("model", REPORTS, ids=[path.stem for path in REPORTS])
def test_models_add_up_millionths_or_whole_numbers(model) -> None:
    text = model.read_text()
    cast = set(re.findall(r"exact\('[\w.]+'\) \}\} as (\w+)", text))
    for function, added in ADDED.findall(text):
        names = set(re.findall(r"\w+", added.split(" filter ")[0]))
        assert "exact(" in added or "decimal(" in added or WHOLE.search(added) or names & cast, f"{function}({added})"
