with towers as (

    select * from {{ ref('rpt_tower_health') }}

),

sites as (

    select * from {{ ref('rpt_site') }}

),

tower_counts as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        count(*) as towers,
        count(*) filter (where status = 'active') as active_towers,
        count(*) filter (where status = 'maintenance') as maintenance_towers,
        count(*) filter (where is_silent) as silent_towers

    from towers

    group by grouping sets ((site_id), ())

),

incidents as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        count(*) filter (where is_open) as open_incidents,
        count(*) filter (where is_open and severity = 'P1') as p1_incidents,
        count(*) filter (where is_open and severity = 'P2') as p2_incidents

    from {{ ref('fct_incidents') }}

    group by grouping sets ((site_id), ())

),

deployments as (

    select
        {{ site_key('deployments.site_id', is_grouped=true) }} as site_key,
        count(*) filter (where deployments.status = 'active') as active_deployments,
        count(*) filter (
            where
            deployments.status = 'completed'
            and date_diff('day', cast(deployments.end_ts as date), cast(build.as_of as date)) <= 7
        ) as ended_deployments

    from {{ ref('fct_deployment_status') }} as deployments
    cross join {{ ref('as_of_fleet') }} as build

    group by grouping sets ((deployments.site_id), ())

),

final as (

    select
        -- keys
        sites.site_key,
        sites.site_id,

        -- towers
        coalesce(tower_counts.towers, 0) as towers,
        coalesce(tower_counts.active_towers, 0) as active_towers,
        coalesce(tower_counts.maintenance_towers, 0) as maintenance_towers,
        coalesce(tower_counts.silent_towers, 0) as silent_towers,

        -- incidents
        coalesce(incidents.open_incidents, 0) as open_incidents,
        coalesce(incidents.p1_incidents, 0) as p1_incidents,
        coalesce(incidents.p2_incidents, 0) as p2_incidents,

        -- deployments
        coalesce(deployments.active_deployments, 0) as active_deployments,
        coalesce(deployments.ended_deployments, 0) as ended_deployments

    from sites
    left join tower_counts on sites.site_key = tower_counts.site_key
    left join incidents on sites.site_key = incidents.site_key
    left join deployments on sites.site_key = deployments.site_key

)

select
    *,
    case when silent_towers > 0 then 'warn' end as silent_tone,
    case when p1_incidents > 0 then 'bad' when p2_incidents > 0 then 'warn' end as incidents_tone

from final
