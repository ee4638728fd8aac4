{{ config(meta={'versioned_by_content': true}) }}

{%- set setting = as_of_setting() %}

with newest as (

    select max(ts) as happened_at
    from {{ ref('stg_telemetry') }}
    where {{ in_newest_day('telemetry') }}

    union all

    select max(detected_at) as happened_at
    from {{ ref('stg_detections') }}
    where {{ in_newest_day('detections') }}

    union all

    select max(detection_ts) as happened_at
    from {{ ref('stg_alert_pipeline') }}
    where {{ in_newest_day('alert_pipeline') }}

),

-- What counts while nobody provides an event feed.
newest_in_snapshots as (

    {%- for model, time in [
        ('stg_incidents', 'opened_at'),
        ('stg_incidents', 'closed_at'),
        ('stg_deployments', 'start_ts'),
        ('stg_components', 'installed_at'),
        ('stg_components', 'failed_at'),
        ('stg_inventory', 'last_updated'),
        ('stg_towers', 'deploy_date'),
        ('stg_sites', 'commissioned_date'),
    ] %}

        {% if not loop.first -%}
            union all

        {% endif -%}
        select max(cast({{ time }} as timestamp)) as happened_at
        from {{ ref(model) }}

    {%- endfor %}

),

basis as (

    select
        (select max(happened_at) from newest) as newest_event_at,
        (select max(happened_at) from newest_in_snapshots) as newest_row_at

),

final as (

    select
        {% if setting -%}
            timestamp '{{ setting }}' as as_of,
            'setting' as basis,
        {%- else -%}
            date_trunc('hour', coalesce(newest_event_at, newest_row_at)) + interval 1 hour as as_of,
            case when newest_event_at is null then 'newest_row' else 'newest_event' end as basis,
        {%- endif %}
        newest_event_at

    from basis

)

select * from final
