with towers as (

    select * from {{ ref('rpt_tower_health') }}

),

sites as (

    select
        'all' as site_key,
        cast(null as varchar) as site_id

    union all

    select
        {{ site_key() }} as site_key,
        site_id

    from {{ ref('dim_site') }}

),

tower_counts as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        count(*) as towers,
        count(*) filter (where status = 'active') as active_towers,
        count(*) filter (where status = 'maintenance') as maintenance_towers,
        count(*) filter (where is_silent) as silent_towers,

        -- The same towers in both weeks, so that one that came or went does not look like a change.
        count(uptime_7d_pct - uptime_before_pct) as compared_towers,
        round(avg(uptime_7d_pct - uptime_before_pct), 6) as uptime_change_points,
        stddev_samp(uptime_7d_pct - uptime_before_pct) as uptime_change_deviation

    from towers

    group by grouping sets ((site_id), ())

),

uptime as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        round(avg(avg_uptime_pct), 6) as uptime_7d_pct

    from {{ ref('fct_fleet_health_daily') }}

    where
        telemetry_date
        > (select max(last_days.telemetry_date) from {{ ref('fct_fleet_health_daily') }} as last_days) - 7

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

        -- uptime
        uptime.uptime_7d_pct,
        tower_counts.uptime_change_points,
        coalesce(tower_counts.compared_towers, 0) as compared_towers,
        {{ is_more_than_noise(
            'tower_counts.uptime_change_points',
            'tower_counts.uptime_change_deviation',
            'tower_counts.compared_towers',
        ) }} as is_uptime_change_real,

        -- incidents
        coalesce(incidents.open_incidents, 0) as open_incidents,
        coalesce(incidents.p1_incidents, 0) as p1_incidents,
        coalesce(incidents.p2_incidents, 0) as p2_incidents,

        -- deployments
        coalesce(deployments.active_deployments, 0) as active_deployments,
        coalesce(deployments.ended_deployments, 0) as ended_deployments

    from sites
    left join tower_counts on sites.site_key = tower_counts.site_key
    left join uptime on sites.site_key = uptime.site_key
    left join incidents on sites.site_key = incidents.site_key
    left join deployments on sites.site_key = deployments.site_key

)

select
    *,
    case
        when uptime_7d_pct < {{ var('low_uptime_pct') }} then 'bad'
        when uptime_7d_pct < {{ var('uptime_warn_pct') }} then 'warn'
    end as uptime_tone,
    case when silent_towers > 0 then 'warn' end as silent_tone,
    case when p1_incidents > 0 then 'bad' when p2_incidents > 0 then 'warn' end as incidents_tone

from final
