-- One row per day and site, and all of them
select * from reports.rpt_alert_latency_daily order by detection_date, site_key
