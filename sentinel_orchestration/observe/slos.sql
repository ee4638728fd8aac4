-- How well the pipeline keeps its promises. What slos.yaml says is in `slos`, replaced as a whole whenever the history is brought up.
create table if not exists slos (
    slo varchar primary key, description varchar, measures varchar, subject varchar, limit_value double, objective double,
    window_days integer, min_events integer, severity varchar, owner varchar
);

-- One row per event that an SLO may count. `value` is what a limit of its own is compared with; `is_good` holds where it has none.
-- A judgement of the quarantine is about all rows of its feed, so the rows of each would be counted again with every build: it is one event.
create or replace view indicators as
select 'freshness' as measures, asset as subject, checked_at as happened_at, status = 'passed' as is_good, age_hours as value
from freshness
where status != 'skipped'
union all
select 'quarantine', asset, evaluated_at, status = 'passed', quarantined_share from quarantine where status != 'skipped'
union all
select 'success', job, ended_at, status = 'succeeded', null from runs where status in ('succeeded', 'failed')
union all
select 'run_duration', job, ended_at, false, epoch(ended_at - created_at) from runs where status = 'succeeded'
union all
select 'step_duration', replace(step, '__', '/'), ended_at, false, epoch(ended_at - started_at) from steps where status = 'succeeded'
union all
select 'detection', problem, opened_at, false, epoch(opened_at - began_at) from incidents
union all
select 'alert', any_value(problem), min(posted_at), false, epoch(min(posted_at) - any_value(opened_at))
from posts join incidents using (incident_id)
group by incident_id;

create or replace view slo_events as
select s.slo, i.happened_at, coalesce(i.value <= s.limit_value, i.is_good) as is_good
from slos s join indicators i on i.measures = s.measures and i.subject glob s.subject;

-- Multiwindow, multi-burn-rate alerts, three per SLO (The Site Reliability Workbook, chapter 5). The burn rate is the share of bad
-- events over the share that the objective allows: at 1, the budget lasts exactly its window. Both windows must be over the factor: the long
-- one says that it matters, the short one that it still goes on. Events here are minutes or hours apart; a short window in which
-- nothing happened is that of the newest event, which holds until the next. `min_events` is the least in the long window.
create or replace macro slo_burns_at(moment) as table
with spans (span, span_length) as (
    values ('5 minutes', interval 5 minute), ('30 minutes', interval 30 minute), ('1 hour', interval 1 hour), ('6 hours', interval 6 hour),
        ('3 days', interval 3 day)
),
alerts (step, level, factor, long_window, short_window) as (
    values (1, 'page', 14.4::double, '1 hour', '5 minutes'), (2, 'page', 6, '6 hours', '30 minutes'), (3, 'ticket', 1, '3 days', '6 hours')
),
recent as (
    select slo, happened_at, is_good, max(happened_at) over (partition by slo) as newest
    from slo_events
    where happened_at <= moment and happened_at > moment - interval 3 day
),
burns as (
    select s.slo, spans.span, count(r.happened_at) filter (r.happened_at > moment - spans.span_length) as events,
        count(r.happened_at) filter (r.happened_at > moment - spans.span_length and not r.is_good) as bad_events,
        avg((not r.is_good)::integer) filter (r.happened_at > moment - spans.span_length or r.happened_at = r.newest) / (1 - s.objective) as burn
    from slos s cross join spans left join recent r on r.slo = s.slo
    group by s.slo, s.objective, spans.span
)
select s.slo, a.step, a.level, a.factor, a.long_window, a.short_window, l.events, l.bad_events,
    if(l.events > 0, l.burn, null) as long_burn, n.burn as short_burn,
    coalesce(l.events >= s.min_events and l.burn > a.factor and n.burn > a.factor, false) as is_burning
from slos s
cross join alerts a
join burns l on l.slo = s.slo and l.span = a.long_window
join burns n on n.slo = s.slo and n.span = a.short_window;

-- One row per SLO. The budget is the share of bad events that the objective allows over the window; at burn rate b, what is left of it lasts
-- window × left / b. `alert` to `burn` are of the fastest of the three that burns.
create or replace macro slo_status_at(moment) as table
with counted as (
    select s.slo, count(e.happened_at) as events, count(e.happened_at) filter (not e.is_good) as bad_events
    from slos s left join slo_events e on e.slo = s.slo and e.happened_at <= moment and e.happened_at > moment - to_days(s.window_days)
    group by s.slo
),
burns as (
    select slo, max(long_burn) filter (step = 1) as burn_1h, max(long_burn) filter (step = 2) as burn_6h,
        max(long_burn) filter (step = 3) as burn_3d, arg_min(level, step) filter (is_burning) as alert,
        arg_min(long_window, step) filter (is_burning) as alert_window, arg_min(events, step) filter (is_burning) as alert_events,
        arg_min(bad_events, step) filter (is_burning) as alert_bad_events, arg_min(long_burn, step) filter (is_burning) as burn
    from slo_burns_at(moment)
    group by slo
),
budgets as (
    select s.*, c.events, c.bad_events, c.bad_events / nullif(c.events, 0) as bad_share,
        1 - c.bad_events / nullif(c.events, 0) / (1 - s.objective) as budget_left_share, b.* exclude (slo)
    from slos s join counted c using (slo) join burns b using (slo)
)
select *, moment as judged_at,
    case
        when events = 0 then 'no events'
        when alert = 'page' then 'burning fast'
        when alert = 'ticket' then 'burning'
        when events < min_events then 'too few events'
        when budget_left_share <= 0 then 'spent'
        else 'kept'
    end as verdict,
    if(alert = 'page' and severity = 'error', 'error', 'warn') as alert_severity,
    to_seconds(86400 * window_days * greatest(budget_left_share, 0) / burn) as lasts
from budgets;

create or replace view slo_status as select * from slo_status_at((select read_at from meta));

-- One row per SLO and day: its events, and what is left of the budget at the end of the day.
create or replace view slo_daily as
with counts as (
    select slo, happened_at::date as day, count(*) as events, count(*) filter (not is_good) as bad_events from slo_events group by all
),
days as (
    select slo, unnest(generate_series(min(day), (select max(day) from counts), interval 1 day))::date as day from counts group by slo
)
select d.slo, d.day, coalesce(sum(c.events) filter (c.day = d.day), 0)::bigint as events,
    coalesce(sum(c.bad_events) filter (c.day = d.day), 0)::bigint as bad_events,
    1 - sum(c.bad_events) / sum(c.events) / (1 - s.objective) as budget_left_share
from days d
join slos s on s.slo = d.slo
left join counts c on c.slo = d.slo and c.day > d.day - s.window_days and c.day <= d.day
group by d.slo, d.day, s.objective
order by d.slo, d.day;
