with towers as (

    select * from {{ ref('dim_tower') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

heartbeats as (

    select
        health.tower_id,
        max(health.last_heartbeat_ts) as last_heartbeat_ts

    from {{ ref('fct_fleet_health_daily') }} as health
    cross join build

    where health.telemetry_date > cast(build.as_of as date) - 14

    group by health.tower_id

),

week as (

    select * from {{ ref('rpt_tower_uptime') }}
    where period = '7d'

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
        date_diff('minute', heartbeats.last_heartbeat_ts, build.as_of) / 60.0 as heartbeat_age_hours,
        week.uptime_pct as uptime_7d_pct,
        week.before_pct as uptime_before_pct,
        week.sensor_health as sensor_health_7d,
        towers.status = 'active' and coalesce(
            date_diff('minute', heartbeats.last_heartbeat_ts, build.as_of) / 60.0
            > {{ var('silent_after_hours') }}, true
        ) as is_silent,

        -- work
        case when known.are_incidents_known then coalesce(incidents.open_incidents, 0) end as open_incidents,
        case when known.are_incidents_known then coalesce(incidents.urgent_incidents, 0) end as urgent_incidents,
        coalesce(missions.active_missions, 0) as active_missions

    from towers
    cross join build
    cross join known
    left join heartbeats on towers.tower_id = heartbeats.tower_id
    left join week on towers.tower_id = week.tower_id
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
