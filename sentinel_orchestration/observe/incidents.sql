-- Carries the signals behind `absorbed_seq` into the incidents. An incident is a row of failures of one problem without a success
-- between them. The one that is open counts as a failure that came before.
create or replace temp table fresh as
select * from signals where seq > (select absorbed_seq from meta)
union all
select 0, problem, kind, subject, check_name, last_failed_at, true, severity, began_at, last_run_id, detail, sample, domain, owner
from incidents
where resolved_at is null and problem in (select problem from signals where seq > (select absorbed_seq from meta));

create or replace temp table islands as
with counted as (
    select *, count(*) filter (not is_bad) over (partition by problem order by seq rows unbounded preceding) as goods from fresh
),
ends as (
    select problem, goods - 1 as island, min(signal_at) as resolved_at from counted where not is_bad group by all
)
select
    c.problem, any_value(c.kind) as kind, any_value(c.subject) as subject, any_value(c.check_name) as check_name,
    max(if(c.severity = 'error', 2, 1)) as worst, arg_min(c.began_at, c.seq) as began_at, min_by(c.signal_at, c.seq) as opened_at,
    max_by(c.signal_at, c.seq) as last_failed_at, count(*) filter (c.seq > 0) as failures, min_by(c.run_id, c.seq) as first_run_id,
    max_by(c.run_id, c.seq) as last_run_id, max_by(c.detail, c.seq) as detail, max_by(c.sample, c.seq) as sample,
    max_by(c.domain, c.seq) as domain, max_by(c.owner, c.seq) as owner, min(c.seq) = 0 as goes_on, e.resolved_at
from counted c left join ends e on e.problem = c.problem and e.island = c.goods
where c.is_bad
group by c.problem, c.goods, e.resolved_at;

update incidents set
    severity = if(i.worst = 2, 'error', incidents.severity), last_failed_at = i.last_failed_at, failures = incidents.failures + i.failures,
    last_run_id = i.last_run_id, detail = i.detail, sample = i.sample, resolved_at = i.resolved_at
from islands i
where i.goes_on and incidents.problem = i.problem and incidents.resolved_at is null;

insert into incidents
select substr(md5(i.problem || i.opened_at::varchar), 1, 8), i.problem, i.kind, i.subject, i.check_name, if(i.worst = 2, 'error', 'warn'),
    coalesce(i.domain, c.domain, a.domain), coalesce(i.owner, c.owner, a.owner), least(i.began_at, i.opened_at), i.opened_at,
    i.last_failed_at, i.resolved_at, i.failures, i.first_run_id, i.last_run_id, i.detail, i.sample, null, null, null
from islands i
left join checks c on c.asset = i.subject and c.check_name = i.check_name
left join assets a on a.asset = replace(i.subject, '__', '/')
where not i.goes_on
on conflict do nothing;

update meta set absorbed_seq = (select coalesce(max(seq), absorbed_seq) from signals where seq > (select absorbed_seq from meta));
