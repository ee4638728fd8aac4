with detections as (

    select * from {{ ref('fct_detection_events') }}

),

reach as (

    select min(detected_at) as first_at from detections

),

-- Each detection once per period that it is in, and once per period that it is before.
spans as (

    select
        detections.site_id,
        detections.target_class,
        detections.auto_resolved,
        detections.escalated_to_operator,
        detections.false_positive,
        detections.confidence_score,
        periods.period,
        detections.detected_at < periods.starts_at as is_before

    from detections
    inner join {{ ref('rpt_period') }} as periods
        on detections.detected_at >= coalesce(periods.before_starts_at, periods.starts_at)

),

counts as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        case when grouping(target_class) = 1 then 'all' else target_class end as target_class,
        period,
        is_before,
        count(*) as detections,
        count(*) filter (where auto_resolved) as auto_resolved,
        count(*) filter (where escalated_to_operator) as escalated,
        count(*) filter (where false_positive) as false_positives,
        count(confidence_score) as scored,
        round(avg({{ exact('confidence_score') }}), 6) as mean_confidence

    from spans

    group by grouping sets (
        (period, is_before, site_id, target_class),
        (period, is_before, site_id),
        (period, is_before, target_class),
        (period, is_before)
    )

),

compared as (

    select
        counts.site_key,
        counts.target_class,
        counts.period,
        counts.detections,
        counts.auto_resolved,
        counts.escalated,
        counts.false_positives,
        counts.scored,
        counts.mean_confidence,
        counts.detections / coverage.covered_days as detections_per_day,

        -- Where detections do not go back that far, there is nothing to compare with.
        case when reach.first_at <= periods.before_starts_at then coalesce(earlier.detections, 0) end
            as detections_before,
        earlier.auto_resolved as auto_resolved_before,
        earlier.escalated as escalated_before,
        earlier.false_positives as false_positives_before,
        earlier.mean_confidence as mean_confidence_before

    from counts
    cross join reach
    inner join {{ ref('rpt_period') }} as periods on counts.period = periods.period
    inner join {{ ref('rpt_detection_window') }} as coverage on counts.period = coverage.period
    left join counts as earlier
        on
            counts.period = earlier.period
            and counts.site_key = earlier.site_key
            and counts.target_class = earlier.target_class
            and earlier.is_before
            and reach.first_at <= periods.before_starts_at

    where not counts.is_before

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
        detections >= {{ var('least_count') }} as is_supported,

        -- against as many days before
        100.0 * (detections - detections_before) / nullif(detections_before, 0) as detections_change_pct,
        mean_confidence - mean_confidence_before as confidence_change,
        100.0 * (auto_resolved / detections - auto_resolved_before / detections_before) as auto_resolved_change_points,
        {{ is_share_more_than_noise(
            ('auto_resolved', 'detections'), ('auto_resolved_before', 'detections_before')
        ) }} as is_auto_resolved_change_real,
        100.0 * (escalated / detections - escalated_before / detections_before) as escalated_change_points,
        {{ is_share_more_than_noise(
            ('escalated', 'detections'), ('escalated_before', 'detections_before')
        ) }} as is_escalated_change_real,
        100.0 * (false_positives / detections - false_positives_before / detections_before)
            as false_positive_change_points,
        {{ is_share_more_than_noise(
            ('false_positives', 'detections'), ('false_positives_before', 'detections_before')
        ) }} as is_false_positive_change_real

    from compared

)

select * exclude (auto_resolved_before, escalated_before, false_positives_before, mean_confidence_before)
from final
