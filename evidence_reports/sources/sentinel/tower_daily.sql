-- One row per tower and day
select
    md5(tower_id) as tower_key,
    telemetry_date,
    avg_uptime_pct,
    avg_sensor_health,
    avg_cpu_pct,
    avg_mem_pct,
    avg_power_watts,
    avg_ambient_temp_c
from marts.fct_fleet_health_daily
order by telemetry_date, tower_id
