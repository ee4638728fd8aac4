-- Open ones first. Times are text, by UTC; opened_at and resolved_at are for the timeline
select
    incident_id,
    problem,
    if(severity = 'error', 'error', 'warning') || if(status = 'acknowledged', ', acknowledged', '') as how_bad,
    status,
    opened_at,
    resolved_at,
    strftime(opened_at, '%Y-%m-%d %H:%M') as opened,
    coalesce(strftime(resolved_at, '%Y-%m-%d %H:%M'), '') as resolved,
    open_hours,
    detect_min,
    failures,
    coalesce(owner, 'nobody') as owner,
    coalesce(detail, '') || coalesce(' For example: ' || sample::varchar, '') as detail
from incidents
order by resolved_at is not null, severity, opened_at desc
