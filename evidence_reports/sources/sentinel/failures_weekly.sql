-- One row per component type, site and week (its Monday), within the window of the release. The first and the last week may be
-- in it only in part
select
    md5(components.site_id) as site_key,
    components.component_type,
    date_trunc('week', components.failed_at)::date as failed_week,
    any_value(
        date_trunc('week', components.failed_at) < release.window_start_at
        or date_trunc('week', components.failed_at) + interval 7 day > release.window_end_at
    ) as is_partial,
    count(*) as failures
from marts.fct_component_reliability as components
cross join ops.release as release
where components.failed_at::date between release.window_start and release.window_end
group by all
order by failed_week, component_type, site_key
