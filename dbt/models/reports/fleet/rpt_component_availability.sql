with components as (

    select * from {{ ref('fct_component_reliability') }}

),

towers as (

    select
        tower_id,
        status

    from {{ ref('dim_tower') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

-- What a tower has of one type, in order of installation: until when any works, and when the next is installed.
turns as (

    select
        components.tower_id,
        components.site_id,
        components.component_type,
        components.installed_at,
        max(coalesce(components.failed_at, build.as_of)) over installed as works_until,
        lead(components.installed_at) over installed as next_at,
        build.as_of

    from components
    cross join build
    left join towers on components.tower_id = towers.tower_id

    where towers.status is distinct from 'decommissioned'

    window installed as (
        partition by components.tower_id, components.component_type
        order by components.installed_at, components.component_id
    )

),

-- From one installation to the next, the tower is up while any works, then down.
spells as (

    select
        *,
        coalesce(next_at, as_of) as ends_at,
        least(works_until, coalesce(next_at, as_of)) as down_from

    from turns

),

measured as (

    select
        periods.period,
        spells.tower_id,
        spells.site_id,
        spells.component_type,
        {{ shared_us('spells.installed_at', 'spells.ends_at', 'periods.starts_at', 'spells.as_of') }} as required_us,
        {{ shared_us('spells.down_from', 'spells.ends_at', 'periods.starts_at', 'spells.as_of') }} as down_us,
        spells.down_from < spells.ends_at and spells.down_from >= periods.starts_at as is_outage,
        case
            when spells.next_at is not null
                then {{ hours_between('spells.down_from', 'spells.next_at') }}
        end as down_hours

    from spells
    cross join {{ ref('rpt_period') }} as periods

),

final as (

    select
        {{ site_key(is_grouped=true) }} as site_key,
        site_id,
        period,
        case when grouping(component_type) = 1 then 'all' else component_type end as component_type,
        count(distinct row(tower_id, component_type)) filter (where required_us > 0) as places,
        round(sum(required_us) / 3600000000, 2) as required_hours,
        round(sum(down_us) / 3600000000, 2) as down_hours,
        round(100 * (1 - sum(down_us) / nullif(sum(required_us), 0)), 6) as availability_pct,
        count(*) filter (where is_outage) as outages,
        count(down_hours) filter (where is_outage) as restored_outages,
        case
            when count(down_hours) filter (where is_outage) >= {{ var('least_count') }}
                then round(avg(cast(down_hours as decimal(18, 2))) filter (where is_outage), 2)
        end as mean_down_hours

    from measured

    group by grouping sets (
        (period, site_id, component_type), (period, site_id), (period, component_type), (period)
    )

)

select * from final
