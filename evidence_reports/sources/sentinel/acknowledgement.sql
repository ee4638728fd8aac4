-- One row per site, and one for all
select * from reports.rpt_acknowledgement order by site_key
