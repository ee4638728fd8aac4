-- One row per day and site. site_key 'all' is the whole fleet
select
    coalesce(md5(site_id), 'all') as site_key,
    detection_date,
    count(*) as alerts,
    median(notify_to_ack_sec) as ack_p50_sec,
    quantile_cont(notify_to_ack_sec, 0.9) as ack_p90_sec
from marts.fct_alert_pipeline_latency
group by grouping sets ((detection_date), (detection_date, site_id))
order by detection_date, site_key
