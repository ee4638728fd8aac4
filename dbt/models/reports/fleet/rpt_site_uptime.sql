with health as (

    select * from {{ ref('fct_fleet_health_daily') }}

),

ends as (

    select
        min(telemetry_date) as first_date,
        max(telemetry_date) as last_date

    from health

),

-- What is compared: a period with as many days before it; of all days, the last fortnight with the first.
spans as (

    select
        periods.period,
        coalesce(ends.last_date - periods.period_days, ends.first_date - 1) as after_date,
        ends.last_date - coalesce(periods.period_days, 14) as now_after_date,
        coalesce(ends.last_date - 2 * periods.period_days, ends.first_date - 1) as before_after_date,
        coalesce(ends.last_date - periods.period_days, ends.first_date + 13) as before_to_date

    from {{ ref('rpt_period') }} as periods
    cross join ends

),

-- Towers with readings in both: the change is theirs, whatever came or went in between.
towers as (

    select
        spans.period,
        health.site_id,
        health.tower_id,
        avg(health.avg_uptime_pct) filter (where health.telemetry_date > spans.after_date) as uptime_pct,
        count(*) filter (where health.telemetry_date > spans.after_date) as tower_days,
        avg(health.avg_uptime_pct) filter (where health.telemetry_date > spans.now_after_date) as now_pct,
        avg(health.avg_uptime_pct) filter (
            where health.telemetry_date > spans.before_after_date and health.telemetry_date <= spans.before_to_date
        ) as before_pct,
        coalesce(sum(health.incidents_opened) filter (where health.telemetry_date > spans.after_date), 0)
            as incidents_opened

    from health
    cross join spans

    group by spans.period, health.site_id, health.tower_id

),

final as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        site_id,
        period,
        round(sum(uptime_pct * tower_days) / nullif(sum(tower_days), 0), 6) as uptime_pct,
        cast(sum(tower_days) as bigint) as tower_days,
        round(avg(before_pct), 6) as before_pct,
        round(avg(now_pct), 6) as now_pct,
        round(avg(now_pct - before_pct), 6) as change_points,
        count(now_pct - before_pct) as compared_towers,
        {{ is_more_than_noise(
            'avg(now_pct - before_pct)', 'stddev_samp(now_pct - before_pct)', 'count(now_pct - before_pct)'
        ) }} as is_change_real,
        cast(sum(incidents_opened) as bigint) as incidents_opened

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
