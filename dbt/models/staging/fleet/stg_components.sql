with source as (

    select * from {{ source('silver', 'components') }}

),

renamed as (

    select
        -- keys
        component_id,
        tower_id,
        part_number,

        -- attributes
        component_type,
        mtbf_target_hours as target_mtbf_hours,
        is_failed,

        -- times
        installed_at,
        failed_at

    from source

)

select * from renamed
