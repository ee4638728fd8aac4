with detections as (

    select * from {{ ref('fct_detection_events') }}

),

counts as (

    select
        {{ site_key('detections.site_id', is_grouped=true) }} as site_key,
        case when grouping(detections.target_class) = 1 then 'all' else detections.target_class end as target_class,
        count(*) as detections,
        count(*) filter (where detections.auto_resolved) as auto_resolved,
        count(*) filter (where detections.escalated_to_operator) as escalated,
        count(*) filter (where detections.false_positive) as false_positives,
        count(detections.confidence_score) as scored,
        round(avg(detections.confidence_score), 6) as mean_confidence,
        count(*) / any_value(coverage.covered_days) as detections_per_day

    from detections
    cross join {{ ref('rpt_detection_window') }} as coverage

    group by grouping sets (
        (detections.site_id, detections.target_class), (detections.site_id), (detections.target_class), ()
    )

),

final as (

    select
        *,
        100.0 * auto_resolved / detections as auto_resolved_pct,
        100 * {{ wilson('auto_resolved', 'detections', '-') }} as auto_resolved_low_pct,
        100 * {{ wilson('auto_resolved', 'detections', '+') }} as auto_resolved_high_pct,
        100.0 * escalated / detections as escalated_pct,
        100 * {{ wilson('escalated', 'detections', '-') }} as escalated_low_pct,
        100 * {{ wilson('escalated', 'detections', '+') }} as escalated_high_pct,
        100.0 * false_positives / detections as false_positive_pct,
        100 * {{ wilson('false_positives', 'detections', '-') }} as false_positive_low_pct,
        100 * {{ wilson('false_positives', 'detections', '+') }} as false_positive_high_pct,
        detections >= {{ var('least_count') }} as is_supported

    from counts

    where detections > 0

)

select * from final
