-- One row per component type. A ratio of observed to target MTBF below 1 means that parts fail sooner than specified;
-- is_mtbf_supported says whether there were enough failures to tell
select
    component_type,
    any_value(observed_mtbf_hours) as observed_mtbf_hours,
    avg(target_mtbf_hours) as target_mtbf_hours,
    avg(ratio) as mtbf_ratio,
    any_value(is_mtbf_supported) as is_mtbf_supported,
    count(*) as components,
    count(failed_at) as failures,
    sum(operating_hours) as operating_hours
from marts.fct_component_reliability
group by component_type
order by mtbf_ratio nulls last, component_type
