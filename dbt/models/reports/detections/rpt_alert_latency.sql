-- Percentiles cannot be added up, so each grouping has its own row.
with stages as (

    unpivot (
        select
            alerts.site_id,
            alerts.is_overnight,
            periods.period,
            alerts.detected_at < periods.starts_at as is_before,
            alerts.detect_to_alert_sec,
            alerts.alert_to_notify_sec,
            alerts.notify_to_ack_sec,
            alerts.ack_to_resolve_sec,
            alerts.total_latency_min * 60 as detect_to_resolve_sec

        from {{ ref('fct_alert_pipeline_latency') }} as alerts
        inner join {{ ref('rpt_period') }} as periods
            on alerts.detected_at >= coalesce(periods.before_starts_at, periods.starts_at)
    )
    on detect_to_alert_sec, alert_to_notify_sec, notify_to_ack_sec, ack_to_resolve_sec, detect_to_resolve_sec
    into name step_sec value latency_sec

),

grouped as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        case when grouping(is_overnight) = 1 then 'all' when is_overnight then 'overnight' else 'day' end as shift,
        replace(step_sec, '_sec', '') as stage_name,
        cast(list_position(
            [
                'detect_to_alert_sec',
                'alert_to_notify_sec',
                'notify_to_ack_sec',
                'ack_to_resolve_sec',
                'detect_to_resolve_sec'
            ],
            step_sec
        ) as bigint) as stage_number,
        period,
        is_before,
        count(*) as alerts,
        quantile_cont(latency_sec, [0.5, 0.9, 0.95, 0.99]) as quantiles

    from stages

    group by
        grouping sets (
            (period, is_before, step_sec),
            (period, is_before, step_sec, is_overnight),
            (period, is_before, step_sec, site_id),
            (period, is_before, step_sec, site_id, is_overnight)
        )

),

reach as (

    select min(detected_at) as first_at from {{ ref('fct_alert_pipeline_latency') }}

),

final as (

    select
        grouped.site_key,
        grouped.shift,
        grouped.stage_name,
        grouped.stage_number,
        grouped.period,
        grouped.alerts,
        case when grouped.alerts >= {{ var('least_count') }} then grouped.quantiles[1] end as p50_sec,
        case when grouped.alerts >= {{ var('least_count') }} then grouped.quantiles[2] end as p90_sec,
        case when grouped.alerts >= {{ var('least_count') }} then grouped.quantiles[3] end as p95_sec,
        case when grouped.alerts >= {{ var('least_count') }} then grouped.quantiles[4] end as p99_sec,

        -- Where alerts do not go back that far, there is nothing to compare with.
        case when earlier.alerts >= {{ var('least_count') }} then earlier.quantiles[1] end as p50_before_sec

    from grouped
    cross join reach
    inner join {{ ref('rpt_period') }} as periods on grouped.period = periods.period
    left join grouped as earlier
        on
            grouped.site_key = earlier.site_key
            and grouped.shift = earlier.shift
            and grouped.stage_name = earlier.stage_name
            and grouped.period = earlier.period
            and earlier.is_before
            and reach.first_at <= periods.before_starts_at

    where not grouped.is_before

)

select * from final
