-- One row per site, root cause and category, and one per root cause and category for all sites
select * from reports.rpt_root_causes order by site_key, incidents desc, root_cause, category
