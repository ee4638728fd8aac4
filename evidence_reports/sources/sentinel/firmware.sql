-- One row per firmware, site and period, and one for all sites. A tower-day counts for the firmware that the tower ran on that day;
-- before the first snapshot, for the first one known. A day that the events cover only in part counts as that part of a day
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
),

counted as (
    select
        if(grouping(health.site_id) = 1, 'all', md5(health.site_id)) as site_key,
        firmware.firmware_version,
        periods.period,
        sum(health.day_share::decimal(18, 6))::double as tower_days,
        sum(((100 - health.avg_uptime_pct) * health.day_share)::decimal(18, 6))::double as lost_pct_sum,
        sum(health.incidents_opened)::bigint as incidents
    from health
    inner join firmware
        on
            health.tower_id = firmware.tower_id
            and health.telemetry_date >= firmware.first_day
            and health.telemetry_date < firmware.next_day
    inner join reports.rpt_period as periods on health.telemetry_date >= periods.first_day
    group by
        grouping sets ((health.site_id, firmware.firmware_version, periods.period), (firmware.firmware_version, periods.period))
)

select
    counted.site_key,
    counted.firmware_version,
    counted.period,
    counted.tower_days,
    counted.lost_pct_sum / counted.tower_days / 100 * 1440 as lost_minutes,
    counted.incidents,
    100 * counted.incidents / counted.tower_days as incidents_per_100,
    100 * bounds.low / counted.tower_days as incidents_per_100_low,
    100 * bounds.high / counted.tower_days as incidents_per_100_high
from counted
left join reports.rpt_incident_interval as bounds using (incidents)
order by counted.period, counted.site_key, counted.firmware_version
