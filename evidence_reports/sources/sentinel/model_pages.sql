-- One row per table and page that shows it, directly or through the tables that are made of it
with recursive uses as (
    select table_name, page, path, true as is_direct from ops.model_pages
    union
    select parents.parent, uses.page, uses.path, false
    from ops.model_parents as parents
    inner join uses on parents.table_name = uses.table_name
)

select uses.table_name, uses.page, uses.path, bool_or(uses.is_direct) as is_direct
from uses
inner join ops.models as models on uses.table_name = models.table_name
group by uses.table_name, uses.page, uses.path
order by uses.table_name, is_direct desc, uses.page
