-- One row per site, class and day
select
    md5(site_id) as site_key,
    target_class,
    detection_date,
    count(*) as detections,
    count(*) filter (where auto_resolved) as auto_resolved,
    count(*) filter (where escalated_to_operator) as escalated,
    count(*) filter (where false_positive) as false_positives,
    sum(confidence_score::decimal(18, 6))::double as confidence_sum
from marts.fct_detection_events
group by all
order by detection_date, target_class, site_key
