{{
    config(
        materialized='incremental',
        incremental_strategy='changed_days',
        unique_key=['tower_id', 'telemetry_date'],
        meta={'day_column': 'telemetry_date'},
    )
}}

with readings as (

    select * from {{ ref('stg_telemetry') }}
    where {{ in_changed_days('day') }}

),

towers as (

    select * from {{ ref('stg_towers') }}

),

incident_days as (

    select
        tower_id,
        cast(opened_at as date) as opened_date,
        count(*) as incidents_opened,
        count(*) filter (where severity = 'P1') as critical_incidents

    from {{ ref('stg_incidents') }}

    group by tower_id, cast(opened_at as date)

),

-- Means are taken of decimals: a sum of doubles would depend on the order in which threads add.
tower_days as (

    select
        tower_id,
        day as telemetry_date,
        count(*) as readings_count,
        max(ts) as last_heartbeat_ts,
        round(avg(cast(comms_uptime_min as decimal(18, 4))) / 60 * 100, 2) as avg_uptime_pct,
        round(avg(cast(sensor_health_score as decimal(18, 4))), 2) as avg_sensor_health,
        round(avg(cast(cpu_pct as decimal(18, 4))), 2) as avg_cpu_pct,
        round(avg(cast(mem_pct as decimal(18, 4))), 2) as avg_mem_pct,
        round(avg(cast(power_watts as decimal(18, 4))), 2) as avg_power_watts,
        round(avg(cast(ambient_temp_c as decimal(18, 4))), 2) as avg_ambient_temp_c

    from readings

    group by tower_id, day
    {%- if is_incremental() %}

        union all

        -- The other days keep their readings; site and incidents are snapshots and are looked up again for every day.
        select
            tower_id,
            telemetry_date,
            readings_count,
            last_heartbeat_ts,
            avg_uptime_pct,
            avg_sensor_health,
            avg_cpu_pct,
            avg_mem_pct,
            avg_power_watts,
            avg_ambient_temp_c

        from {{ this }}

        where not ({{ in_changed_days('telemetry_date') }})
    {%- endif %}

),

final as (

    select
        -- keys
        tower_days.tower_id,
        coalesce(towers.site_id, {{ unknown() }}) as site_id,
        tower_days.telemetry_date,

        -- heartbeat
        tower_days.readings_count,
        tower_days.last_heartbeat_ts,

        -- health
        tower_days.avg_uptime_pct,
        tower_days.avg_uptime_pct < {{ var('low_uptime_pct') }} as is_low_uptime,
        tower_days.avg_sensor_health,
        tower_days.avg_cpu_pct,
        tower_days.avg_mem_pct,

        -- power and weather
        tower_days.avg_power_watts,
        tower_days.avg_ambient_temp_c,

        -- incidents
        coalesce(incident_days.incidents_opened, 0) as incidents_opened,
        coalesce(incident_days.critical_incidents, 0) as critical_incidents

    from tower_days
    left join towers on tower_days.tower_id = towers.tower_id
    left join incident_days
        on
            tower_days.tower_id = incident_days.tower_id
            and tower_days.telemetry_date = incident_days.opened_date

)

select * from final
{%- if is_incremental() %}

    -- Rows that do not change need not be written.
    where
        not exists (
            select 1
            from {{ this }} as kept
            where
                not ({{ in_changed_days('kept.telemetry_date') }})
                and final.tower_id = kept.tower_id
                and final.telemetry_date = kept.telemetry_date
                and final.site_id is not distinct from kept.site_id
                and final.incidents_opened = kept.incidents_opened
                and final.critical_incidents = kept.critical_incidents
        )
{%- endif %}
