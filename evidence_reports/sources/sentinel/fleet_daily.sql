-- A site and day a row: sums over its towers, so that a page can weigh any grouping rightly
select
    md5(health.site_id) as site_key,
    sites.site_name,
    health.telemetry_date,
    count(*) as tower_days,
    sum(health.avg_uptime_pct) as uptime_pct_sum,
    sum(health.avg_sensor_health) as sensor_health_sum,
    sum(health.incidents_opened) as incidents_opened,
    sum(health.critical_incidents) as critical_incidents
from marts.fct_fleet_health_daily as health
left join marts.dim_site as sites using (site_id)
group by all
order by health.telemetry_date, site_name
