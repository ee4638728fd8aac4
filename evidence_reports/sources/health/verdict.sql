-- One row. Words are put together here: a column without a value has no type in a page
select
    verdict,
    tone,
    case
        when errors + warnings = 0 then 'no incident is open'
        else
            concat_ws(
                ', ',
                if(errors > 0, errors || if(errors = 1, ' error', ' errors'), null),
                if(warnings > 0, warnings || if(warnings = 1, ' warning', ' warnings'), null)
            ) || ' since ' || strftime(since, '%d %b %H:%M') || ' UTC'
    end as verdict_note,
    100.0 * runs_succeeded / nullif(runs_ended, 0) as runs_pct,
    runs_succeeded || ' of ' || runs_ended || ', last 28 days' as runs_note,
    if(runs_succeeded = runs_ended, 'good', 'warn') as runs_tone,
    read_at
from verdict
