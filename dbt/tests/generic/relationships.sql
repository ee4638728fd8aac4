{#
    Each value exists in `field` of `to`: dbt's own test, but for a parent without rows. Then nobody provides its feed, and nothing
    can be said; the check references_judged warns of it.
#}
{% test relationships(model, column_name, to, field) %}

    with child as (select {{ column_name }} as id from {{ model }} where {{ column_name }} is not null),

    parent as (select {{ field }} as id from {{ to }})

    select child.id
    from child
    left join parent on child.id = parent.id
    where
        parent.id is null
        and exists (select 1 from parent)

{% endtest %}
