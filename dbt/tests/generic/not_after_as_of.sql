{# Nothing has happened later than the moment the build looks back from. #}
{% test not_after_as_of(model, column_name) %}

    select {{ column_name }}
    from {{ model }}
    where {{ column_name }} > {{ as_of() }}

{% endtest %}
