-- One row per site, and one for all
select * from reports.rpt_operations order by site_key
