with components as (

    select * from {{ ref('fct_component_reliability') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

-- Windows back from the as-of time, as many as fit between it and the first installation.
windows as (

    select
        as_of - to_days(cast({{ var('mtbf_window_days') }} * (number + 1) as integer)) as window_starts_at,
        as_of - to_days(cast({{ var('mtbf_window_days') }} * number as integer)) as window_ends_at

    from (
        select
            build.as_of,
            unnest(range(
                date_diff('day', (select min(components.installed_at) from components), build.as_of)
                // {{ var('mtbf_window_days') }}
            )) as number

        from build
    ) as numbered

),

counted as (

    select
        windows.window_starts_at,
        windows.window_ends_at,
        components.component_type,
        count(*) filter (
            where components.failed_at >= windows.window_starts_at and components.failed_at < windows.window_ends_at
        ) as failures,
        round(sum({{ shared_us(
            'components.installed_at',
            'coalesce(components.failed_at, windows.window_ends_at)',
            'windows.window_starts_at',
            'windows.window_ends_at',
        ) }}) / 3600000000, 2) as operating_hours,
        round(avg({{ exact('components.target_mtbf_hours') }}), 6) as target_mtbf_hours

    from windows
    inner join components
        on
            windows.window_ends_at > components.installed_at
            and windows.window_starts_at <= coalesce(components.failed_at, windows.window_ends_at)

    group by windows.window_starts_at, windows.window_ends_at, components.component_type

),

-- The bounds are those of rpt_component_type.
final as (

    select
        counted.*,
        counted.failures >= {{ var('least_count') }} as is_supported,
        case
            when counted.failures >= {{ var('least_count') }} then counted.operating_hours / counted.failures
        end as mtbf_hours,
        case
            when counted.failures >= {{ var('least_count') }}
                then counted.operating_hours / {{ poisson('counted.failures', 'exact', 'high') }}
        end as mtbf_low_hours,
        case
            when counted.failures >= {{ var('least_count') }}
                then counted.operating_hours / {{ poisson('counted.failures', 'exact', 'low') }}
        end as mtbf_high_hours

    from counted
    left join {{ ref('dim_poisson_interval') }} as exact on counted.failures = exact.events

)

select
    *,
    mtbf_hours / target_mtbf_hours as mtbf_ratio,
    case
        when mtbf_high_hours < target_mtbf_hours then 'below target'
        when mtbf_low_hours > target_mtbf_hours then 'above target'
        when is_supported then 'not clear'
        else 'too few failures'
    end as verdict

from final
