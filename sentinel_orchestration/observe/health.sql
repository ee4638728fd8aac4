-- What the report's page on the pipeline shows, out of the history into another file, attached as `health`. Small: it is a window, and results are counted.
create table health.state as
select read_at, read_at - interval 28 day as window_start from meta;

create table health.incidents as
select
    incident_id, kind, subject, check_name, replace(subject, '__', '/') || coalesce(' ' || check_name, '') as problem, severity, domain, owner, failures,
    began_at, opened_at, resolved_at, last_failed_at, acknowledged_at, acknowledged_by,
    status,
    date_diff('second', began_at, opened_at) / 60.0 as detect_min,
    date_diff('second', opened_at, coalesce(resolved_at, read_at)) / 3600.0 as open_hours,
    regexp_replace(left(trim(detail), 400), '\s+', ' ', 'g') as detail, sample
from shown_incidents, health.state;

create table health.runs as
select
    run_id, job, started_by, starter, status, created_at, started_at, ended_at, failed_step, error,
    date_diff('millisecond', started_at, coalesce(ended_at, read_at)) / 1000.0 as duration_sec
from runs, health.state
where created_at >= window_start
order by created_at desc
limit 500;

-- The last 30 results of each check that the graph has, oldest first in `results`. It is flaky where it failed and recovered twice.
create table health.checks as
with recent as (
    select *, if(status in ('warned', 'failed'), 1, 0) as is_bad, row_number() over newest as nth
    from check_results
    window newest as (partition by asset, check_name order by seq desc)
    qualify nth <= 30
),
turns as (
    select *, is_bad <> lag(is_bad, 1, is_bad) over (partition by asset, check_name order by seq) as is_turn from recent
),
counted as (
    select
        asset, check_name, count(*) as results, sum(is_bad) as bad_results, count(*) filter (is_turn) as turns,
        arg_max(status, seq) as status, max(evaluated_at) as evaluated_at, arg_max_null(description, seq) as description,
        string_agg(case status when 'passed' then '●' when 'skipped' then '○' when 'warned' then '▲' else '✕' end, '' order by seq)
            as history
    from turns
    group by all
)
select
    c.asset, c.check_name, c.kind, c.domain, c.owner, c.severity, c.is_blocking, coalesce(n.status, 'never run') as status,
    n.evaluated_at, coalesce(n.results, 0) as results, coalesce(n.bad_results, 0) as bad_results, coalesce(n.turns, 0) as turns,
    coalesce(n.turns >= 4, false) as is_flaky, coalesce(n.history, '') as history,
    if(n.status in ('failed', 'warned'), regexp_replace(left(trim(n.description), 200), '\s+', ' ', 'g'), '') as description
from checks c left join counted n using (asset, check_name);

-- The last 30 materializations of each asset as a whole. Of no day: days are rows of their own.
create table health.materializations as
select asset, run_id, materialized_at, rows, duration_sec
from materializations
where partition is null
qualify row_number() over (partition by asset order by seq desc) <= 30;

create table health.assets as
select
    a.asset, arg_max(m.rows, m.materialized_at) as rows, arg_max(m.duration_sec, m.materialized_at) as duration_sec,
    median(m.duration_sec) as usual_duration_sec
from assets a left join health.materializations m using (asset)
group by all;

-- Steps of the runs of jobs, the last 30 of each.
create table health.steps as
select r.job, s.run_id, s.step, s.started_at, s.status, date_diff('millisecond', s.started_at, s.ended_at) / 1000.0 as duration_sec
from steps s join health.runs r using (run_id)
qualify dense_rank() over (partition by r.job order by r.created_at desc) <= 30;

create table health.freshness as
select split_part(asset, '/', 2) as feed, checked_at, newest_event_at, age_hours, warn_after_hours, error_after_hours, status
from freshness, health.state
where checked_at >= window_start and age_hours is not null
qualify row_number() over (partition by asset, date_trunc('hour', checked_at) order by checked_at desc) = 1;

create table health.schema_changes as
select seen_at, asset, change from schema_changes, health.state where seen_at >= window_start;

-- What nobody answers for or looks at.
create table health.coverage as
select asset, 'has no owner' as gap from assets where owner is null
union all
select asset, 'has no check' from assets where not has_checks and layer not in ('checks', 'published', 'observe')
union all
select a.asset, 'has no freshness limit'
from assets a
where a.layer = 'silver' and a.is_daily
    and not exists (select 1 from checks c where c.asset = a.asset and c.check_name = 'freshness');

create table health.verdict as
select
    case when errors > 0 then 'Failing' when warnings > 0 then 'Degraded' else 'Healthy' end as verdict,
    case when errors > 0 then 'bad' when warnings > 0 then 'warn' else 'good' end as tone,
    errors, warnings, acknowledged, since, runs_ended, runs_succeeded,
    (select max(materialized_at) from materializations where asset = 'published/warehouse') as released_at,
    read_at
from health.state, (
    select
        count(*) filter (severity = 'error') as errors, count(*) filter (severity = 'warn') as warnings,
        count(*) filter (status = 'acknowledged') as acknowledged, min(opened_at) as since
    from health.incidents
    where status <> 'resolved'
), (
    select count(*) filter (status in ('succeeded', 'failed')) as runs_ended, count(*) filter (status = 'succeeded') as runs_succeeded from health.runs
);

create table health.digest as from shown_digest;
