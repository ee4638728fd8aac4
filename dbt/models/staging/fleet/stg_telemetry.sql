with source as (

    select * from {{ source('silver', 'telemetry') }}

),

renamed as (

    select
        -- keys
        tower_id,
        ts,
        cast(day as date) as day,

        -- compute
        cpu_pct,
        mem_pct,

        -- sensors and link
        sensor_health_score,
        comms_uptime_min,

        -- power and weather
        power_watts,
        ambient_temp_c

    from source

)

select * from renamed
