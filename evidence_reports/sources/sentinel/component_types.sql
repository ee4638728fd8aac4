-- A component type a row. The ratio of observed to target MTBF below 1 means parts fail sooner than promised
select
    component_type,
    any_value(observed_mtbf_hours) as observed_mtbf_hours,
    avg(target_mtbf_hours) as target_mtbf_hours,
    avg(ratio) as mtbf_ratio,
    count(*) as components,
    count(failed_at) as failures,
    sum(operating_hours) as operating_hours
from marts.fct_component_reliability
group by component_type
order by mtbf_ratio nulls last
