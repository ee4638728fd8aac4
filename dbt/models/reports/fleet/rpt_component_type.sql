with components as (

    select * from {{ ref('fct_component_reliability') }}

),

types as (

    select
        component_type,
        count(*) as components,
        count(*) filter (where is_failed) as failures,
        cast(sum({{ exact('operating_hours') }}) as double) as operating_hours,
        any_value(observed_mtbf_hours) as observed_mtbf_hours,
        round(avg({{ exact('target_mtbf_hours') }}), 6) as target_mtbf_hours,
        round(avg({{ exact('ratio') }}), 6) as mtbf_ratio

    from components

    group by component_type

),

-- Operating time over the bounds of the number of failures: 2T / χ² (IEC 60605-4), for a test that ends by the clock.
bounded as (

    select
        types.*,
        types.operating_hours / {{ poisson('types.failures', 'exact', 'high') }} as mtbf_low_hours,
        types.operating_hours / nullif({{ poisson('types.failures', 'exact', 'low') }}, 0) as mtbf_high_hours

    from types
    left join {{ ref('dim_poisson_interval') }} as exact on types.failures = exact.events

),

final as (

    select
        *,
        case
            when mtbf_high_hours < target_mtbf_hours then 'below target'
            when mtbf_low_hours > target_mtbf_hours then 'above target'
            else 'not clear'
        end as verdict

    from bounded

)

select * from final
