with deployments as (

    select * from {{ ref('stg_deployments') }}

),

towers as (

    select * from {{ ref('stg_towers') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

final as (

    select
        -- keys
        deployments.deployment_id,
        deployments.tower_id,
        coalesce(towers.site_id, {{ unknown() }}) as site_id,

        -- attributes
        deployments.mission_name,
        deployments.status,

        -- times
        deployments.start_ts,
        deployments.end_ts,
        {{ hours_between('deployments.start_ts', 'coalesce(deployments.end_ts, build.as_of)') }} as duration_hours

    from deployments
    left join towers on deployments.tower_id = towers.tower_id
    cross join build

)

select * from final
