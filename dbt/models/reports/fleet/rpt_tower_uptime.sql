with health as (

    select
        tower_id,
        site_id,
        telemetry_date,
        {{ exact('avg_uptime_pct') }} as uptime_pct,
        {{ exact('avg_sensor_health') }} as sensor_health

    from {{ ref('fct_fleet_health_daily') }}

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

final as (

    select
        health.tower_id,
        health.site_id,
        spans.period,
        round(avg(health.uptime_pct) filter (where health.telemetry_date > spans.after_date), 6) as uptime_pct,
        round(avg(health.sensor_health) filter (where health.telemetry_date > spans.after_date), 6)
            as sensor_health,
        count(*) filter (where health.telemetry_date > spans.after_date) as days_count,
        round(avg(health.uptime_pct) filter (where health.telemetry_date > spans.now_after_date), 6) as now_pct,
        round(avg(health.uptime_pct) filter (
            where health.telemetry_date > spans.before_after_date and health.telemetry_date <= spans.before_to_date
        ), 6) as before_pct

    from health
    cross join spans

    group by spans.period, health.site_id, health.tower_id

)

select
    *,
    round(now_pct - before_pct, 6) as change_points

from final
