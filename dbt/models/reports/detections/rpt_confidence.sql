with detections as (

    select * from {{ ref('fct_detection_events') }}
    where confidence_score is not null

),

final as (

    select
        {{ site_key() }} as site_key,
        site_id,
        target_class,
        {{ shortest_period('detected_at') }} as period_number,
        least(floor(confidence_score * 20 + 1e-9), 19) / 20 as confidence_from,
        count(*) as detections,
        count(*) filter (where false_positive) as false_positives,
        cast(sum({{ exact('confidence_score') }}) as double) as confidence_sum

    from detections

    group by all

)

select * from final
