{# `rule`, a boolean SQL expression over one row, is false for no row. A column may carry the rule that is about it. #}
{% test holds(model, rule, column_name=none) %}

    select *
    from {{ model }}
    where not ({{ rule }})

{% endtest %}
