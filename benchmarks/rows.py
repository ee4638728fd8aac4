"""Rows per second: the generator and the gate on telemetry, compared with the per-row loop over the same rows.

Run as `python -m benchmarks.rows OUT.json ROWS LOOP_ROWS REPEATS AS_OF`.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from benchmarks.child import PYTHON, environment, run
from benchmarks.figures import Bench, Figure

FEED, TOWERS, LIMIT = "telemetry", 6_000, 100.0
LEAST_ROWS_PER_DAY = TOWERS * 20  # some hours are lost, some towers are not in service yet
GENERATOR, GATE = "generator", "gate"
LOOP, LOOP_MODEL, LOOP_MAKER = "pydantic loop, gating", "pydantic loop, model only", "pydantic loop, generating"


def row_rates(bench: Bench) -> list[Figure]:
    """Rows per second of each, and how many times as many as the loop's."""
    plan = bench.plan
    group = f"rows per second, {FEED}, {plan.gate_rows:,} rows"
    bench.say(f"{group}: generator, gate, pydantic loop ({plan.loop_rows:,} of them), {plan.repeats} times each")
    measured = bench.scratch / "rows.json"
    arguments = [str(value) for value in (plan.gate_rows, plan.loop_rows, plan.repeats, plan.as_of.isoformat())]
    run([PYTHON, "-m", "benchmarks.rows", str(measured), *arguments], environment())
    rates: dict[str, list[float]] = json.loads(measured.read_text(encoding="utf-8"))

    def times(above: str, below: str, limit: float | None) -> Figure:
        pairs = tuple(a / b for a, b in zip(rates[above], rates[below], strict=True))
        return Figure(group, f"{above} / {below}", "×", pairs, limit, "over")

    lines = [Figure(group, name, "rows/s", tuple(values)) for name, values in rates.items()]
    return [*lines, times(GENERATOR, LOOP_MAKER, LIMIT), times(GATE, LOOP, LIMIT), times(GENERATOR, LOOP, None)]


def main(out: Path, rows: int, loop_rows: int, repeats: int, as_of: datetime) -> None:
    """Measures each, after once unmeasured, and writes name → rows per second of each repeat."""
    import polars as pl

    from benchmarks.loop import check_rows, make_rows, row_model
    from sentinel_orchestration.contracts import load_contracts
    from sentinel_orchestration.feeds.simulator import World, simulate_days, simulate_snapshot
    from sentinel_orchestration.lake.columns import DAY, ORDER, RECEIVED, ROW
    from sentinel_orchestration.lake.gate import conform_frame, gate
    from sentinel_orchestration.settings import window_days

    contracts = load_contracts()
    contract, world = contracts[FEED], World(seed=42, sites=10, towers=TOWERS)
    days = [date.fromisoformat(day) for day in window_days(as_of, 1 + rows // LEAST_ROWS_PER_DAY)]

    def generate() -> pl.DataFrame:
        return pl.concat(simulate_days(FEED, world, days, as_of))

    frame = generate().head(rows)
    raw = frame.with_columns(
        pl.col(contract.event_time or "").dt.strftime("%Y-%m-%d").alias(DAY),
        pl.lit(0, dtype=pl.UInt32).alias(ORDER),
        pl.lit(as_of).alias(RECEIVED),
    ).with_row_index(ROW, offset=1)
    snapshots = {
        reference.feed: simulate_snapshot(reference.feed, world, as_of) for _, reference in contract.references
    }
    referenced = {reference: snapshots[reference.feed][reference.column] for _, reference in contract.references}
    known = {column: frozenset(referenced[reference]) for column, reference in contract.references}
    model, sample, key = row_model(contract), frame.sample(min(loop_rows, frame.height), seed=42), tuple(contract.key)

    def loop() -> int:
        good, rejected = check_rows(sample.iter_rows(named=True), model, key, known)
        assert len(good) == sample.height, f"{len(rejected)} rows of a clean feed were rejected"
        return sample.height

    def model_only() -> int:
        for row in sample.iter_rows(named=True):
            model.model_validate(row)
        return sample.height

    def make() -> int:
        return len(make_rows(model, TOWERS, sample.height, datetime.combine(days[0], datetime.min.time()), seed=42))

    def check() -> int:
        good = gate(conform_frame(raw, contract), contract, referenced).good.height
        assert good == raw.height, f"{raw.height - good} rows of a clean feed were rejected"
        return good

    measured: dict[str, Callable[[], int]] = {
        GENERATOR: lambda: generate().height,
        GATE: check,
        LOOP: loop,
        LOOP_MODEL: model_only,
        LOOP_MAKER: make,
    }
    rates: dict[str, list[float]] = {name: [] for name in measured}
    for repeat in range(repeats + 1):
        for name, work in measured.items():
            started = time.perf_counter()
            done = work()
            if repeat:
                rates[name].append(done / (time.perf_counter() - started))
    out.write_text(json.dumps(rates), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), datetime.fromisoformat(sys.argv[5]))
