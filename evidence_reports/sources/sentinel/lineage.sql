-- One row per feed or table and table that reads it. A depth is the longest way from a feed
with recursive nodes as (
    select feed as name, 0 as depth from ops.feed_summary
    union
    select parents.table_name, nodes.depth + 1
    from ops.model_parents as parents
    inner join nodes on parents.parent = nodes.name
),

depths as (select name, max(depth) as depth from nodes group by name)

select
    parents.parent as from_name,
    parents.table_name as to_name,
    coalesce(source.depth, 0) as from_depth,
    coalesce(target.depth, 1) as to_depth
from ops.model_parents as parents
left join depths as source on parents.parent = source.name
left join depths as target on parents.table_name = target.name
order by to_depth, to_name, from_name
