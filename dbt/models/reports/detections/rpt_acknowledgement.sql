with shifts as (

    select * from {{ ref('rpt_alert_latency') }}
    where stage_name = 'notify_to_ack'

),

final as (

    select
        site_key,
        period,
        coalesce(max(alerts) filter (where shift = 'day'), 0) as day_alerts,
        coalesce(max(alerts) filter (where shift = 'overnight'), 0) as overnight_alerts,
        max(p50_sec) filter (where shift = 'day') / 60 as ack_day_min,
        max(p50_sec) filter (where shift = 'overnight') / 60 as ack_overnight_min,
        max(p50_sec) filter (where shift = 'overnight')
        / nullif(max(p50_sec) filter (where shift = 'day'), 0) as overnight_ratio,
        (max(p50_sec) filter (where shift = 'day') - max(p50_before_sec) filter (where shift = 'day')) / 60
            as ack_day_change_min,
        (max(p50_sec) filter (where shift = 'overnight') - max(p50_before_sec) filter (where shift = 'overnight')) / 60
            as ack_overnight_change_min

    from shifts

    group by site_key, period

)

select
    *,
    case when overnight_ratio > {{ var('overnight_warn_factor') }} then 'warn' end as overnight_tone

from final
