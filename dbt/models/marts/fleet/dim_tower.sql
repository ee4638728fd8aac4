with towers as (

    select * from {{ ref('stg_towers') }}

),

sites as (

    select * from {{ ref('stg_sites') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

mentioned as (

    select tower_id from {{ ref('fct_fleet_health_daily') }}
    union
    select tower_id from {{ ref('fct_incidents') }}
    union
    select tower_id from {{ ref('fct_component_reliability') }}
    union
    select tower_id from {{ ref('fct_deployment_status') }}
    union
    select tower_id from {{ ref('fct_detection_events') }}
    union
    select tower_id from {{ ref('fct_alert_pipeline_latency') }}

),

-- While nobody provides the feed of towers, those that other feeds mention get a row too (Kimball's inferred members).
listed as (

    select
        tower_id,
        site_id,
        model,
        firmware_version,
        status,
        deploy_date,
        false as is_inferred

    from towers

    union all

    select
        tower_id,
        {{ unknown() }} as site_id,
        {{ unknown() }} as model, -- noqa: RF04
        {{ unknown() }} as firmware_version,
        {{ unknown() }} as status,
        null as deploy_date,
        true as is_inferred

    from mentioned

    where tower_id not in (select towers.tower_id from towers)

),

final as (

    select
        -- keys
        listed.tower_id,
        listed.site_id,

        -- site
        {{ site_name('sites.site_name', 'listed.site_id') }} as site_name,
        coalesce(sites.region, {{ unknown() }}) as region,
        coalesce(sites.env, {{ unknown() }}) as env,

        -- attributes
        listed.model,
        listed.firmware_version,
        listed.status,
        listed.is_inferred,

        -- times
        listed.deploy_date,
        case
            when listed.deploy_date is not null
                then greatest(date_diff('day', listed.deploy_date, cast(build.as_of as date)), 0)
        end as age_days

    from listed
    left join sites on listed.site_id = sites.site_id
    cross join build

)

select * from final
