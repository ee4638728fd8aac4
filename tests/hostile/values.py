"""Values out of range, keys that come again, text that wants to be more than text."""

import polars as pl

from tests.hostile.case import Accepted, Case, Quarantined, Refused, csv_of, json_lines, one, parquet, table

NASTY = [
    "<script>window.__hacked = 1</script>",
    '<img src=x onerror="window.__hacked = 1">',
    "'; drop table marts.dim_site; --",
    "${7*7} {{7*7}} #{7*7} %s %n",
    "back\\slash, \"quotes\" and 'more', semi;colon | pipe",
    "line\none\ttab\r\nend",
    "🛰️ 👩‍🚀 Zürich 東京 ‮abc‬",
    "=cmd|'/c calc'!A0",
    "NULL",
    "../../etc/passwd",
    "-1",
]
NASTY_SITES = [{"site_id": f"S{n:02}", "site_name": text} for n, text in enumerate(NASTY)]
MEGABYTE = "N" * 1_000_000


def part(name: str, outcome: Accepted | Quarantined, **values: object) -> Case:
    return one(name, "inventory", "a.csv", csv_of("inventory", values), outcome)


def reading(name: str, outcome: Accepted | Quarantined, value: object) -> Case:
    return one(name, "telemetry", "a.csv", csv_of("telemetry", {"cpu_pct": value}), outcome)


def site_named(name: str, outcome: Accepted | Quarantined, text: str) -> Case:
    return one(name, "sites", "a.jsonl", json_lines("sites", {"site_name": text}), outcome)


CASES = [
    reading("just over the maximum", Quarantined({"cpu_pct.maximum": 1}), 100.0000001),
    reading("under the minimum", Quarantined({"cpu_pct.minimum": 1}), -1),
    reading("NaN where a number is required", Quarantined({"cpu_pct.required": 1}), "NaN"),
    reading("infinity", Quarantined({"cpu_pct.maximum": 1}), "inf"),
    reading("minus infinity", Quarantined({"cpu_pct.minimum": 1}), "-inf"),
    reading("1e308", Quarantined({"cpu_pct.maximum": 1}), "1e308"),
    reading("1e400", Quarantined({"cpu_pct.maximum": 1}), "1e400"),
    reading("-0.0", Accepted({"cpu_pct": [0.0]}), "-0.0"),
    reading("a number with a unit", Quarantined({"cpu_pct.type": 1}), "50 %"),
    reading("a thousands separator", Quarantined({"cpu_pct.type": 1}), "1_0"),
    one("NaN in parquet", "telemetry", "a.parquet", parquet(table("telemetry", cpu_pct=pl.Series([float("nan")]))),
        Quarantined({"cpu_pct.required": 1})),
    part("an integer beyond 2^53", Quarantined({"on_hand.maximum": 1}), on_hand="9007199254740993"),
    part("an integer beyond int64", Quarantined({"on_hand.type": 1}), on_hand="9223372036854775808"),
    part("an integer of a hundred digits", Quarantined({"on_hand.type": 1}), on_hand="9" * 100),
    part("half a part", Quarantined({"on_hand.type": 1}), on_hand="1.5"),
    part("a whole float", Accepted({"on_hand": [7]}), on_hand="7.0"),
    part("hexadecimal", Quarantined({"on_hand.type": 1}), on_hand="0x10"),
    one("a uint64 beyond int64", "inventory", "a.parquet",
        parquet(table("inventory", on_hand=pl.Series([2**63], dtype=pl.UInt64))),
        Quarantined({"on_hand.type": 1})),
    one("a JSON integer beyond int64", "inventory", "a.jsonl", json_lines("inventory", {"on_hand": 10**30}),
        Quarantined({"on_hand.type": 1})),
    one("an exact repeat", "sites", "a.csv", csv_of("sites", {}, {}, {}), Accepted({"site_id": ["S1"]}, duplicates=2)),
    one("a key again with other content", "sites", "a.csv", csv_of("sites", {"lat": 1.0}, {"lat": 2.0}),
        Accepted({"lat": [2.0]}, superseded=1)),
    Case("a key again in a later file", "sites",
        {"a.csv": csv_of("sites", {"lat": 1.0}), "b.jsonl": json_lines("sites", {"lat": 2.0})},
        Accepted({"lat": [2.0]}, superseded=1)),
    one("keys alike but for case and spaces", "sites", "a.csv",
        csv_of("sites", {"site_id": "s1"}, {"site_id": "S1"}, {"site_id": "S1 "}),
        Accepted({"site_id": ["S1", "S1 ", "s1"]})),
    one("a tower nobody knows", "telemetry", "a.csv", csv_of("telemetry", {}, {"tower_id": "TWR-9999"}),
        Quarantined({"tower_id.reference": 1}, good=1)),
    one("a tower that is an attack", "telemetry", "a.csv", csv_of("telemetry", {"tower_id": "TWR-0001' or '1'='1"}),
        Quarantined({"tower_id.reference": 1})),
    one("nothing but orphans", "towers", "a.csv", csv_of("towers", {"site_id": "S404"}),
        Quarantined({"site_id.reference": 1})),
    one("a rule over two columns", "components", "a.csv", csv_of("components", {"is_failed": False}),
        Quarantined({"failed_has_time": 1})),
    one("three rules at once", "sites", "a.csv", csv_of("sites", {"env": "moon", "lat": "?", "lng": 181}),
        Quarantined({"env.allowed, lat.type, lng.maximum": 1})),
    one("an empty key", "sites", "a.csv", csv_of("sites", {"site_id": ""}), Quarantined({"site_id.required": 1})),
    one("text of every nasty kind", "sites", "a.csv", csv_of("sites", *NASTY_SITES),
        Accepted({"site_name": NASTY})),
    one("the same in JSON lines", "sites", "a.jsonl", json_lines("sites", *NASTY_SITES),
        Accepted({"site_name": NASTY})),
    site_named("a megabyte of text", Quarantined({"site_name.length": 1}), MEGABYTE),
    one("a megabyte of text in CSV, beside a good row", "sites", "a.csv",
        csv_of("sites", {}, {"site_id": "S2", "site_name": MEGABYTE}),
        Quarantined({"site_name.length": 1}, good=1)),
    site_named("just short enough", Accepted({"site_name": ["é" * 200]}), "é" * 200),
    site_named("NUL", Quarantined({"site_name.control_characters": 1}), "North\0Rim"),
    site_named("an escape sequence of terminals", Quarantined({"site_name.control_characters": 1}), "\x1b[31mNorth"),
    site_named("the same in eight bits", Quarantined({"site_name.control_characters": 1}), "\x9b31mNorth"),
    one("two ids that look the same", "sites", "a.csv", csv_of("sites", {"site_id": "Z\u00fcrich"}, {"site_id": "Zu\u0308rich"}),
        Quarantined({"site_id.unicode_form": 1}, good=1)),
    site_named("decomposed letters in a name", Accepted({"site_name": ["Zu\u0308rich"]}), "Zu\u0308rich"),
    one("NUL in CSV", "sites", "a.csv", csv_of("sites", {"site_name": "North\0Rim"}),
        Quarantined({"site_name.control_characters": 1})),
    one("text in parquet that is not UTF-8", "sites", "a.parquet",
        parquet(table("sites")).replace(b"North Rim", b"North\xffRim"),
        Refused("String data contained invalid UTF-8. The file is damaged")),
]  # fmt: skip
