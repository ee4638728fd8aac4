-- One row per site, class and period, with all sites and classes
select
    counts.*,
    coalesce(sites.site_name, 'All sites') as site_name,
    '/sites/?site=' || url_encode(sites.site_id) as site_link,
    sites.region
from reports.rpt_detection_counts as counts
left join marts.dim_site as sites on counts.site_key = md5(sites.site_id)
order by counts.period, counts.site_key, counts.target_class
