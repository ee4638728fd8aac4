-- One row per stage of the alert pipeline, shift and site. site_key 'all' is the whole fleet. Percentiles cannot be
-- added up, so each grouping has its own row
with stages as (
    unpivot (
        select
            md5(site_id) as site_key,
            is_overnight,
            detect_to_alert_sec,
            alert_to_notify_sec,
            notify_to_ack_sec,
            ack_to_resolve_sec,
            total_latency_min * 60 as total_sec
        from marts.fct_alert_pipeline_latency
    )
    on detect_to_alert_sec, alert_to_notify_sec, notify_to_ack_sec, ack_to_resolve_sec, total_sec
    into name stage value latency_sec
)

select
    coalesce(site_key, 'all') as site_key,
    case when is_overnight is null then 'All hours' when is_overnight then 'Overnight' else 'Day' end as shift,
    case stage
        when 'detect_to_alert_sec' then 'Detect → alert'
        when 'alert_to_notify_sec' then 'Alert → notify'
        when 'notify_to_ack_sec' then 'Notify → acknowledge'
        when 'ack_to_resolve_sec' then 'Acknowledge → resolve'
        else 'Detect → resolve'
    end as stage,
    case stage
        when 'detect_to_alert_sec' then 1
        when 'alert_to_notify_sec' then 2
        when 'notify_to_ack_sec' then 3
        when 'ack_to_resolve_sec' then 4
        else 5
    end as stage_number,
    count(*) as alerts,
    median(latency_sec) as p50_sec,
    quantile_cont(latency_sec, 0.9) as p90_sec
from stages
group by grouping sets ((stage), (stage, is_overnight), (stage, site_key), (stage, site_key, is_overnight))
order by site_key, shift, stage_number
