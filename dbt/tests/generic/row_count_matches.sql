{# As many rows as in `to`, or as those rows of it for which `to_where` is true. #}
{% test row_count_matches(model, to, to_where='true') %}

    with counts as (

        select
            (select count(*) from {{ model }}) as row_count,
            (select count(*) from {{ to }} where {{ to_where }}) as expected_row_count

    )

    select *
    from counts
    where row_count != expected_row_count

{% endtest %}
