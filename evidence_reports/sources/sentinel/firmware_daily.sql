-- A firmware, site and day a row: sums over the towers that run it
select
    md5(health.site_id) as site_key,
    towers.firmware_version,
    health.telemetry_date,
    count(*) as tower_days,
    count(distinct health.tower_id) as towers,
    sum(health.avg_uptime_pct) as uptime_pct_sum,
    sum(health.avg_sensor_health) as sensor_health_sum,
    sum(health.incidents_opened) as incidents_opened
from marts.fct_fleet_health_daily as health
inner join marts.dim_tower as towers using (tower_id)
group by all
order by health.telemetry_date, firmware_version
