with alerts as (

    select * from {{ ref('fct_alert_pipeline_latency') }}

),

final as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        detection_date,
        count(notify_to_ack_sec) as acknowledged,
        case when count(notify_to_ack_sec) >= {{ var('least_count') }} then median(notify_to_ack_sec) end
            as ack_p50_sec,
        case when count(notify_to_ack_sec) >= {{ var('least_count') }} then quantile_cont(notify_to_ack_sec, 0.9) end
            as ack_p90_sec

    from alerts

    group by grouping sets ((detection_date), (detection_date, site_id))

)

select * from final
