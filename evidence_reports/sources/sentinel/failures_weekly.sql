-- A component type, site and week (Monday) a row, within the window of the build
select
    md5(components.site_id) as site_key,
    components.component_type,
    date_trunc('week', components.failed_at)::date as failed_week,
    count(*) as failures
from marts.fct_component_reliability as components
cross join ops.build as build
where components.failed_at::date between build.window_start and build.window_end
group by all
order by failed_week, component_type
