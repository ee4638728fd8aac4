-- One row per site and period, and one per period for all sites
select * from reports.rpt_failures order by site_key, period
