with incidents as (

    select * from {{ ref('stg_incidents') }}

),

towers as (

    select * from {{ ref('stg_towers') }}

),

build as (

    select as_of from {{ ref('as_of_fleet') }}

),

final as (

    select
        -- keys
        incidents.incident_id,
        incidents.tower_id,
        coalesce(towers.site_id, {{ unknown() }}) as site_id,

        -- attributes
        incidents.severity,
        incidents.category,
        incidents.root_cause,

        -- times
        incidents.opened_at,
        incidents.closed_at,
        incidents.closed_at is null as is_open,
        case
            when incidents.closed_at is null
                then {{ hours_between('incidents.opened_at', 'build.as_of') }}
        end as age_hours,
        case
            when incidents.closed_at is not null
                then {{ hours_between('incidents.opened_at', 'incidents.closed_at') }}
        end as resolve_hours

    from incidents
    left join towers on incidents.tower_id = towers.tower_id
    cross join build

)

select * from final
