-- One row per stage of the alert pipeline, shift and site, and all of each
select
    site_key,
    case shift when 'all' then 'All hours' when 'overnight' then 'Overnight' else 'Day' end as shift,
    ['Detect → alert', 'Alert → notify', 'Notify → acknowledge', 'Acknowledge → resolve', 'Detect → resolve'][stage_number] as stage,
    stage_number,
    alerts,
    p50_sec,
    p90_sec,
    p95_sec,
    p99_sec,
    is_supported
from reports.rpt_alert_latency
order by site_key, shift, stage_number
