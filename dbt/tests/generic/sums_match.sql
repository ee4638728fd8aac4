{# The sum of the column equals the sum of `to_expression` over `to`, to 4 decimal places. #}
{% test sums_match(model, column_name, to, to_expression) %}

    with sums as (

        select
            (select coalesce(sum(cast({{ column_name }} as decimal(38, 4))), 0) from {{ model }}) as total,
            (select coalesce(sum(cast({{ to_expression }} as decimal(38, 4))), 0) from {{ to }}) as expected_total

    )

    select *
    from sums
    where total is distinct from expected_total

{% endtest %}
