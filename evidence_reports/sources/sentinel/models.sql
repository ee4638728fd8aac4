-- One row per table of the release
select
    models.table_name,
    models.layer,
    models.description,
    tables.rows as row_count,
    coalesce(string_agg(parents.parent, ', ' order by parents.parent), '') as reads
from ops.models as models
inner join ops.tables as tables on tables.table_name = models.layer || '.' || models.table_name
left join ops.model_parents as parents on models.table_name = parents.table_name
group by all
order by models.layer, models.table_name
