with trends as (

    select * from {{ source('python', 'fct_uptime_trend') }}

),

towers as (

    select * from {{ ref('dim_tower') }}

),

final as (

    select
        -- keys
        towers.tower_id,
        towers.site_id,

        -- attributes
        towers.site_name,
        towers.model,

        -- trend
        trends.days_count,
        trends.uptime_slope_pct_per_day,
        trends.trend_z,
        coalesce(trends.trend_z < {{ var('uptime_falling_z') }}, false) as is_falling

    from towers
    left join trends on towers.tower_id = trends.tower_id

)

select * from final
