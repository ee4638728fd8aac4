-- Percentiles cannot be added up, so each grouping has its own row.
with stages as (

    unpivot (
        select
            site_id,
            is_overnight,
            detect_to_alert_sec,
            alert_to_notify_sec,
            notify_to_ack_sec,
            ack_to_resolve_sec,
            total_latency_min * 60 as detect_to_resolve_sec

        from {{ ref('fct_alert_pipeline_latency') }}
    )
    on detect_to_alert_sec, alert_to_notify_sec, notify_to_ack_sec, ack_to_resolve_sec, detect_to_resolve_sec
    into name step_sec value latency_sec

),

final as (

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
        count(*) as alerts,
        quantile_cont(latency_sec, [0.5, 0.9, 0.95, 0.99]) as quantiles

    from stages

    group by
        grouping sets ((step_sec), (step_sec, is_overnight), (step_sec, site_id), (step_sec, site_id, is_overnight))

)

select
    * exclude (quantiles),
    quantiles[1] as p50_sec,
    quantiles[2] as p90_sec,
    quantiles[3] as p95_sec,
    quantiles[4] as p99_sec,
    alerts >= {{ var('least_count') }} as is_supported

from final
