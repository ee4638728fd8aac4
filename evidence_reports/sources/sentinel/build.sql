-- One row: which build this report shows, as of when, and what the checks said
select
    build_id,
    strftime(as_of, '%Y-%m-%d %H:%M UTC') as as_of,
    strftime(as_of, '%Y-%m-%d') as as_of_date,
    as_of_basis,
    is_historical,
    coalesce(git_revision, 'unknown') as git_revision,
    strftime(window_start, '%Y-%m-%d') as window_start,
    strftime(window_end, '%Y-%m-%d') as window_end,
    date_diff('day', window_start, window_end) + 1 as window_days,
    checks_passed,
    checks_warned,
    checks_failed,
    checks_passed + checks_warned + checks_failed as checks_total,
    verdict
from ops.build
