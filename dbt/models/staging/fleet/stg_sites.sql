with source as (

    select * from {{ source('silver', 'sites') }}

),

renamed as (

    select
        -- keys
        site_id,

        -- what it is
        site_name,
        region,
        env,
        commissioned_date,

        -- where it is
        lat,
        lng

    from source

)

select * from renamed
