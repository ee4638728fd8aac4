with components as (

    select * from {{ ref('fct_component_reliability') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

sites as (

    select * from {{ ref('rpt_site') }}

),

reach as (

    -- Nothing is known of the time before the first component, so nothing is compared with it.
    select min(installed_at) as first_at from components

),

counts as (

    select
        {{ site_key('components.site_id', is_grouped=true) }} as site_key,
        periods.period,
        count(*) filter (where components.failed_at >= periods.starts_at) as failures,
        count(*) filter (
            where components.failed_at >= periods.before_starts_at and components.failed_at < periods.starts_at
        ) as failures_before,
        sum({{ shared_us(
            'components.installed_at', 'coalesce(components.failed_at, build.as_of)', 'periods.starts_at', 'build.as_of'
        ) }}) as operating_us

    from components
    cross join {{ ref('rpt_period') }} as periods
    cross join build

    group by grouping sets ((periods.period, components.site_id), (periods.period))

),

compared as (

    select
        sites.site_key,
        sites.site_id,
        periods.period,
        coalesce(counts.failures, 0) as failures,
        round(coalesce(counts.operating_us, 0) / 3600000000, 2) as operating_hours,
        case when reach.first_at <= periods.before_starts_at then coalesce(counts.failures_before, 0) end
            as failures_before

    from sites
    cross join {{ ref('rpt_period') }} as periods
    cross join reach
    left join counts on sites.site_key = counts.site_key and periods.period = counts.period

),

final as (

    select
        compared.*,
        round(1e6 * compared.failures / nullif(compared.operating_hours, 0), 6) as failures_per_million_hours,
        case
            when compared.failures >= {{ var('least_count') }}
                then round(1e6 * {{ poisson('compared.failures', 'exact', 'low') }} / compared.operating_hours, 6)
        end as rate_low,
        case
            when compared.failures >= {{ var('least_count') }}
                then round(1e6 * {{ poisson('compared.failures', 'exact', 'high') }} / compared.operating_hours, 6)
        end as rate_high,
        compared.failures - compared.failures_before as failures_change,
        {{ is_count_more_than_noise('compared.failures', 'compared.failures_before') }} as is_failures_change_real

    from compared
    left join {{ ref('dim_poisson_interval') }} as exact on compared.failures = exact.events

)

select * from final
