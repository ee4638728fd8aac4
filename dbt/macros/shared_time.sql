{#-
    Whole microseconds that the time from `start_ts` to `end_ts` has in common with that from `from_ts` to `to_ts`, at least 0:
    they add up exactly in any order.
-#}
{% macro shared_us(start_ts, end_ts, from_ts, to_ts) -%}
    greatest(
        date_diff('microsecond', greatest({{ start_ts }}, {{ from_ts }}), least({{ end_ts }}, {{ to_ts }})), 0
    )
{%- endmacro %}
