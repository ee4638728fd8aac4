-- One row per site and day: sums over its towers, so that a page can weight any grouping correctly
select
    md5(health.site_id) as site_key,
    sites.site_name,
    health.telemetry_date,
    count(*) as tower_days,
    sum(health.avg_uptime_pct::decimal(18, 6))::double as uptime_pct_sum,
    sum(health.avg_sensor_health::decimal(18, 6))::double as sensor_health_sum,
    sum(health.incidents_opened) filter (where incidents.are_known) as incidents_opened,
    sum(health.critical_incidents) filter (where incidents.are_known) as critical_incidents
from marts.fct_fleet_health_daily as health
left join marts.dim_site as sites using (site_id)
cross join (select count(*) > 0 as are_known from marts.fct_incidents) as incidents
group by all
order by health.telemetry_date, site_name, site_key
