with sites as (

    select * from {{ ref('stg_sites') }}

),

tower_counts as (

    select
        site_id,
        count(*) filter (where status = 'active') as active_tower_count,
        count(*) filter (where status = 'maintenance') as maintenance_tower_count,
        count(*) filter (where status = 'decommissioned') as decommissioned_tower_count,
        count(*) as total_tower_count

    from {{ ref('stg_towers') }}

    group by site_id

),

final as (

    select
        -- keys
        sites.site_id,

        -- what it is
        sites.site_name,
        sites.region,
        sites.env,
        sites.commissioned_date,

        -- where it is
        sites.lat,
        sites.lng,

        -- its towers
        coalesce(tower_counts.active_tower_count, 0) as active_tower_count,
        coalesce(tower_counts.maintenance_tower_count, 0) as maintenance_tower_count,
        coalesce(tower_counts.decommissioned_tower_count, 0) as decommissioned_tower_count,
        coalesce(tower_counts.total_tower_count, 0) as total_tower_count

    from sites
    left join tower_counts on sites.site_id = tower_counts.site_id

)

select * from final
