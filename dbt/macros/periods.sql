{#- Number of the shortest period of the report, rpt_period, that a moment is in: each longer one includes it too. -#}
{% macro shortest_period(moment) -%}
    (
        select min(periods.period_number)
        from {{ ref('rpt_period') }} as periods
        where {{ moment }} >= periods.starts_at
    )
{%- endmacro %}
