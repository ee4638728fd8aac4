-- One row per tower. Filters use the keys, which contain no quotes whatever the ids are
select
    md5(tower_id) as tower_key,
    md5(site_id) as site_key,
    *,
    '/towers/?tower=' || url_encode(tower_id) as tower_link,
    '/sites/?site=' || url_encode(site_id) as site_link
from reports.rpt_tower_health
order by tower_id
