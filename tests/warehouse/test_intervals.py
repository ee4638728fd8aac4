"""Intervals against scipy and published tables: Poisson and χ² bounds, Wilson's interval of a share, Student's t, and changes."""

import json
from collections.abc import Iterator

import pytest
from scipy import stats

from tests.warehouse.small_silver import Home

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2


def poisson_bounds(events: int) -> tuple[float, float]:
    """Garwood's interval by the quantiles of χ²."""
    low = stats.chi2.ppf(TAIL, 2 * events) / 2 if events else 0.0
    return low, stats.chi2.ppf(1 - TAIL, 2 * events + 2) / 2


def ask(home: Home, sql: str) -> Iterator[tuple[float, ...]]:
    """Rows of a query in which macros are rendered by dbt."""
    outcome = home.dbt.invoke(["show", "--inline", sql, "--limit", "-1", "--output", "json"])
    for row in outcome.result.results[0].agate_table.rows:
        yield tuple(float(value) for value in row)


def test_poisson_intervals_are_exact(built: Home) -> None:
    rows = built.query("select events, low, high from marts.dim_poisson_interval order by events")
    assert [events for events, *_ in rows] == list(range(101))
    for events, low, high in rows:
        assert (low, high) == pytest.approx(poisson_bounds(events), abs=1e-8)


def test_beyond_the_table_poisson_bounds_are_close(built: Home) -> None:
    sql = """
        select counted.n, {{ poisson('counted.n', 'exact', 'low') }}, {{ poisson('counted.n', 'exact', 'high') }}
        from (select unnest([0, 1, 7, 100, 101, 250, 40000]) as n) as counted
        left join marts.dim_poisson_interval as exact on counted.n = exact.events
    """
    for events, low, high in ask(built, sql):
        assert (low, high) == pytest.approx(poisson_bounds(int(events)), abs=1e-8, rel=1e-9 if events <= 100 else 1e-4)


@pytest.mark.parametrize("trials", [1, 5, 40, 3000])
def test_shares_have_wilson_intervals(built: Home, trials: int) -> None:
    successes = sorted({0, 1, trials // 3, trials - 1, trials})
    sql = f"""
        select k, {{{{ wilson('k', 'n', '-') }}}}, {{{{ wilson('k', 'n', '+') }}}}
        from (select unnest({json.dumps(successes)}) as k, {trials} as n)
    """
    rows = list(ask(built, sql))
    assert [k for k, *_ in rows] == successes
    for k, low, high in rows:
        expected = stats.binomtest(int(k), trials).proportion_ci(LEVEL, method="wilson")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_student_t_is_within_one_percent(built: Home) -> None:
    sql = "select v, {{ student_t('v') }} from (select unnest([4, 5, 9, 30, 1000]) as v)"
    for freedom, quantile in ask(built, sql):
        assert quantile == pytest.approx(stats.t.ppf(1 - TAIL, freedom), rel=0.01)


def test_the_level_and_its_quantile_belong_together(built: Home) -> None:
    ((level, z),) = ask(built, "select {{ var('interval_level') }}, {{ var('interval_z') }}")
    assert z == pytest.approx(stats.norm.ppf((1 + level) / 2), abs=1e-12)


def test_changes_of_counts_are_judged_as_the_exact_test_judges_them(built: Home) -> None:
    """But for those on the verge, where the normal approximation may say the other."""
    sql = """
        select a, b, cast({{ is_count_more_than_noise('a', 'b') }} as int)
        from range(0, 60, 3) as now(a), range(0, 60, 4) as earlier(b)
    """
    judged = 0
    for a, b, is_real in ask(built, sql):
        p = stats.binomtest(int(a), int(a + b)).pvalue if a + b >= 5 else 1.0
        if not 0.04 < p < 0.06:
            assert bool(is_real) == (p < 0.05), (a, b, p)
            judged += 1
    assert judged > 250


# Newcombe, Statistics in Medicine 17 (1998), table II, method 10: two counts and the interval of the difference of their shares
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (10, 10, 0, 10, 0.6075, 1.0),
]


@pytest.mark.parametrize(("a", "m", "b", "n", "low", "high"), NEWCOMBE)
def test_changes_of_shares_are_judged_by_newcombes_interval(
    built: Home, a: int, m: int, b: int, n: int, low: float, high: float
) -> None:
    sql = f"""
        select
            cast({{{{ is_share_more_than_noise(('{a}', '{m}'), ('{b}', '{n}')) }}}} as int),
            cast({{{{ is_share_more_than_noise(('{b}', '{n}'), ('{a}', '{m}')) }}}} as int)
    """
    ((forth, back),) = ask(built, sql)
    assert bool(forth) == bool(back) == (low > 0 or high < 0)
