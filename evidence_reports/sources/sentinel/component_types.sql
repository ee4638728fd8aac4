-- One row per component type, the lowest ratio of observed to target MTBF first
select * from reports.rpt_component_type order by mtbf_ratio nulls last, component_type
