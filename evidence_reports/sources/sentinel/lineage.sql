-- One row per feed or table and what reads it: a table or, in the last column, a page. A depth is the longest way from a feed
with recursive nodes as (
    select feed as name, 0 as depth from ops.feed_summary
    union
    select parents.table_name, nodes.depth + 1
    from ops.model_parents as parents
    inner join nodes on parents.parent = nodes.name
),

depths as (select name, max(depth) as depth from nodes group by name),

edges as (
    select parent as from_name, table_name as to_name, false as is_page from ops.model_parents
    union all
    select table_name, page, true from ops.model_pages
)

select
    edges.from_name,
    edges.to_name,
    edges.is_page,
    coalesce(source.depth, 0) as from_depth,
    if(edges.is_page, (select max(depth) + 1 from depths), coalesce(target.depth, 1)) as to_depth
from edges
left join depths as source on edges.from_name = source.name
left join depths as target on edges.to_name = target.name
order by to_depth, to_name, from_name
