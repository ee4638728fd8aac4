with towers as (

    select
        site_id,
        period,
        days_count,
        {{ exact('uptime_pct') }} as uptime_pct,
        {{ exact('sensor_health') }} as sensor_health,
        {{ exact('before_pct') }} as before_pct,
        {{ exact('now_pct') }} as now_pct,
        {{ exact('change_points') }} as change_points

    from {{ ref('rpt_tower_uptime') }}

),

final as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        site_id,
        period,
        round(sum(uptime_pct * days_count) / nullif(sum(days_count), 0), 6) as uptime_pct,
        round(sum(sensor_health * days_count) / nullif(sum(days_count), 0), 6) as sensor_health,
        cast(sum(days_count) as bigint) as tower_days,

        -- Of towers with readings in both parts only: the change is theirs, whatever came or went in between.
        round(avg(before_pct) filter (where now_pct is not null), 6) as before_pct,
        round(avg(now_pct) filter (where before_pct is not null), 6) as now_pct,
        round(avg(change_points), 6) as change_points,
        count(change_points) as compared_towers,
        {{ is_more_than_noise('avg(change_points)', 'stddev_samp(change_points)', 'count(change_points)') }}
            as is_change_real

    from towers

    group by grouping sets ((period, site_id), (period))

)

select
    *,
    case
        when uptime_pct < {{ var('low_uptime_pct') }} then 'bad'
        when uptime_pct < {{ var('uptime_warn_pct') }} then 'warn'
    end as uptime_tone,
    case
        when not is_change_real then null
        when change_points < -{{ var('uptime_fall_bad_points') }} then 'bad'
        when change_points < -{{ var('uptime_fall_warn_points') }} then 'warn'
    end as change_tone

from final
