with periods as (

    select * from {{ ref('rpt_period') }}

),

failures as (

    select
        periods.period,
        components.tower_id,
        count(*) as failures

    from {{ ref('fct_component_reliability') }} as components
    inner join periods on components.failed_at >= periods.starts_at

    group by periods.period, components.tower_id

),

incidents as (

    select
        periods.period,
        incidents.tower_id,
        count(*) as incidents

    from {{ ref('fct_incidents') }} as incidents
    inner join periods on incidents.opened_at >= periods.starts_at

    group by periods.period, incidents.tower_id

),

counted as (

    select
        towers.tower_id,
        towers.site_id,
        towers.site_name,
        periods.period,
        coalesce(failures.failures, 0) as failures,
        coalesce(incidents.incidents, 0) as incidents,
        coalesce(failures.failures, 0) + coalesce(incidents.incidents, 0) as events,
        uptime.uptime_pct,
        coalesce(uptime.days_count, 0) as uptime_days

    from {{ ref('dim_tower') }} as towers
    cross join periods
    left join failures on towers.tower_id = failures.tower_id and periods.period = failures.period
    left join incidents on towers.tower_id = incidents.tower_id and periods.period = incidents.period
    left join {{ ref('rpt_tower_uptime') }} as uptime
        on towers.tower_id = uptime.tower_id and periods.period = uptime.period

    where towers.status != 'decommissioned'

),

compared as (

    select
        *,
        avg(events) over (partition by period) as events_of_mean_tower

    from counted

),

final as (

    select
        compared.*,
        rank() over (
            partition by compared.period
            order by compared.events desc, compared.uptime_pct asc nulls last, compared.tower_id asc
        ) as worst_rank,
        case
            when compared.events < {{ var('least_count') }} then 'too few to say'
            when {{ poisson('compared.events', 'exact', 'low') }} > compared.events_of_mean_tower then 'more than noise'
            else 'within noise'
        end as against_fleet

    from compared
    left join {{ ref('dim_poisson_interval') }} as exact on compared.events = exact.events

)

select * from final
