{{
    config(
        materialized='incremental',
        incremental_strategy='changed_days',
        meta={'day_column': 'detection_date', 'neighbour_days': 1},
    )
}}

with alerts as (

    select * from {{ ref('stg_alert_pipeline') }}
    where {{ in_changed_days('day', neighbours=1) }}

),

detections as (

    select * from {{ ref('stg_detections') }}
    where {{ in_changed_days('day', neighbours=2) }}

),

final as (

    select
        -- keys
        alerts.detection_id,
        coalesce(detections.tower_id, {{ unknown() }}) as tower_id,
        coalesce(detections.site_id, {{ unknown() }}) as site_id,

        -- times
        alerts.detection_ts as detected_at,
        alerts.day as detection_date,
        alerts.is_overnight,
        alerts.resolved_ts is not null as is_resolved,

        -- time taken by each step
        alerts.detect_to_alert_sec,
        alerts.alert_to_notify_sec,
        alerts.notify_to_ack_sec,
        alerts.ack_to_resolve_sec,
        round(alerts.total_response_sec / 60, 2) as total_latency_min

    from alerts
    -- The two feeds record the same moment; clocks that differ may put it on either side of midnight.
    left join detections
        on
            alerts.detection_id = detections.detection_id
            and detections.day between alerts.day - 1 and alerts.day + 1

)

select * from final
