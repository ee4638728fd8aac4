select
    cast({{ var('silent_after_hours') }} as double) as silent_after_hours,
    cast({{ var('low_uptime_pct') }} as double) as low_uptime_pct,
    cast({{ var('uptime_warn_pct') }} as double) as uptime_warn_pct,
    cast({{ var('uptime_fall_warn_points') }} as double) as uptime_fall_warn_points,
    cast({{ var('overnight_warn_factor') }} as double) as overnight_warn_factor,
    cast({{ var('stock_long_lead_days') }} as double) as stock_long_lead_days,
    cast({{ var('least_count') }} as bigint) as least_count,
    cast(100 * {{ var('interval_level') }} as double) as interval_level_pct,
    cast({{ var('mtbf_window_days') }} as bigint) as mtbf_window_days,
    cast({{ var('spares_service_level') }} as double) as spares_service_level_share
