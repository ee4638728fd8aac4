"""CSV and JSON lines as tools and people write them, and as they should not."""

from tests.hostile.case import NO_ROWS, ROWS, Accepted, Case, Quarantined, Refused, csv_of, json_lines, one

SITE = csv_of("sites")
HEADER, ROW = SITE.splitlines(keepends=True)
SECOND = csv_of("sites", {"site_id": "S2"}).splitlines(keepends=True)[1]
OBJECT = json_lines("sites")
NORTH = Accepted({"site_id": ["S1"], "site_name": ["North Rim"], "lat": [46.5]})
BOTH = Accepted({"site_id": ["S1", "S2"], "lat": [46.5, 46.5]})
EVERY_COLUMN = ", ".join(f"{column}.required" for column in ROWS["sites"])
LEFT_OUT = ", ".join(f"{column}.required" for column in list(ROWS["sites"])[2:])
CSV_MEND = "Save it as UTF-8 CSV with one header line and the same number of fields on each line."
JSON_MEND = "Write one JSON object per line, as UTF-8, without a list around them and without a byte-order mark."


def csv_case(name: str, content: str | bytes, outcome: Accepted | Quarantined | Refused) -> Case:
    return one(f"CSV: {name}", "sites", "a.csv", content, outcome)


def json_case(name: str, content: str | bytes, outcome: Accepted | Quarantined | Refused) -> Case:
    return one(f"JSON lines: {name}", "sites", "a.jsonl", content, outcome)


CASES = [
    csv_case("byte-order mark", "\ufeff" + SITE, NORTH),
    csv_case("Latin-1", SITE.replace("North Rim", "Café").encode("latin-1"),
        Refused(f"line 2 is not UTF-8 (invalid continuation byte). {CSV_MEND}")),
    csv_case("Latin-1 far down", (SITE + SECOND * 40_000).encode() + "S3,Café".encode("latin-1"),
        Refused("line 40003 is not UTF-8")),
    csv_case("Latin-1 in the header", ("größe," + SITE).encode("latin-1"), Refused("line 1 is not UTF-8")),
    csv_case("UTF-16", SITE.encode("utf-16"), Refused("is UTF-16 or UTF-32, not UTF-8. Save it as UTF-8.")),
    csv_case("UTF-16 without a mark", SITE.encode("utf-16-le"), Refused("is UTF-16 or UTF-32, not UTF-8.")),
    csv_case("semicolons", csv_of("sites", separator=";"), NORTH),
    csv_case("semicolons and decimal commas", csv_of("sites", {"lat": "46,5"}, separator=";"),
        Quarantined({"lat.type": 1})),
    csv_case("tabs", csv_of("sites", separator="\t"), NORTH),
    csv_case("CRLF", csv_of("sites", {}, {"site_id": "S2"}, line_end="\r\n"), BOTH),
    csv_case("CR alone", SITE.replace("\n", "\r"), Refused("its lines end in CR alone. Save it with LF or CRLF")),
    csv_case("a short line", SITE + "S2,South\n",
        Quarantined({LEFT_OUT: 1}, good=1)),
    csv_case("a long line", SITE + SECOND + SECOND.strip() + ",more\n",
        Refused(f"line 4 has more fields (8) than the header (7). {CSV_MEND}")),
    csv_case("a comma at the end of each line but the header", SITE.strip() + ",\n",
        Refused("line 2 has more fields (8)")),
    csv_case("a line end in quotes", SITE.replace("North Rim", '"North\nRim"') + SECOND,
        Accepted({"site_name": ["North\nRim", "North Rim"]})),
    csv_case("a quote never closed", SITE.replace("North Rim", '"North Rim') + SECOND * 3000,
        Refused("line 2 has a quote that is never closed")),
    csv_case("a bare quote", SITE + SECOND.replace("North Rim", 'Rim 2" wide'),
        Refused("line 3 has a misplaced quote ('Rim 2\" wide'): double it")),
    csv_case("two bare quotes, which embrace a line", SITE + SECOND.replace("North Rim", 'Rim 2" wide') * 2,
        Refused("line 3 has a misplaced quote ('Rim 2\" wide'): double it, and quote the field. " + CSV_MEND)),
    csv_case("two bare quotes around a separator", SITE.replace("North Rim", 'North "a,b" Rim'),
        Refused("line 2 has a misplaced quote ('North \"a'): double it")),
    csv_case("a pair of bare quotes", SITE.replace("North Rim", 'North "Rim" 2'),
        Accepted({"site_name": ['North "Rim" 2']})),
    csv_case("quotes with backslashes", SITE + SECOND.replace("North Rim", r'"North \"Rim\""'),
        Refused(r"""line 3 has a quote with a backslash before it ('"North \\"Rim\\""'): double the quote instead. """
            + CSV_MEND)),
    csv_case("a quote with a backslash at the end of each field",
        SITE.replace("North Rim", r'"North \""') + SECOND.replace("North Rim", r'"North \""'),
        Refused("line 3 has a misplaced quote")),
    csv_case("quotes doubled twice", SITE.replace("North Rim", '""North"" Rim'), Refused("line 2 has a misplaced quote")),
    csv_case("a backslash before the last quote", SITE.replace("North Rim", r'"C:\"'),
        Accepted({"site_name": ["C:\\"]})),
    csv_case("a name twice", HEADER.replace("region", "site_name") + ROW,
        Refused("column site_name is in the header twice. Rename one.")),
    csv_case("no header", ROW + SECOND,
        Refused(f"column {', '.join(ROWS['sites'])} is missing; the contract sites needs it. It has instead: S1, North Rim")),
    csv_case("nothing but blank lines", HEADER + "\n,,,,,,\n\n", NO_ROWS),
    csv_case("blank lines at the end", SITE + "\n\n,,,,,,\n", NORTH),
    csv_case("a line of 20 MB without an end", "x" * 20_000_000, Refused("line 1 has over 16,777,216 bytes.")),
    csv_case("random bytes", bytes(range(256)) * 100, Refused("is UTF-16 or UTF-32")),
    json_case("a list around them", f"[{OBJECT.strip()},\n{OBJECT.strip()}]\n",
        Refused(f"line 1 is not JSON (Expecting value at character {len(OBJECT) + 3}). {JSON_MEND}")),
    json_case("pretty-printed", OBJECT.replace(",", ",\n"), Refused("line 1 is not JSON")),
    json_case("byte-order mark", "\ufeff" + OBJECT,
        Refused(f"line 1 is not JSON (Unexpected UTF-8 BOM (decode using utf-8-sig) at character 1). {JSON_MEND}")),
    json_case("UTF-16", OBJECT.encode("utf-16"), Refused("is UTF-16 or UTF-32, not UTF-8.")),
    json_case("a broken line", OBJECT + '{"site_id": "S2", "site_name"\n' + OBJECT, Refused("line 2 is not JSON")),
    json_case("two objects on a line", OBJECT + OBJECT.strip() + OBJECT, Refused("line 2 is not JSON (Extra data")),
    json_case("a line that is no object", OBJECT + "null\n", Refused(f"line 2 is not an object. {JSON_MEND}")),
    json_case("NaN", OBJECT + OBJECT.replace("46.5", "NaN"),
        Refused("line 2 is not JSON (NaN is not a number in JSON)")),
    json_case("a number beyond any", OBJECT.replace("46.5", "1e400"),
        Refused("line 1 is not JSON (1e400 is not a number in JSON)")),
    json_case("Latin-1", OBJECT.replace("North Rim", "Café").encode("latin-1"), Refused("line 1 is not UTF-8")),
    json_case("an object in a column", json_lines("sites", {"site_name": {"en": "North"}}),
        Refused("column site_name holds Struct({'en': String}), which cannot be read as string. Write it as text.")),
    json_case("a list in a column", json_lines("sites", {"lat": [46.5]}),
        Refused("column lat holds List(Float64), which cannot be read as number. Write it as numbers.")),
    json_case("text and numbers in a column", json_lines("sites", {}, {"site_id": "S2", "lat": "north"}),
        Quarantined({"lat.type": 1}, good=1)),
    json_case("keys left out", OBJECT + '{"site_id": "S2"}\n',
        Quarantined({EVERY_COLUMN.removeprefix("site_id.required, "): 1}, good=1)),
    json_case("an empty object", OBJECT + "{}\n", Quarantined({EVERY_COLUMN: 1}, good=1)),
    json_case("a key that no line has", OBJECT.replace('"region": "West", ', ""),
        Refused("column region is missing; the contract sites needs it.")),
    json_case("half of a surrogate pair", OBJECT.replace("North Rim", "North \\ud800 Rim"),
        Quarantined({"site_name.control_characters": 1})),
]  # fmt: skip
