with components as (

    select * from {{ ref('stg_components') }}

),

towers as (

    select * from {{ ref('stg_towers') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

lives as (

    select
        components.*,
        greatest(
            date_diff('microsecond', components.installed_at, coalesce(components.failed_at, build.as_of)), 0
        ) as operating_us

    from components
    cross join build

),

-- Total time on test over failures: the maximum-likelihood MTBF of an exponential life with censored survivors
-- (MIL-HDBK-338B, section 8.3). Whole microseconds add up exactly in any order.
type_mtbf as (

    select
        component_type,
        round(
            sum(operating_us) / nullif(count(*) filter (where is_failed), 0) / 3600000000, 2
        ) as observed_mtbf_hours,
        count(*) filter (where is_failed) >= {{ var('mtbf_min_failures') }} as is_mtbf_supported

    from lives

    group by component_type

),

final as (

    select
        -- keys
        lives.component_id,
        lives.tower_id,
        coalesce(towers.site_id, {{ unknown() }}) as site_id,
        lives.part_number,

        -- attributes
        lives.component_type,
        lives.is_failed,

        -- times
        lives.installed_at,
        lives.failed_at,
        round(lives.operating_us / 3600000000, 2) as operating_hours,

        -- time between failures
        type_mtbf.observed_mtbf_hours,
        lives.target_mtbf_hours,
        round(type_mtbf.observed_mtbf_hours / lives.target_mtbf_hours, 4) as ratio,
        coalesce(type_mtbf.is_mtbf_supported, false) as is_mtbf_supported

    from lives
    left join towers on lives.tower_id = towers.tower_id
    left join type_mtbf on lives.component_type = type_mtbf.component_type

)

select * from final
