{#-
    The moment everything "current" is relative to: the var `as_of`, else the hour after the newest event of the event feeds.
    No model asks the clock, so the same rows give the same marts whenever they are built.
-#}
{% macro as_of() -%}
    {%- set moment = var('as_of', none) -%}
    {#- Parsing always takes the branch with the references: one manifest serves runs with and without the var. -#}
    {%- if moment and execute -%}
        timestamp '{{ moment | string | replace("T", " ") }}'
    {%- else -%}
        (
            select date_trunc('hour', max(newest.happened_at)) + interval 1 hour
            from (
                select max(ts) as happened_at from {{ ref('stg_telemetry') }}
                union all
                select max(detected_at) as happened_at from {{ ref('stg_detections') }}
                union all
                select max(detection_ts) as happened_at from {{ ref('stg_alert_pipeline') }}
            ) as newest
        )
    {%- endif -%}
{%- endmacro %}

{#- Hours from one moment to another, to two decimals; 0 where the second comes before the first. -#}
{% macro hours_between(start_ts, end_ts) -%}
    round(greatest(date_diff('microsecond', {{ start_ts }}, {{ end_ts }}), 0) / 3600000000, 2)
{%- endmacro %}
