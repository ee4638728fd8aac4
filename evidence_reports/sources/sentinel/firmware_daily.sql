-- One row per firmware, site and day: sums over the towers that ran it on that day; before the first snapshot, the first one known.
-- A day that the events cover only in part counts as that part of a day
with firmware as (
    select
        key as tower_id,
        value as firmware_version,
        case when row_number() over (towers) = 1 then date '0001-01-01' else seen_from end as first_day,
        lead(seen_from, 1, date '9999-12-31') over (towers) as next_day
    from ops.column_history
    where feed = 'towers' and column_name = 'firmware_version'
    window towers as (partition by key order by seen_from)
),

health as (
    select
        health.*,
        date_diff(
            'second',
            greatest(health.telemetry_date, release.window_start_at),
            least(health.telemetry_date + interval 1 day, release.window_end_at)
        ) / 86400.0 as day_share
    from marts.fct_fleet_health_daily as health
    cross join ops.release as release
)

select
    md5(health.site_id) as site_key,
    firmware.firmware_version,
    health.telemetry_date,
    sum(health.day_share) as tower_days,
    count(distinct health.tower_id) as towers,
    sum(health.avg_uptime_pct * health.day_share) as uptime_pct_sum,
    sum(health.avg_sensor_health * health.day_share) as sensor_health_sum,
    sum(health.incidents_opened) as incidents_opened
from health
inner join firmware
    on
        health.tower_id = firmware.tower_id
        and health.telemetry_date >= firmware.first_day
        and health.telemetry_date < firmware.next_day
group by all
order by health.telemetry_date, firmware.firmware_version, site_key
