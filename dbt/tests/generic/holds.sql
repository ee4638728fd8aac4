{# `rule`, a boolean SQL expression over one row, is false for no row. It may be put on the column that it is about. #}
{% test holds(model, rule, column_name=none) %}

    select *
    from {{ model }}
    where not ({{ rule }})

{% endtest %}
