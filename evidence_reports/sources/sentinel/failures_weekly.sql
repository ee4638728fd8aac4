-- One row per component type, site and whole week (its Monday) of the release's window, also without failures
with weeks as (
    select unnest(generate_series(
        date_trunc('week', window_start_at + interval 7 day - interval 1 microsecond),
        window_end_at - interval 7 day,
        interval 7 day
    )) as starts_at
    from ops.release
),

places as (select distinct site_id, component_type from marts.fct_component_reliability)

select
    md5(places.site_id) as site_key,
    places.component_type,
    weeks.starts_at::date as failed_week,
    count(components.component_id) as failures
from weeks
cross join places
left join marts.fct_component_reliability as components
    on
        places.site_id = components.site_id
        and places.component_type = components.component_type
        and components.failed_at >= weeks.starts_at
        and components.failed_at < weeks.starts_at + interval 7 day
group by all
order by failed_week, component_type, site_key
