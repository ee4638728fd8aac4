-- One row per stage of the alert pipeline, shift, site and period, with all shifts and sites
select
    site_key,
    period,
    case shift when 'all' then 'All hours' when 'overnight' then 'Overnight' else 'Day' end as shift,
    ['Detect → alert', 'Alert → notify', 'Notify → acknowledge', 'Acknowledge → resolve', 'Detect → resolve'][stage_number] as stage,
    stage_number,
    alerts,
    p50_sec,
    p90_sec,
    p95_sec,
    p99_sec
from reports.rpt_alert_latency
order by period, site_key, shift, stage_number
