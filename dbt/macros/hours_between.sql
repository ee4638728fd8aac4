{#- Hours from one moment to another, to two decimals; 0 where the second comes before the first. -#}
{% macro hours_between(start_ts, end_ts) -%}
    round(greatest(date_diff('microsecond', {{ start_ts }}, {{ end_ts }}), 0) / 3600000000, 2)
{%- endmacro %}
