with source as (

    select * from {{ source('silver', 'sites') }}

),

renamed as (

    select
        -- keys
        site_id,

        -- attributes
        site_name,
        region,
        env,
        commissioned_date,
        timezone,

        -- location
        lat,
        lng

    from source

)

select * from renamed
