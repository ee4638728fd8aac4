with source as (

    select * from {{ source('silver', 'deployments') }}

),

renamed as (

    select
        -- keys
        deployment_id,
        tower_id,

        -- attributes
        mission_name,
        status,

        -- times
        start_ts,
        end_ts

    from source

)

select * from renamed
