-- The tables of the history. Times are naive UTC. `seq` counts the rows of all tables as they came, for those who read on from where they were.
create sequence if not exists seq;

create table if not exists meta (
    version integer primary key, absorbed_seq bigint default 0, judged_seq bigint default 0, read_at timestamp, catalogue_digest varchar
);

-- What the graph is now: one row per asset, per check, and per column. Replaced as a whole when it changes.
create table if not exists assets (
    asset varchar primary key, layer varchar, domain varchar, owner varchar, description varchar, is_daily boolean, has_checks boolean
);
create table if not exists checks (
    asset varchar, check_name varchar, kind varchar, domain varchar, owner varchar, severity varchar, is_blocking boolean,
    description varchar, primary key (asset, check_name)
);

create table if not exists columns (asset varchar, column_name varchar, about varchar, primary key (asset, column_name));

-- One row per column that came, went or changed, and per asset that did.
create table if not exists schema_changes (seen_at timestamp, asset varchar, change varchar, seq bigint);

-- One row per run. `started_by`: command, schedule, sensor, backfill, UI; `starter` names it. `read_to` is where reading goes on.
create table if not exists runs (
    run_id varchar primary key, job varchar, started_by varchar, starter varchar, status varchar, created_at timestamp,
    started_at timestamp, ended_at timestamp, failed_step varchar, error varchar, read_to varchar, is_read boolean, seq bigint
);

-- One row per step of a run and attempt. `is_consequence`: it failed because a check did, which is a problem of its own.
create table if not exists steps (
    run_id varchar, event_id bigint, step varchar, started_at timestamp, ended_at timestamp, status varchar, error varchar,
    is_consequence boolean, seq bigint, primary key (run_id, event_id)
);

-- One row per materialization; of a daily asset, one per day that changed (`partition`) and one of the run as a whole (null).
create table if not exists materializations (
    run_id varchar, event_id bigint, asset varchar, partition varchar, materialized_at timestamp, rows bigint, duration_sec double,
    metadata json, seq bigint, primary key (run_id, event_id)
);

-- One row per result of a check. `status`: passed, skipped, warned, failed. `data_at` is when the rows it judged were made.
create table if not exists check_results (
    run_id varchar, event_id bigint, asset varchar, check_name varchar, evaluated_at timestamp, status varchar, is_blocking boolean,
    description varchar, data_at timestamp, duration_sec double, metadata json, seq bigint, primary key (run_id, event_id)
);

-- What was seen at a moment and is in no run: ticks, daemons, a release that is overdue, an error budget. A row per change.
create table if not exists observations (
    problem varchar, kind varchar, subject varchar, observed_at timestamp, is_bad boolean, severity varchar, began_at timestamp,
    detail varchar, domain varchar, owner varchar, seq bigint
);

-- One row per incident: from the first failure of a problem to its next success.
create table if not exists incidents (
    incident_id varchar primary key, problem varchar, kind varchar, subject varchar, check_name varchar, severity varchar,
    domain varchar, owner varchar, began_at timestamp, opened_at timestamp, last_failed_at timestamp, resolved_at timestamp,
    failures bigint, first_run_id varchar, last_run_id varchar, detail varchar, sample json,
    acknowledged_at timestamp, acknowledged_by varchar, acknowledged_why varchar
);

-- One row per incident of a message that reached its route: why nobody is told twice. A digest is of no incident.
create table if not exists posts (
    incident_id varchar, route varchar, news varchar, severity varchar, failures bigint, posted_at timestamp
);

create or replace view signals as
select seq, 'check ' || asset || ' ' || check_name as problem, 'check' as kind, asset as subject, check_name, evaluated_at as signal_at,
    status in ('warned', 'failed') as is_bad, if(status = 'warned', 'warn', 'error') as severity,
    case when check_name = 'freshness'
        then (metadata ->> 'newest_event_at')::timestamp
            + to_seconds(3600 * coalesce((metadata ->> 'warn_after_hours')::double, (metadata ->> 'error_after_hours')::double))
        else data_at end as began_at,
    run_id, description as detail, metadata -> 'sentinel/sample' as sample, null as domain, null as owner
from check_results
union all
select seq, 'step ' || step, 'step', step, null, ended_at, status = 'failed', 'error', started_at, run_id, error, null, null, null
from steps
where status in ('succeeded', 'failed') and not is_consequence
union all
select seq, 'run ' || job, 'run', job, null, ended_at, status = 'failed', 'error', started_at, run_id, error, null, null, null
from runs
where status in ('succeeded', 'failed') and failed_step is null
union all
select seq, problem, kind, subject, null, observed_at, is_bad, severity, began_at, null, detail, null, domain, owner
from observations;

-- What the report shows: the incidents that are open, or were in its window. Another digest is worth another report.
create or replace view shown_incidents as
select *,
    case when resolved_at is not null then 'resolved' when acknowledged_at is not null then 'acknowledged' else 'open' end as status
from incidents
where (resolved_at is null or resolved_at >= (select read_at - interval 28 day from meta))
    -- whoever sees the page sees that these two work again
    and not (resolved_at is null and subject in ('observe__health', 'published__report'));

create or replace view shown_digest as
select md5(coalesce(string_agg(incident_id || status || severity, ' ' order by incident_id), '')) as digest from shown_incidents;

create or replace view freshness as
select asset, evaluated_at as checked_at, (metadata ->> 'newest_event_at')::timestamp as newest_event_at,
    (metadata ->> 'age_hours')::double as age_hours, (metadata ->> 'warn_after_hours')::double as warn_after_hours,
    (metadata ->> 'error_after_hours')::double as error_after_hours, status, run_id
from check_results
where check_name = 'freshness';

create or replace view quarantine as
select asset, evaluated_at, (metadata ->> 'quarantined')::bigint as rows_quarantined, (metadata ->> 'share')::double as quarantined_share,
    (metadata ->> 'limit_share')::double as limit_share, status, run_id
from check_results
where check_name = 'quarantine_rate';

-- dbt's results in runs of Dagster: how long each model and test took.
create or replace view dbt_results as
select run_id, materialized_at as finished_at, asset as model, null as test, 'success' as status, duration_sec
from materializations
where metadata ->> 'unique_id' is not null
union all
select c.run_id, c.evaluated_at, c.asset, c.check_name, c.status, c.duration_sec
from check_results c join checks using (asset, check_name)
where checks.kind like 'dbt%';
