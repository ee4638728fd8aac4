{#
    `columns` together identify a row. With `day_column`, where equal rows can only lie in the same day, a run that rebuilds
    some days looks at those only.
#}
{% test unique_combination(model, columns, day_column=none) %}

    select {{ columns | join(', ') }}
    from {{ model }}
    where {{ in_changed_days(day_column) if day_column and var('changed_days', none) is not none else 'true' }}
    group by {{ columns | join(', ') }}
    having count(*) > 1

{% endtest %}
