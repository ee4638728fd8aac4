"""A feed as an adopter would add it, to a copy of the repository: files only, in a domain of its own, without any data.

The feed is an event feed with one freshness limit and a reference to sites. Nothing simulates it.
"""

from pathlib import Path

from sentinel_orchestration.contracts import load_contracts
from sentinel_orchestration.contracts.dbt_sources import write_sources

DOMAIN, FEED = "made_up", "made_up_gusts"

CONTRACT = f"""\
apiVersion: v3.2.0
kind: DataContract
id: sentinel.{DOMAIN}.{FEED}
name: {FEED}
version: 1.0.0
status: active
domain: {DOMAIN}
description:
  purpose: Gusts of wind measured at the sites.
team:
  name: made-up-data
slaProperties:
  - property: freshnessWarn
    value: 1.5
    unit: h
schema:
  - name: {FEED}
    physicalType: table
    dataGranularityDescription: One row per gust.
    properties:
      - name: gust_id
        logicalType: string
        description: Identifier of the gust.
        primaryKey: true
        primaryKeyPosition: 1
        required: true
      - name: site_id
        logicalType: string
        description: Site of the gust.
        required: true
        relationships:
          - type: foreignKey
            to: sites.site_id
      - name: measured_at
        logicalType: timestamp
        description: When the gust was measured, UTC.
        partitioned: true
        required: true
      - name: speed_mps
        logicalType: number
        description: Speed of the gust.
        logicalTypeOptions:
          minimum: 0
          maximum: 150
"""

MODEL_SQL = f"""\
with source as (

    select * from {{{{ source('silver', '{FEED}') }}}}

),

renamed as (

    select
        gust_id,
        site_id,
        measured_at,
        cast(day as date) as day,
        speed_mps

    from source

)

select * from renamed
"""

MODEL_YML = f"""\
models:
  - name: stg_{FEED}
    description: Gusts of wind measured at the sites. One row per gust.
    columns:
      - name: gust_id
        description: Identifier of the gust.
        data_tests:
          - unique
          - not_null
      - name: site_id
        description: Site of the gust.
      - name: measured_at
        description: When the gust was measured, UTC.
      - name: day
        description: Day of the gust, UTC.
      - name: speed_mps
        description: Speed of the gust.
"""


def add_contract(contracts_dir: Path) -> Path:
    """Writes the contract of the feed into a copy of the contracts folder and returns its path."""
    path = contracts_dir / DOMAIN / f"{FEED}.odcs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CONTRACT, encoding="utf-8")
    return path


def add_feed(repository: Path) -> None:
    """Adds the feed to a copy of the repository: its contract, its staging model, and the sources generated again."""
    contracts_dir, staging_dir = repository / "sentinel_orchestration/contracts", repository / "dbt/models/staging"
    add_contract(contracts_dir)
    (staging_dir / DOMAIN).mkdir(parents=True, exist_ok=True)
    (staging_dir / DOMAIN / f"stg_{FEED}.sql").write_text(MODEL_SQL, encoding="utf-8")
    (staging_dir / DOMAIN / f"stg_{FEED}.yml").write_text(MODEL_YML, encoding="utf-8")
    write_sources(load_contracts(contracts_dir).values(), staging_dir)
