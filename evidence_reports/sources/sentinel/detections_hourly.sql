-- One row per site, class, weekday and hour of the day
select
    md5(site_id) as site_key,
    target_class,
    time_of_day,
    isodow(detection_date) as weekday_number,
    left(dayname(detection_date), 3) as weekday,
    hour_of_day,
    count(*) as detections
from marts.fct_detection_events
group by all
order by weekday_number, hour_of_day, target_class, site_key
