{#- A moment in UTC by the clock of a place: in UTC where its IANA time zone is not known. -#}
{% macro local_time(moment, zone) -%}
    coalesce(timezone({{ zone }}, timezone('UTC', {{ moment }})), {{ moment }})
{%- endmacro %}

{#- The part of the day that an hour belongs to. Its bounds are vars. -#}
{% macro part_of_day(hour) -%}
    case
        when {{ hour }} < {{ var('dawn_starts_hour') }} then 'night'
        when {{ hour }} < {{ var('day_starts_hour') }} then 'dawn'
        when {{ hour }} < {{ var('dusk_starts_hour') }} then 'day'
        when {{ hour }} < {{ var('night_starts_hour') }} then 'dusk'
        else 'night'
    end
{%- endmacro %}
