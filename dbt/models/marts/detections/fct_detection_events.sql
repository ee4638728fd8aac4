{{
    config(
        materialized='incremental',
        incremental_strategy='changed_days',
        meta={'day_column': 'detection_date'},
    )
}}

with detections as (

    select
        *,
        hour(detected_at) as hour_of_day

    from {{ ref('stg_detections') }}
    where {{ in_changed_days('day') }}

),

final as (

    select
        -- keys
        detection_id,
        tower_id,
        site_id,

        -- times
        detected_at,
        day as detection_date,
        hour_of_day,

        -- what was seen
        target_class,
        confidence_score,
        bearing_deg,
        range_m,

        -- what was done
        auto_resolved,
        escalated_to_operator,
        false_positive

    from detections

)

select * from final
