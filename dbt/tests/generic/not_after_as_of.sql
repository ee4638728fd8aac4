{# Nothing happened later than as_of. #}
{% test not_after_as_of(model, column_name) %}

    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} > (select as_of from {{ ref('as_of_fleet') }})

{% endtest %}
