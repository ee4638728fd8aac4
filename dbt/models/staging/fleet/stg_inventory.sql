with source as (

    select * from {{ source('silver', 'inventory') }}

),

renamed as (

    select
        -- keys
        part_number,

        -- attributes
        description,
        category,

        -- stock
        on_hand,
        in_transit,
        allocated,

        -- supply
        reorder_point,
        lead_time_days,

        -- times
        last_updated

    from source

)

select * from renamed
