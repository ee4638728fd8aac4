with source as (

    select * from {{ source('silver', 'detections') }}

),

renamed as (

    select
        -- keys
        detection_id,
        tower_id,
        site_id,

        -- times
        detected_at,
        cast(day as date) as day,

        -- what was seen
        target_class,
        confidence_score,
        bearing_deg,
        range_m,

        -- what was done
        auto_resolved,
        escalated_to_operator,
        false_positive

    from source

)

select * from renamed
