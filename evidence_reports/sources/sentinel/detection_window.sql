-- One row per period
select
    period,
    covered_days,
    strftime(first_at, '%Y-%m-%d') as first_day,
    strftime(last_at - interval 1 second, '%Y-%m-%d') as last_day
from reports.rpt_detection_window
order by period
