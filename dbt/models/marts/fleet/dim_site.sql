with sites as (

    select * from {{ ref('stg_sites') }}

),

towers as (

    select * from {{ ref('dim_tower') }}

),

mentioned as (

    select site_id from towers
    union
    select site_id from {{ ref('fct_detection_events') }}
    union
    select site_id from {{ ref('fct_alert_pipeline_latency') }}

),

-- While nobody provides the feed of sites, those that other feeds mention get a row too (Kimball's inferred members).
listed as (

    select
        site_id,
        site_name,
        region,
        env,
        commissioned_date,
        -- One that does not exist would stop every query that uses it.
        case when timezone in (select zones.name from pg_timezone_names() as zones) then timezone end as timezone,
        lat,
        lng,
        false as is_inferred

    from sites

    union all

    select
        site_id,
        {{ site_name('null', 'site_id') }} as site_name,
        {{ unknown() }} as region,
        {{ unknown() }} as env,
        null as commissioned_date,
        null as timezone,
        null as lat,
        null as lng,
        true as is_inferred

    from mentioned

    where site_id not in (select sites.site_id from sites)

),

tower_counts as (

    select
        site_id,
        count(*) filter (where status = 'active') as active_tower_count,
        count(*) filter (where status = 'maintenance') as maintenance_tower_count,
        count(*) filter (where status = 'decommissioned') as decommissioned_tower_count,
        count(*) filter (where status = {{ unknown() }}) as unknown_tower_count,
        count(*) as total_tower_count

    from towers

    group by site_id

),

final as (

    select
        -- keys
        listed.site_id,

        -- attributes
        listed.site_name,
        listed.region,
        listed.env,
        listed.commissioned_date,
        listed.timezone,
        listed.is_inferred,

        -- location
        listed.lat,
        listed.lng,

        -- towers
        coalesce(tower_counts.active_tower_count, 0) as active_tower_count,
        coalesce(tower_counts.maintenance_tower_count, 0) as maintenance_tower_count,
        coalesce(tower_counts.decommissioned_tower_count, 0) as decommissioned_tower_count,
        coalesce(tower_counts.unknown_tower_count, 0) as unknown_tower_count,
        coalesce(tower_counts.total_tower_count, 0) as total_tower_count

    from listed
    left join tower_counts on listed.site_id = tower_counts.site_id

)

select * from final
