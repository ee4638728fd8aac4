-- One row: which release this report shows, its as-of time, and what the checks found. window_days is the time that the
-- events cover, in which a half day is half a day
select
    release_id,
    strftime(as_of, '%Y-%m-%d %H:%M UTC') as as_of,
    strftime(as_of, '%Y-%m-%d') as as_of_date,
    as_of_basis,
    is_historical,
    coalesce(git_revision, 'unknown') as git_revision,
    strftime(window_start, '%Y-%m-%d') as window_start,
    strftime(window_end, '%Y-%m-%d') as window_end,
    date_diff('second', window_start_at, window_end_at) / 86400.0 as window_days,
    checks_passed,
    checks_skipped,
    checks_warned,
    checks_failed,
    checks_passed + checks_skipped + checks_warned + checks_failed as checks_total,
    verdict
from ops.release
