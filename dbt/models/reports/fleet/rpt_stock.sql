with parts as (

    select * from {{ ref('fct_inventory_status') }}

),

spares as (

    select * from {{ ref('fct_spares_demand') }}

),

orders as (

    -- Null, with the reason, where no component uses any of the parts.
    select
        case
            when sum(working_component_count) > 0 or sum(spares_to_order) > 0 then cast(sum(spares_to_order) as bigint)
        end as spares_to_order,
        count(*) filter (where spares_to_order > 0) as parts_with_orders,
        case
            when count(*) = 0 then 'no part is in the inventory'
            when sum(working_component_count) = 0 and sum(spares_to_order) = 0 then 'no component matches the inventory'
        end as no_spares_because

    from spares

),

final as (

    select
        count(parts.part_number) as parts,
        count(*) filter (where parts.stock_status = 'critical') as critical_parts,
        count(*) filter (where parts.stock_status = 'reorder') as reorder_parts,
        count(*) filter (where parts.stock_status = 'watch') as watch_parts,
        case
            when count(*) filter (where parts.stock_status = 'critical') > 0 then 'bad'
            when count(*) filter (where parts.stock_status = 'reorder') > 0 then 'warn'
        end as parts_tone,
        any_value(orders.spares_to_order) as spares_to_order,
        any_value(orders.parts_with_orders) as parts_with_orders,
        any_value(orders.no_spares_because) as no_spares_because

    from orders
    left join parts on true

)

select * from final
