with source as (

    select * from {{ source('silver', 'alert_pipeline') }}

),

renamed as (

    select
        -- keys
        detection_id,

        -- times
        detection_ts,
        alert_generated_ts,
        operator_notified_ts,
        operator_ack_ts,
        resolved_ts,
        cast(day as date) as day,
        is_overnight,

        -- time taken by each step
        detection_to_alert_s as detect_to_alert_sec,
        alert_to_notify_s as alert_to_notify_sec,
        notify_to_ack_s as notify_to_ack_sec,
        ack_to_resolve_s as ack_to_resolve_sec,
        total_response_s as total_response_sec

    from source

)

select * from renamed
