-- One row per site, class and confidence band of 0.05. The last band includes 1.0
select
    md5(site_id) as site_key,
    target_class,
    least(floor(confidence_score * 20 + 1e-9), 19) / 20 as confidence_from,
    count(*) as detections,
    count(*) filter (where false_positive) as false_positives
from marts.fct_detection_events
where confidence_score is not null
group by all
order by confidence_from, site_key, target_class
