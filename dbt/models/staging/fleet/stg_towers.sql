with source as (

    select * from {{ source('silver', 'towers') }}

),

renamed as (

    select
        -- keys
        tower_id,
        site_id,

        -- attributes
        model,
        firmware_version,
        deploy_date,
        status

    from source

)

select * from renamed
