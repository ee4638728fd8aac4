-- What is unusual in how long things take, how many rows they make, and the figures that checks observe. What slos.yaml says of it is in
-- `anomaly_rules`, in its order: of the rules that match a series, the first holds.
create table if not exists anomaly_rules (
    rule integer primary key, measures varchar, series varchar, sensitivity double, direction varchar, min_history integer, floor double
);

-- One row per number that may be judged. A series is named by its asset; that of a figure, by asset, check and the figure's name.
create or replace view measurements as
select seq, 'rows' as measures, asset, asset as series, materialized_at as measured_at, rows::double as value, run_id
from materializations
where partition is null and rows is not null
union all
select seq, 'duration', asset, asset, materialized_at, duration_sec, run_id
from materializations
where partition is null and duration_sec is not null
union all
select seq, 'duration', replace(step, '__', '/'), replace(step, '__', '/'), ended_at, epoch(ended_at - started_at), run_id
from steps
where status = 'succeeded'
union all
select seq, 'figure', asset, asset || ' ' || check_name || ' ' || figure, evaluated_at, (metadata ->> ('$."' || figure || '"'))::double,
    run_id
from (
    select *, unnest(json_keys(metadata)) as figure
    from check_results
    where metadata ->> 'dagster_dbt/failed_row_count' is null
)
where json_type(metadata, '$."' || figure || '"') in ('DOUBLE', 'BIGINT', 'UBIGINT');

-- One row per number that was judged: it had enough before it to be compared with. What was said of it stays, whatever the rules say later.
create table if not exists judgements (
    seq bigint, measures varchar, asset varchar, series varchar, measured_at timestamp, value double, run_id varchar, is_seasonal boolean,
    compared_with bigint, expected double, deviation double, score double, is_unusual boolean, primary key (seq, measures, series)
);

create or replace view anomalies as
select j.* exclude (is_unusual), a.domain, a.owner
from judgements j left join assets a on a.asset = j.asset
where j.is_unusual;
