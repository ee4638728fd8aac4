-- One row per tower, day and class
select
    md5(tower_id) as tower_key,
    detection_date,
    target_class,
    count(*) as detections,
    count(*) filter (where false_positive) as false_positives
from marts.fct_detection_events
group by all
order by detection_date, target_class, tower_key
