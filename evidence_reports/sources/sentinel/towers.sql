-- One row per tower, with its health over the last seven days. open_incidents is null where no incidents are known at all
with window_end as (select max(telemetry_date) as last_date from marts.fct_fleet_health_daily),

last_week as (
    select
        tower_id,
        max(last_heartbeat_ts) as last_heartbeat_ts,
        avg(avg_uptime_pct) as uptime_7d_pct,
        avg(avg_sensor_health) as sensor_health_7d
    from marts.fct_fleet_health_daily, window_end
    where telemetry_date > last_date - interval 7 day
    group by tower_id
),

open_incidents as (
    select tower_id, count(*) as open_incidents
    from marts.fct_incidents
    where is_open
    group by tower_id
)

select
    md5(towers.site_id) as site_key,
    towers.tower_id,
    towers.site_name,
    towers.model,
    towers.firmware_version,
    towers.status,
    towers.age_days,
    last_week.uptime_7d_pct,
    last_week.sensor_health_7d,
    date_diff('minute', last_week.last_heartbeat_ts, release.as_of) / 60.0 as heartbeat_age_hours,
    case when exists (from marts.fct_incidents) then coalesce(open_incidents.open_incidents, 0) end as open_incidents
from marts.dim_tower as towers
cross join ops.release as release
left join last_week using (tower_id)
left join open_incidents using (tower_id)
order by towers.tower_id
