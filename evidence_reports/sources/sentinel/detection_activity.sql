-- One row per site, class, shortest period, weekday and hour, by the clock of the site where it is known
select
    site_key,
    target_class,
    period_number,
    part_of_day,
    part_hours,
    weekday_number,
    hour_of_day,
    is_local,
    detections
from reports.rpt_detection_activity
order by weekday_number, hour_of_day, target_class, site_key, period_number, is_local
