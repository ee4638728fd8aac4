with components as (

    select * from {{ ref('stg_components') }}

),

towers as (

    select * from {{ ref('stg_towers') }}

),

build as (

    select {{ as_of() }} as as_of

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
        ) as observed_mtbf_hours

    from lives

    group by component_type

),

final as (

    select
        -- keys
        lives.component_id,
        lives.tower_id,
        towers.site_id,
        lives.part_number,

        -- what it is
        lives.component_type,
        lives.is_failed,

        -- times
        lives.installed_at,
        lives.failed_at,
        round(lives.operating_us / 3600000000, 2) as operating_hours,

        -- time between failures
        type_mtbf.observed_mtbf_hours,
        lives.target_mtbf_hours,
        round(type_mtbf.observed_mtbf_hours / lives.target_mtbf_hours, 4) as ratio

    from lives
    left join towers on lives.tower_id = towers.tower_id
    left join type_mtbf on lives.component_type = type_mtbf.component_type

)

select * from final
