with hours as (

    select distinct
        periods.period,
        detections.detection_date,
        detections.hour_of_day

    from {{ ref('fct_detection_events') }} as detections
    inner join {{ ref('rpt_period') }} as periods on detections.detected_at >= periods.starts_at

),

ends as (

    select
        period,
        min(detection_date + to_hours(hour_of_day)) as first_at,
        max(detection_date + to_hours(hour_of_day + 1)) as last_at,
        count(distinct detection_date) as days_with_detections

    from hours

    group by period

),

final as (

    select
        period,
        first_at,
        last_at,

        -- A day without any detection of the whole fleet is a day without data; the first and last day count in part.
        greatest(
            days_with_detections
            - date_diff('second', date_trunc('day', first_at), first_at) / 86400.0
            - date_diff('second', last_at, date_trunc('day', last_at - interval 1 second) + interval 1 day) / 86400.0,
            1 / 24.0
        ) as covered_days

    from ends

)

select * from final
