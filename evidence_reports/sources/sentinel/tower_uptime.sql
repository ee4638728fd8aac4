-- One row per tower with readings and period
select
    md5(tower_id) as tower_key,
    md5(site_id) as site_key,
    period,
    uptime_pct,
    sensor_health,
    days_count,
    change_points
from reports.rpt_tower_uptime
order by period, tower_id
