select
    job,
    started_by || coalesce(' ' || starter, '') as started_by,
    status,
    started_at,
    coalesce(strftime(started_at, '%Y-%m-%d %H:%M:%S'), '') as started,
    duration_sec,
    coalesce(replace(failed_step, '__', '/') || ': ' || error, error, '') as error
from runs
order by created_at desc
