with towers as (

    select * from {{ ref('dim_tower') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

window_end as (

    select max(telemetry_date) as last_date from {{ ref('fct_fleet_health_daily') }}

),

weeks as (

    select
        health.tower_id,
        max(health.last_heartbeat_ts) as last_heartbeat_ts,
        round(avg(health.avg_uptime_pct) filter (where health.telemetry_date > window_end.last_date - 7), 6)
            as uptime_7d_pct,
        round(avg(health.avg_uptime_pct) filter (where health.telemetry_date <= window_end.last_date - 7), 6)
            as uptime_before_pct,
        round(avg(health.avg_sensor_health) filter (where health.telemetry_date > window_end.last_date - 7), 6)
            as sensor_health_7d

    from {{ ref('fct_fleet_health_daily') }} as health
    cross join window_end

    where health.telemetry_date > window_end.last_date - 14

    group by health.tower_id

),

incidents as (

    select
        tower_id,
        count(*) filter (where is_open) as open_incidents,
        count(*) filter (where is_open and severity in ('P1', 'P2')) as urgent_incidents

    from {{ ref('fct_incidents') }}

    group by tower_id

),

known as (

    -- Where no incident is known at all, none is open as far as anybody can tell.
    select count(*) > 0 as are_incidents_known from {{ ref('fct_incidents') }}

),

missions as (

    select
        tower_id,
        count(*) as active_missions

    from {{ ref('fct_deployment_status') }}

    where status = 'active'

    group by tower_id

),

final as (

    select
        -- keys
        towers.tower_id,
        towers.site_id,

        -- attributes
        towers.site_name,
        towers.model,
        towers.firmware_version,
        towers.status,
        towers.age_days,

        -- health
        date_diff('minute', weeks.last_heartbeat_ts, build.as_of) / 60.0 as heartbeat_age_hours,
        weeks.uptime_7d_pct,
        weeks.uptime_before_pct,
        weeks.sensor_health_7d,
        towers.status = 'active' and coalesce(
            date_diff('minute', weeks.last_heartbeat_ts, build.as_of) / 60.0 > {{ var('silent_after_hours') }}, true
        ) as is_silent,

        -- work
        case when known.are_incidents_known then coalesce(incidents.open_incidents, 0) end as open_incidents,
        case when known.are_incidents_known then coalesce(incidents.urgent_incidents, 0) end as urgent_incidents,
        coalesce(missions.active_missions, 0) as active_missions

    from towers
    cross join build
    cross join known
    left join weeks on towers.tower_id = weeks.tower_id
    left join incidents on towers.tower_id = incidents.tower_id
    left join missions on towers.tower_id = missions.tower_id

)

select
    *,
    case
        when status = 'maintenance' and active_missions > 0 then 'in maintenance with an active mission'
        when status = 'maintenance' then 'in maintenance'
        when is_silent then 'silent'
        when status = 'active' and uptime_7d_pct < {{ var('low_uptime_pct') }} then 'low uptime'
    end as needs_attention

from final
