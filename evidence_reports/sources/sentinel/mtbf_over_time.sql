-- One row per window and component type
select
    component_type,
    strftime(window_ends_at, '%Y-%m-%d') as window_end,
    failures,
    operating_hours,
    target_mtbf_hours,
    mtbf_hours,
    mtbf_low_hours,
    mtbf_high_hours,
    mtbf_ratio,
    verdict
from reports.rpt_mtbf_over_time
order by window_end, component_type
