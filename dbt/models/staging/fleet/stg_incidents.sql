with source as (

    select * from {{ source('silver', 'incidents') }}

),

renamed as (

    select
        -- keys
        incident_id,
        tower_id,

        -- attributes
        severity,
        category,
        root_cause,

        -- times
        opened_at,
        closed_at

    from source

)

select * from renamed
