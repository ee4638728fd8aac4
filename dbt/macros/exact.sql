{#-
    A double in whole millionths, so that its sum or mean is the same in any order of the rows: releases are compared by their
    content. Rounding the result instead is not enough, as means of rounded values often are half a millionth off.
-#}
{% macro exact(value) -%}
    cast({{ value }} as decimal(18, 6))
{%- endmacro %}
