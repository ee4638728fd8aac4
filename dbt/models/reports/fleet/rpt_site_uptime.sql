with health as (

    select * from {{ ref('fct_fleet_health_daily') }}

),

ends as (

    select
        min(telemetry_date) as first_date,
        max(telemetry_date) as last_date

    from health

),

-- Towers with readings in both fortnights: the change is theirs, whatever came or went in between.
towers as (

    select
        health.site_id,
        health.tower_id,
        avg(health.avg_uptime_pct) as uptime_pct,
        avg(health.avg_uptime_pct) filter (where health.telemetry_date < ends.first_date + 14) as first_pct,
        avg(health.avg_uptime_pct) filter (where health.telemetry_date > ends.last_date - 14) as last_pct,
        sum(health.incidents_opened) as incidents_opened,
        count(*) as tower_days

    from health
    cross join ends

    group by health.site_id, health.tower_id, ends.first_date, ends.last_date

),

final as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        site_id,
        round(sum(uptime_pct * tower_days) / sum(tower_days), 6) as uptime_pct,
        round(avg(first_pct), 6) as first_14d_pct,
        round(avg(last_pct), 6) as last_14d_pct,
        round(avg(last_pct - first_pct), 6) as change_points,
        count(last_pct - first_pct) as compared_towers,
        {{ is_more_than_noise(
            'avg(last_pct - first_pct)', 'stddev_samp(last_pct - first_pct)', 'count(last_pct - first_pct)'
        ) }} as is_change_real,
        cast(sum(incidents_opened) as bigint) as incidents_opened

    from towers

    group by grouping sets ((site_id), ())

)

select
    *,
    case
        when not is_change_real then null
        when change_points < -{{ var('uptime_fall_bad_points') }} then 'bad'
        when change_points < -{{ var('uptime_fall_warn_points') }} then 'warn'
    end as change_tone

from final
