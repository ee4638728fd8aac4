with towers as (

    select * from {{ ref('stg_towers') }}

),

sites as (

    select * from {{ ref('stg_sites') }}

),

build as (

    select {{ as_of() }} as as_of

),

final as (

    select
        -- keys
        towers.tower_id,
        towers.site_id,

        -- where it stands
        sites.site_name,
        sites.region,
        sites.env,

        -- what it is
        towers.model,
        towers.firmware_version,
        towers.status,

        -- times
        towers.deploy_date,
        greatest(date_diff('day', towers.deploy_date, cast(build.as_of as date)), 0) as age_days

    from towers
    left join sites on towers.site_id = sites.site_id
    cross join build

)

select * from final
