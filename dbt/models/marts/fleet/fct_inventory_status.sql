with inventory as (

    select
        *,
        on_hand - allocated as available_stock,
        lead_time_days > {{ var('stock_long_lead_days') }} as is_long_lead

    from {{ ref('stg_inventory') }}

),

final as (

    select
        -- keys
        part_number,

        -- attributes
        description,
        category,

        -- stock
        on_hand,
        allocated,
        in_transit,
        available_stock,

        -- supply
        reorder_point,
        lead_time_days,
        case
            when available_stock <= 0 then 'critical'
            when available_stock < reorder_point and is_long_lead then 'critical'
            when available_stock < reorder_point then 'reorder'
            when available_stock < reorder_point * {{ var('stock_watch_factor') }} then 'watch'
            when
                available_stock < reorder_point * {{ var('stock_watch_factor_long_lead') }} and is_long_lead
                then 'watch'
            else 'healthy'
        end as stock_status,

        -- times
        last_updated

    from inventory

)

select * from final
